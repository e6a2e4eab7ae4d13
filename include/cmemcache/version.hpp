#pragma once

#define CMEMCACHE_VERSION_MAJOR 0
#define CMEMCACHE_VERSION_MINOR 1
#define CMEMCACHE_VERSION_PATCH 0

namespace cmemcache {

/// The library's version, "major.minor.patch".
inline constexpr char library_version[] = "0.1.0";

}  // namespace cmemcache
