# Finds Python and Boost.Python as a pair: Python3::Module and Boost::python.
#
# A Boost.Python library serves exactly one Python version, and the `python3` that comes first on the PATH
# (pyenv, conda, a virtual environment) is often another one. So we begin with Boost: see which versions its
# Boost.Python was built for, then look for such a Python, first under Boost's own prefix, where whoever
# packaged the two has put it. A Python that the user names is taken as it is, and has to fit.

set(named_by_user "")
foreach(hint Python3_EXECUTABLE Python3_ROOT_DIR Python3_INCLUDE_DIR Python3_LIBRARY)
  if(${hint})
    string(APPEND named_by_user " ${hint}=${${hint}}")
  endif()
endforeach()

# The versions, as Boost's own installation spells them: a config file "libboost_python-variant-shared-py3.11.cmake"
# (built by b2), or else the library's name "libboost_python311.so".
cmake_path(GET Boost_DIR PARENT_PATH boost_cmake_dir)
cmake_path(GET boost_cmake_dir PARENT_PATH boost_library_dir)
set(boost_release "${Boost_VERSION_MAJOR}.${Boost_VERSION_MINOR}.${Boost_VERSION_PATCH}")
file(GLOB variants "${boost_cmake_dir}/boost_python-${boost_release}/libboost_python*-py*.cmake")
set(boost_python_versions "")
foreach(variant IN LISTS variants)
  if(variant MATCHES "-py(3\\.[0-9]+)\\.cmake$")
    list(APPEND boost_python_versions ${CMAKE_MATCH_1})
  endif()
endforeach()
if(NOT boost_python_versions)
  file(GLOB libraries "${boost_library_dir}/libboost_python3*")
  foreach(library IN LISTS libraries)
    if(library MATCHES "libboost_python3([0-9]+)[^/]*$")
      list(APPEND boost_python_versions 3.${CMAKE_MATCH_1})
    endif()
  endforeach()
endif()
list(REMOVE_DUPLICATES boost_python_versions)
list(SORT boost_python_versions COMPARE NATURAL ORDER DESCENDING)
list(JOIN boost_python_versions " and " boost_python_names)

if(NOT boost_python_versions)
  message(FATAL_ERROR
    "No Boost.Python was found with Boost ${boost_release} (${Boost_DIR}).\n"
    "Install it (on Debian: libboost-python1.81-dev), or leave the Python package out with "
    "-DCMEMCACHE_BUILD_PYTHON=OFF.")
endif()

# Several pythons may have the right version; the one beside Boost is the one it was built with.
set(Python3_FIND_STRATEGY LOCATION)
if(named_by_user)
  find_package(Python3 QUIET COMPONENTS Interpreter Development.Module)
  if(NOT Python3_FOUND)
    message(FATAL_ERROR
      "No Python with its headers was found at the place named:${named_by_user}.\n"
      "Boost.Python ${boost_release} here is built for Python ${boost_python_names}.")
  endif()
else()
  cmake_path(GET boost_library_dir PARENT_PATH boost_prefix)
  set(prefixes ${boost_prefix})
  if(CMAKE_LIBRARY_ARCHITECTURE)  # /usr/lib/x86_64-linux-gnu: one level further up
    cmake_path(GET boost_prefix PARENT_PATH boost_prefix)
    list(PREPEND prefixes ${boost_prefix})
  endif()
  set(Python3_ROOT_DIR ${prefixes})
  foreach(version IN LISTS boost_python_versions)
    if(NOT Python3_FOUND)
      find_package(Python3 ${version} EXACT QUIET COMPONENTS Interpreter Development.Module)
    endif()
  endforeach()
  unset(Python3_ROOT_DIR)
endif()

if(NOT Python3_FOUND)
  message(FATAL_ERROR
    "Boost.Python ${boost_release} here is built for Python ${boost_python_names}, but no such Python with its "
    "headers was found (on Debian: python3-dev).\n"
    "Name one with -DPython3_EXECUTABLE=/path/to/python3, or leave the Python package out with "
    "-DCMEMCACHE_BUILD_PYTHON=OFF.")
endif()

set(python_version "${Python3_VERSION_MAJOR}.${Python3_VERSION_MINOR}")
if(NOT python_version IN_LIST boost_python_versions)
  if(SKBUILD)  # pip builds for the Python that it runs under, and nobody has named one
    set(other_python "Run pip with a Python ${boost_python_names} (on Debian: /usr/bin/python3 -m pip)")
  else()
    set(other_python "Set -DPython3_EXECUTABLE to a Python ${boost_python_names} (or unset it: a fitting one is looked for)")
  endif()
  message(FATAL_ERROR
    "Python and Boost.Python do not fit: ${Python3_EXECUTABLE} is Python ${python_version}, "
    "and Boost.Python ${boost_release} (${boost_library_dir}) is built for Python ${boost_python_names}.\n"
    "${other_python}, or set -DBoost_ROOT to a Boost whose Boost.Python is built for ${python_version}.")
endif()

find_package(Boost 1.81 REQUIRED CONFIG COMPONENTS python${Python3_VERSION_MAJOR}${Python3_VERSION_MINOR})
message(STATUS "Python package: for Python ${Python3_VERSION} (${Python3_EXECUTABLE}), Boost.Python ${boost_release}")
