#include <cmemcache/version.hpp>

#include <string_view>

// Written down once, as text and as numbers.
#define CMEMCACHE_TEXT_OF(number) #number
#define CMEMCACHE_TEXT(number) CMEMCACHE_TEXT_OF(number)
static_assert(std::string_view(cmemcache::library_version) ==
              CMEMCACHE_TEXT(CMEMCACHE_VERSION_MAJOR) "." CMEMCACHE_TEXT(CMEMCACHE_VERSION_MINOR) "." CMEMCACHE_TEXT(
                  CMEMCACHE_VERSION_PATCH));

// And as CMake has read it.
static_assert(std::string_view(cmemcache::library_version) == CMEMCACHE_PROJECT_VERSION);

int main() {}
