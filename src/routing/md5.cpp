#include "routing/md5.hpp"

#include "routing/little_endian.hpp"

#include <openssl/evp.h>

#include <exception>
#include <stdexcept>

namespace cmemcache::routing {
namespace {

// Fetching an algorithm walks OpenSSL's providers under a lock and costs more than hashing a key, so it is done once a
// process. The query lifts a "fips=yes" default: this places keys, it protects nothing. Freed before OpenSSL's own exit
// handler runs, which was registered first, by the fetch.
class algorithm {
 public:
  algorithm() noexcept : fetched_(EVP_MD_fetch(nullptr, "MD5", "-fips")) {}
  ~algorithm() { EVP_MD_free(fetched_); }
  algorithm(const algorithm&) = delete;
  algorithm& operator=(const algorithm&) = delete;

  const EVP_MD* get() const noexcept { return fetched_; }

 private:
  EVP_MD* fetched_;
};

// A digest context that stays set up for MD5 from one key to the next; one a thread, because it has state.
class context {
 public:
  context() noexcept : state_(EVP_MD_CTX_new()) {
    static const algorithm md5_algorithm;
    ready_ = state_ != nullptr && md5_algorithm.get() != nullptr &&
             EVP_DigestInit_ex2(state_, md5_algorithm.get(), nullptr) == 1;
  }
  ~context() { EVP_MD_CTX_free(state_); }
  context(const context&) = delete;
  context& operator=(const context&) = delete;

  bool ready() const noexcept { return ready_; }

  bool digest(std::string_view text, unsigned char* out) noexcept {
    // No algorithm named: keep the one that is set, only start over.
    return ready_ && EVP_DigestInit_ex2(state_, nullptr, nullptr) == 1 &&
           EVP_DigestUpdate(state_, text.data(), text.size()) == 1 && EVP_DigestFinal_ex(state_, out, nullptr) == 1;
  }

 private:
  EVP_MD_CTX* state_;
  bool ready_ = false;
};

context& this_threads_context() noexcept {
  thread_local context instance;
  return instance;
}

}  // namespace

md5_words md5(std::string_view text) noexcept {
  std::array<char, 16> bytes;
  if (!this_threads_context().digest(text, reinterpret_cast<unsigned char*>(bytes.data()))) std::terminate();
  const std::string_view digest(bytes.data(), bytes.size());
  return {word_at(digest, 0), word_at(digest, 4), word_at(digest, 8), word_at(digest, 12)};
}

void require_md5() {
  if (!this_threads_context().ready())
    throw std::runtime_error("cmemcache: this placement hashes with MD5, and OpenSSL offers none here");
}

}  // namespace cmemcache::routing
