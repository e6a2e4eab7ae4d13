// A library to put before the C library (LD_PRELOAD): what a program does with large pieces of memory.
//
// At the end of the process it appends a line "copied N blocks N" to the file CMEMCACHE_MEMORY_WATCH: the bytes that
// memcpy and memmove moved in pieces of 1 KiB and more, and how many blocks of CMEMCACHE_MEMORY_WATCH_LARGE bytes and more
// were taken from malloc. What the compiler put in line instead of a call is not seen, and neither is what the C library
// does within itself: those are small.

#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

extern "C" {
// The C library's own, whoever stands before them.
void* __libc_malloc(std::size_t size);
void* __libc_calloc(std::size_t n, std::size_t size);
void* __libc_realloc(void* old, std::size_t size);
void* __libc_memalign(std::size_t alignment, std::size_t size);
}

namespace {

constexpr std::size_t piece = 1024;

// Constant-initialized: memory is copied and allocated before any constructor runs.
std::atomic<std::size_t> copied{0}, blocks{0}, large{SIZE_MAX};

__attribute__((constructor)) void begin() {
  if (const char* bytes = std::getenv("CMEMCACHE_MEMORY_WATCH_LARGE")) large = std::strtoull(bytes, nullptr, 10);
}

__attribute__((destructor)) void end() {
  const char* path = std::getenv("CMEMCACHE_MEMORY_WATCH");
  if (path == nullptr) return;
  char line[80];
  const int size = std::snprintf(line, sizeof line, "copied %zu blocks %zu\n", copied.load(), blocks.load());
  const int fd = ::open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (fd < 0 || ::write(fd, line, static_cast<std::size_t>(size)) != size) std::_Exit(70);
  ::close(fd);
}

void took(std::size_t size) noexcept {
  if (size >= large.load(std::memory_order_relaxed)) blocks.fetch_add(1, std::memory_order_relaxed);
}

// Byte by byte; volatile, so that the compiler does not make a call of memcpy of it.
void* move(void* to, const void* from, std::size_t size) noexcept {
  if (size >= piece) copied.fetch_add(size, std::memory_order_relaxed);
  auto* out = static_cast<volatile unsigned char*>(to);
  auto* in = static_cast<const unsigned char*>(from);
  if (reinterpret_cast<std::uintptr_t>(out) - reinterpret_cast<std::uintptr_t>(in) >= size)
    for (std::size_t i = 0; i < size; ++i) out[i] = in[i];
  else
    for (std::size_t i = size; i-- > 0;) out[i] = in[i];
  return to;
}

}  // namespace

extern "C" {

void* memcpy(void* to, const void* from, std::size_t size) { return move(to, from, size); }
void* memmove(void* to, const void* from, std::size_t size) { return move(to, from, size); }
void* mempcpy(void* to, const void* from, std::size_t size) { return static_cast<char*>(move(to, from, size)) + size; }
void* __memcpy_chk(void* to, const void* from, std::size_t size, std::size_t) { return move(to, from, size); }
void* __memmove_chk(void* to, const void* from, std::size_t size, std::size_t) { return move(to, from, size); }

void* malloc(std::size_t size) {
  took(size);
  return __libc_malloc(size);
}
void* calloc(std::size_t n, std::size_t size) {
  took(n * size);  // (one that overflows is refused)
  return __libc_calloc(n, size);
}
void* realloc(void* old, std::size_t size) {
  took(size);
  return __libc_realloc(old, size);
}
void* aligned_alloc(std::size_t alignment, std::size_t size) {
  took(size);
  return __libc_memalign(alignment, size);
}
int posix_memalign(void** out, std::size_t alignment, std::size_t size) {
  took(size);
  *out = __libc_memalign(alignment, size);
  return *out != nullptr ? 0 : ENOMEM;
}

}  // extern "C"
