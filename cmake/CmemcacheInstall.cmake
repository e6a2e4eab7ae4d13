# cmake --install: the library, its headers, and what find_package(cmemcache CONFIG) needs.

include(CMakePackageConfigHelpers)

set(cmemcache_config_dir ${CMAKE_INSTALL_LIBDIR}/cmake/cmemcache)

install(TARGETS cmemcache
  EXPORT cmemcache
  FILE_SET HEADERS)

install(EXPORT cmemcache
  FILE cmemcache-targets.cmake
  NAMESPACE cmemcache::
  DESTINATION ${cmemcache_config_dir})

configure_package_config_file(
  ${CMAKE_CURRENT_LIST_DIR}/cmemcache-config.cmake.in
  ${PROJECT_BINARY_DIR}/cmake/cmemcache-config.cmake
  INSTALL_DESTINATION ${cmemcache_config_dir})

# Below 1.0 a minor version may change the interface.
write_basic_package_version_file(
  ${PROJECT_BINARY_DIR}/cmake/cmemcache-config-version.cmake
  COMPATIBILITY SameMinorVersion)

install(FILES
  ${PROJECT_BINARY_DIR}/cmake/cmemcache-config.cmake
  ${PROJECT_BINARY_DIR}/cmake/cmemcache-config-version.cmake
  DESTINATION ${cmemcache_config_dir})

if(TARGET cmemcache_cli)
  install(TARGETS cmemcache_cli)
endif()
