# cmemcache_target(<target>): what every target of ours has in common.
#
# Warnings are private and only there when we are the top project, so that a new compiler's opinions
# never break, or even reach, the build of somebody who uses us.
function(cmemcache_target target)
  set_target_properties(${target} PROPERTIES CXX_EXTENSIONS OFF)
  target_compile_features(${target} PUBLIC cxx_std_20)
  if(PROJECT_IS_TOP_LEVEL AND CMAKE_CXX_COMPILER_ID MATCHES "GNU|Clang")
    target_compile_options(${target} PRIVATE
      -Wall
      -Wextra
      -Wpedantic
      -Wconversion
      # GCC's -Wshadow alone also minds a constructor's parameter that is named as the member it sets.
      $<IF:$<CXX_COMPILER_ID:GNU>,-Wshadow=local,-Wshadow>
      -Woverloaded-virtual)
  endif()
endfunction()

# cmemcache_check_listed(<folder> <target>...): says which .cpp files of a folder none of the targets is made of. Lists
# are written by hand, so that a file is built because somebody said so; this is for the line that was forgotten.
function(cmemcache_check_listed folder)
  set(listed "")
  foreach(target IN LISTS ARGN)
    get_target_property(sources ${target} SOURCES)
    get_target_property(target_folder ${target} SOURCE_DIR)
    foreach(source IN LISTS sources)
      if(NOT source MATCHES "^\\$<")
        cmake_path(ABSOLUTE_PATH source BASE_DIRECTORY ${target_folder} NORMALIZE)
        list(APPEND listed ${source})
      endif()
    endforeach()
  endforeach()
  file(GLOB_RECURSE present CONFIGURE_DEPENDS ${folder}/*.cpp)
  list(REMOVE_ITEM present ${listed})
  foreach(source IN LISTS present)
    cmake_path(RELATIVE_PATH source BASE_DIRECTORY ${PROJECT_SOURCE_DIR})
    message(WARNING "${source} is not built: it is in no list of sources.")
  endforeach()
endfunction()
