#include "net/tls_error.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>

namespace cmemcache {

namespace {

class certificates final : public boost::system::error_category {
 public:
  const char* name() const noexcept override { return "certificate"; }
  std::string message(int value) const override {
    return std::string("certificate: ") + ::X509_verify_cert_error_string(value);
  }
};

class tls final : public boost::system::error_category {
 public:
  const char* name() const noexcept override { return "tls"; }
  std::string message(int value) const override {
    constexpr const char* perhaps = ": does the server speak TLS?";
    switch (static_cast<net::tls_trouble>(value)) {
      case net::tls_trouble::handshake_timed_out: return std::string("TLS: the handshake timed out") + perhaps;
      case net::tls_trouble::closed_in_handshake: return std::string("TLS: closed in the handshake") + perhaps;
    }
    const auto code = static_cast<unsigned long>(value);
    const char* const reason = ::ERR_reason_error_string(code);
    std::string text = std::string("TLS: ") + (reason != nullptr ? reason : "unknown error");
    if (ERR_GET_REASON(code) == SSL_R_WRONG_VERSION_NUMBER) text += perhaps;  // what came is no TLS
    return text;
  }
};

}  // namespace

const boost::system::error_category& certificate_category() noexcept {
  static const certificates instance;
  return instance;
}

const boost::system::error_category& tls_category() noexcept {
  static const tls instance;
  return instance;
}

namespace net {

error_code tls_error(tls_trouble what) noexcept { return {static_cast<int>(what), tls_category()}; }

error_code take_tls_error() noexcept {
  const unsigned long code = ::ERR_peek_error();
  ::ERR_clear_error();
  if (ERR_SYSTEM_ERROR(code)) return {ERR_GET_REASON(code), boost::system::system_category()};
  if (ERR_GET_REASON(code) == ERR_R_MALLOC_FAILURE) return errc::not_enough_memory;
  return {static_cast<int>(code), tls_category()};
}

}  // namespace net

}  // namespace cmemcache
