"""What the system's resolver says in a child process, which may be changed while the child runs.

    names = Names(tmp_path / "names")
    names.set("cache.test", "127.0.0.1", "::1")
    subprocess.run([...], env=names.environment())
    names.set("cache.test", "127.0.0.2", delay=2.0)   # for the child's next lookup

Names that were not set are looked up as ever. The child has cmemcache_names.so before the C library (names.cpp).
"""

import os
import pathlib

import cmemcache


class Names:
    """A table of names, in a file that may be there already. One writer at a time; any number of children."""

    def __init__(self, path):
        self.path = pathlib.Path(path)
        lines = self.path.read_text().splitlines() if self.path.exists() else []
        self._lines = {line.split()[0]: line for line in lines}
        self._write()

    def set(self, name, *addresses, delay=0.0):
        """From now on `name` has these addresses, as numbers, in this order; with none it is unknown. Answers take
        `delay` seconds."""
        self._lines[name] = " ".join([name, str(round(delay * 1000)), *addresses])
        self._write()

    def forget(self, name):
        del self._lines[name]
        self._write()

    def lookups(self, name):
        """How often `name` was asked for, by all children together."""
        asked = self.path.with_name(self.path.name + ".asked")
        return asked.read_text().split().count(name) if asked.exists() else 0

    def environment(self):
        """A child's variables: this process's own, and where the table is."""
        return {**os.environ, "CMEMCACHE_TEST_NAMES": str(self.path), "LD_PRELOAD": str(_shared_object())}

    def _write(self):
        # Replaced as a whole: a lookup never reads half a table.
        new = self.path.with_name(self.path.name + ".new")
        new.write_text("".join(line + "\n" for line in self._lines.values()))
        new.replace(self.path)


def _shared_object():
    """In the build tree that the package under test is of, or in the release build."""
    of_package = pathlib.Path(cmemcache.__file__).parents[2]
    of_release = pathlib.Path(__file__).resolve().parents[2] / "build" / "release"
    found = [p for tree in (of_package, of_release) if (p := tree / "tests" / "cmemcache_names.so").exists()]
    if not found:
        raise FileNotFoundError("cmemcache_names.so is not built: it is a target of the C++ tests")
    return found[0]
