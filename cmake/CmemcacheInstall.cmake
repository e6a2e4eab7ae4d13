# cmake --install: the library, its headers, and what find_package(cmemcache CONFIG) and pkg-config need.

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

# For pkg-config. There is one library, static or shared. A static one brings nothing along, so that what it is made of is
# required of everybody, whether or not they say --static.
set(cmemcache_pc_requires "")
if(NOT BUILD_SHARED_LIBS)
  get_target_property(linked cmemcache LINK_LIBRARIES)
  foreach(pair "OpenSSL::SSL=libssl" "OpenSSL::Crypto=libcrypto" "ZLIB::ZLIB=zlib")
    string(REGEX MATCH "^(.*)=(.*)$" pair ${pair})
    if(CMAKE_MATCH_1 IN_LIST linked)
      list(APPEND cmemcache_pc_requires ${CMAKE_MATCH_2})
    endif()
  endforeach()
  list(JOIN cmemcache_pc_requires ", " cmemcache_pc_requires)
endif()

# The prefix is seen from where the file is, so that an installation may be moved.
set(cmemcache_pc_prefix ${CMAKE_INSTALL_PREFIX})
if(NOT IS_ABSOLUTE "${CMAKE_INSTALL_LIBDIR}")
  cmake_path(RELATIVE_PATH CMAKE_INSTALL_PREFIX
    BASE_DIRECTORY ${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_LIBDIR}/pkgconfig
    OUTPUT_VARIABLE up)
  set(cmemcache_pc_prefix "\${pcfiledir}/${up}")
endif()
foreach(dir LIBDIR INCLUDEDIR)
  set(cmemcache_pc_${dir} "${CMAKE_INSTALL_${dir}}")
  if(NOT IS_ABSOLUTE "${CMAKE_INSTALL_${dir}}")
    string(PREPEND cmemcache_pc_${dir} "\${prefix}/")
  endif()
endforeach()
configure_file(${CMAKE_CURRENT_LIST_DIR}/cmemcache.pc.in ${PROJECT_BINARY_DIR}/cmake/cmemcache.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/cmake/cmemcache.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)

if(TARGET cmemcache_cli)
  install(TARGETS cmemcache_cli)
endif()
