#include "net/tls_context.hpp"

#include <arpa/inet.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <cerrno>
#include <mutex>
#include <new>
#include <utility>

#include <cmemcache/error.hpp>

#include "net/tls_error.hpp"

namespace cmemcache::net {

namespace {

// Bytes: what one recv may bring. A large value comes in records of 16 KiB.
constexpr std::size_t read_ahead = 64 * 1024;

[[noreturn]] void refuse(const std::string& what, const std::string& why) {
  throw error(errc::bad_argument, {}, what + ": " + why);
}

// OpenSSL's own words about a file that is not there say less.
void check_file(const char* option, const std::string& path, int done) {
  if (done == 1 && path.find('\0') == path.npos) return;
  const std::string what = std::string(option) + " '" + path + "'";
  const int unreadable = ::access(path.c_str(), R_OK) != 0 ? errno : 0;
  const bool is_no_key = ERR_GET_LIB(::ERR_peek_error()) == ERR_LIB_OSSL_DECODER;  // "unsupported", of whatever else it holds
  const error_code why = take_tls_error();
  if (unreadable != 0) refuse(what, error_code(unreadable, boost::system::system_category()).message());
  refuse(what, is_no_key ? "TLS: no private key found" : why.message());
}

// A key with a pass phrase: nobody is asked at the terminal.
int no_pass_phrase(char*, int, int, void*) { return 0; }

int ticket_came(SSL* ssl, SSL_SESSION* fresh) {
  static_cast<tls_peer::session*>(SSL_get_app_data(ssl))->reset(fresh);
  return 1;  // it is ours now
}

bool is_address(const std::string& name) noexcept {
  in6_addr any;
  return ::inet_pton(AF_INET, name.c_str(), &any) == 1 || ::inet_pton(AF_INET6, name.c_str(), &any) == 1;
}

std::string expected_name(const tls_options& options, const server& where) {
  constexpr std::size_t longest = 255;  // of a name in DNS
  if (const std::string& given = options.server_name; !given.empty()) {
    if (given.size() > longest || given.find('\0') != given.npos) refuse("server_name", "TLS: it is no host's name");
    return given;
  }
  if (where.kind != server::transport::unix_socket) return where.host;
  if (options.verify) refuse("'" + where.text + "'", "TLS: a unix socket has no name to check: give server_name, or verify=false");
  return {};
}

}  // namespace

void tls_context::deleter::operator()(ssl_ctx_st* c) const noexcept { ::SSL_CTX_free(c); }

tls_context::tls_context(tls_options options) : options_(std::move(options)), context_(::SSL_CTX_new(::TLS_client_method())) {
  if (context_ == nullptr) throw std::bad_alloc();
  ::ERR_clear_error();
  ssl_ctx_st* const c = context_.get();
  ::SSL_CTX_set_min_proto_version(c, TLS1_2_VERSION);
  ::SSL_CTX_set_options(c, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  ::SSL_CTX_set_mode(c, SSL_MODE_RELEASE_BUFFERS);  // an idle connection holds none
  ::SSL_CTX_set_session_cache_mode(c, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  ::SSL_CTX_sess_set_new_cb(c, ticket_came);
  ::SSL_CTX_set_read_ahead(c, 1);
  ::SSL_CTX_set_default_read_buffer_len(c, read_ahead);
  ::SSL_CTX_set_default_passwd_cb(c, no_pass_phrase);
  ::SSL_CTX_set_verify(c, options_.verify ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, nullptr);

  const std::string& ca = options_.ca_file;
  const std::string& cert = options_.cert_file;
  const std::string& key = options_.key_file.empty() ? cert : options_.key_file;
  if (!ca.empty()) check_file("ca_file", ca, ::SSL_CTX_load_verify_file(c, ca.c_str()));
  else if (options_.verify) ::SSL_CTX_set_default_verify_paths(c);
  if (cert.empty()) {
    if (!key.empty()) refuse("key_file '" + key + "'", "TLS: there is no cert_file for it");
    return;
  }
  check_file("cert_file", cert, ::SSL_CTX_use_certificate_chain_file(c, cert.c_str()));
  const char* const key_option = options_.key_file.empty() ? "cert_file" : "key_file";
  check_file(key_option, key, ::SSL_CTX_use_PrivateKey_file(c, key.c_str(), SSL_FILETYPE_PEM));
  check_file(key_option, key, ::SSL_CTX_check_private_key(c));
}

void tls_peer::session_deleter::operator()(ssl_session_st* s) const noexcept { ::SSL_SESSION_free(s); }

tls_peer::tls_peer(std::shared_ptr<const tls_context> context, const server& where)
    : context_(std::move(context)), name_(expected_name(context_->options(), where)), is_address_(is_address(name_)) {}

void tls_peer::prepare(ssl_st& connection, session& fresh) {
  SSL_set_app_data(&connection, &fresh);
  if (!name_.empty()) {
    X509_VERIFY_PARAM* const expected = ::SSL_get0_param(&connection);
    const bool verified = context_->options().verify;
    bool good = true;
    if (is_address_) good = !verified || ::X509_VERIFY_PARAM_set1_ip_asc(expected, name_.c_str()) == 1;
    else good = ::SSL_set_tlsext_host_name(&connection, name_.c_str()) == 1 &&
                (!verified || ::X509_VERIFY_PARAM_set1_host(expected, name_.data(), name_.size()) == 1);
    if (!good) throw std::bad_alloc();
    ::X509_VERIFY_PARAM_set_hostflags(expected, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  }
  const std::lock_guard lock(mutex_);
  if (last_ == nullptr) return;
  // A copy of its own for each connection: some of a session is changed when one of them ends badly.
  const session copy(::SSL_SESSION_dup(last_.get()));
  if (copy != nullptr) ::SSL_set_session(&connection, copy.get());
}

void tls_peer::remember(session fresh) noexcept {
  const std::lock_guard lock(mutex_);
  last_.swap(fresh);
}

}  // namespace cmemcache::net
