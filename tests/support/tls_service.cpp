#include "support/tls_service.hpp"

#include <openssl/bio.h>
#include <openssl/ssl.h>

#include <stdexcept>

#include "support/certificates.hpp"

namespace cmemcache::test {

namespace {

SSL_CTX& context() {
  static const std::unique_ptr<SSL_CTX, void (*)(SSL_CTX*)> made = [] {
    SSL_CTX* const c = ::SSL_CTX_new(::TLS_server_method());
    if (::SSL_CTX_use_certificate_file(c, certificate("server.pem").c_str(), SSL_FILETYPE_PEM) != 1 ||
        ::SSL_CTX_use_PrivateKey_file(c, certificate("server.key").c_str(), SSL_FILETYPE_PEM) != 1)
      throw std::runtime_error("no certificate");
    return std::unique_ptr<SSL_CTX, void (*)(SSL_CTX*)>(c, ::SSL_CTX_free);
  }();
  return *made;
}

}  // namespace

void tls_service::deleter::operator()(ssl_st* s) const noexcept { ::SSL_free(s); }

tls_service::tls_service(peer::connection& with, int version) : with_(with), ssl_(::SSL_new(&context())) {
  ::SSL_set_bio(ssl_.get(), ::BIO_new(::BIO_s_mem()), ::BIO_new(::BIO_s_mem()));
  ::SSL_set_max_proto_version(ssl_.get(), version);
  ::SSL_set_accept_state(ssl_.get());
  do {
    open_ = ::SSL_do_handshake(ssl_.get()) == 1;
    flush();
  } while (!open_ && read_record());
}

std::string tls_service::read_until(std::string_view end) {
  std::string read;
  char byte;
  while (!read.ends_with(end)) {
    if (::SSL_read(ssl_.get(), &byte, 1) == 1) read += byte;
    else if (!read_record()) break;
  }
  return read;
}

void tls_service::send(std::string_view bytes) {
  ::SSL_write(ssl_.get(), bytes.data(), static_cast<int>(bytes.size()));
  flush();
}

void tls_service::drip(std::string_view bytes, int pause) {
  ::SSL_write(ssl_.get(), bytes.data(), static_cast<int>(bytes.size()));
  with_.drip(take(), pause);
}

void tls_service::change_keys() {
  ::SSL_key_update(ssl_.get(), SSL_KEY_UPDATE_REQUESTED);
  ::SSL_do_handshake(ssl_.get());
  flush();
}

void tls_service::send_ticket() {
  ::SSL_new_session_ticket(ssl_.get());
  ::SSL_do_handshake(ssl_.get());
  flush();
}

void tls_service::say_goodbye() {
  ::SSL_shutdown(ssl_.get());
  flush();
}

// A header of five bytes says how long it is.
bool tls_service::read_record() {
  std::string bytes = with_.read(5);
  if (bytes.size() < 5) return false;
  bytes += with_.read(static_cast<unsigned char>(bytes[3]) * 256u + static_cast<unsigned char>(bytes[4]));
  return ::BIO_write(::SSL_get_rbio(ssl_.get()), bytes.data(), static_cast<int>(bytes.size())) > 5;
}

void tls_service::flush() {
  if (const std::string bytes = take(); !bytes.empty()) with_.send(bytes);
}

std::string tls_service::take() {
  char* bytes = nullptr;
  BIO* const out = ::SSL_get_wbio(ssl_.get());
  const long size = BIO_get_mem_data(out, &bytes);
  const std::string taken(bytes, static_cast<std::size_t>(size));
  BIO_reset(out);
  return taken;
}

}  // namespace cmemcache::test
