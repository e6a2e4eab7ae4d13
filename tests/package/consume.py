#!/usr/bin/python3
"""Builds somebody else's program, tests/package/consumer, in one of the ways to come by the library, and runs it.

    consume.py find_package --build DIR    from what that build installs, which is then moved elsewhere
    consume.py pkg_config --build DIR      the same, with a compiler alone
    consume.py add_subdirectory            from the sources: configured, and an object compiled on either side
    consume.py shared                      from the sources, whole, as a shared library; which is then installed, and
                                           found in both of the ways above: minutes

Ends with 77 where what a way needs is not installed. Leaves nothing behind.
"""

import argparse
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
CONSUMER = ROOT / "tests" / "package" / "consumer"
sys.path.insert(0, str(ROOT / "tests"))
sys.dont_write_bytecode = True

from support.memcached_server import MemcachedServer  # noqa: E402

VERSION = re.search(r'library_version\[\] = "(.*)"', (ROOT / "include/cmemcache/version.hpp").read_text())[1]
NOT_INSTALLED = 77


def run(*command, **environment):
    """What a command says, which has to succeed."""
    done = subprocess.run([str(word) for word in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          env={**os.environ, **environment})
    if done.returncode:
        sys.exit(f"{shlex.join(map(str, command))}: {done.returncode}\n{done.stdout}")
    return done.stdout


class Consumption:
    def __init__(self, options, folder):
        self.cmake, self.cxx, self.folder = options.cmake, options.cxx, pathlib.Path(folder)

    def installed(self, build):
        """Where it stands after it was installed elsewhere."""
        run(self.cmake, "--install", build, "--prefix", self.folder / "first")
        return (self.folder / "first").rename(self.folder / "prefix")

    def configured(self, name, *settings):
        build = self.folder / name
        run(self.cmake, "-S", CONSUMER, "-B", build, "-G", "Ninja", f"-DCMAKE_CXX_COMPILER={self.cxx}", *settings)
        return build

    def find_package(self, prefix):
        build = self.configured("found", f"-DCMAKE_PREFIX_PATH={prefix}", f"-DCMEMCACHE_WANTED={VERSION}")
        run(self.cmake, "--build", build)
        self.consume(build / "consumer")

    def pkg_config(self, prefix):
        if not shutil.which("pkg-config"):
            print("pkg-config is not installed")
            sys.exit(NOT_INSTALLED)
        [file] = prefix.rglob("cmemcache.pc")

        def ask(what):
            return run("pkg-config", what, "cmemcache", PKG_CONFIG_PATH=str(file.parent)).split()

        assert ask("--modversion") == [VERSION], ask("--modversion")
        program = self.folder / "consumer"
        run(self.cxx, "-std=c++20", *ask("--cflags"), CONSUMER / "main.cpp", *ask("--libs"), "-o", program)
        self.consume(program, LD_LIBRARY_PATH=str(file.parents[1]))

    def add_subdirectory(self):
        build = self.configured("added", f"-DCMEMCACHE_SOURCE={ROOT}")
        run(self.cmake, "--build", build, "--target", "CMakeFiles/consumer.dir/main.cpp.o",
            "cmemcache/src/CMakeFiles/cmemcache_core.dir/error.cpp.o")

    def shared(self):
        build = self.configured("added", f"-DCMEMCACHE_SOURCE={ROOT}", "-DBUILD_SHARED_LIBS=ON", "-DCMEMCACHE_INSTALL=ON")
        run(self.cmake, "--build", build)
        self.consume(build / "consumer")
        prefix = self.installed(build)
        [library] = prefix.rglob(f"libcmemcache.so.{VERSION}")
        run(self.cmake, "-E", "rm", "-r", build)  # nobody may find it there
        self.find_package(prefix)
        self.pkg_config(prefix)

    def consume(self, program, **environment):
        with MemcachedServer() as server:
            said = run(program, server.address, **environment)
            assert said == f"served, by {VERSION}\n", said
            assert server.stored("consumer") == (b"served", 0), "another server was asked"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("way", choices=["find_package", "pkg_config", "add_subdirectory", "shared"])
    parser.add_argument("--build", metavar="DIR")
    parser.add_argument("--cmake", default="cmake")
    parser.add_argument("--cxx", default="c++")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="cmemcache-") as folder:
        one = Consumption(options, folder)
        if options.way in ("find_package", "pkg_config"):
            getattr(one, options.way)(one.installed(options.build))
        else:
            getattr(one, options.way)()


if __name__ == "__main__":
    main()
