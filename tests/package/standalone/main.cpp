#include <cmemcache/version.hpp>

#include <string_view>

// The version is written down twice, for CMake and for C++.
static_assert(std::string_view(cmemcache::library_version) == CMEMCACHE_PROJECT_VERSION);

int main() {}
