"""What is installed: all of the Python package, and one version everywhere."""

import pathlib
import re
import shutil
import subprocess
import sys
import tomllib

import cmemcache
import pytest

_ROOT = pathlib.Path(__file__).resolve().parents[2]
_SOURCES = _ROOT / "bindings" / "python" / "cmemcache"
_BUILD = pathlib.Path(cmemcache.__file__).resolve().parents[2]

built_here = pytest.mark.skipif(not (_BUILD / "CMakeCache.txt").exists(), reason="the package is not in its build folder")


def output_of(*command):
    return subprocess.run(list(map(str, command)), check=True, capture_output=True, text=True, timeout=60).stdout


def text(path):
    return path.read_text(encoding="utf-8")


@built_here
def test_all_of_the_package_is_installed(tmp_path):
    cmake = re.search(r"^CMAKE_COMMAND:INTERNAL=(.*)$", text(_BUILD / "CMakeCache.txt"), re.M)[1]
    output_of(cmake, "--install", _BUILD, "--component", "python", "--prefix", tmp_path)
    installed = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()}
    sources = {str(path.relative_to(_SOURCES.parent)) for kind in ("*.py", "*.pyi", "py.typed") for path in _SOURCES.rglob(kind)}
    [module] = installed - sources
    assert installed >= sources and module.startswith("cmemcache/_cmemcache.") and module.endswith(".so")
    where = output_of(sys.executable, "-I", "-B", "-c",
                      f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import cmemcache; print(cmemcache.__file__)")
    assert where == f"{tmp_path}/cmemcache/__init__.py\n"


def version_in(path, pattern):
    found = re.search(pattern, text(path), re.M)
    assert found, path
    return found[1]


def test_pip_reads_the_version():
    told = tomllib.loads(text(_ROOT / "pyproject.toml"))
    reads = told["tool"]["scikit-build"]["metadata"]["version"]
    assert re.search(reads["regex"], text(_ROOT / reads["input"]))["value"] == cmemcache.__version__
    assert told["project"]["name"] == "cmemcache" and told["project"]["dynamic"] == ["version"]


def test_the_newest_change_is_of_this_version():
    assert version_in(_ROOT / "CHANGELOG.md", r"^## \[?([0-9.]+)\b") == cmemcache.__version__


@built_here
@pytest.mark.parametrize("file, pattern", [
    ("CMakeCache.txt", "^CMAKE_PROJECT_VERSION:STATIC=(.*)$"),
    ("cmake/cmemcache.pc", "^Version: (.*)$"),
    ("cmake/cmemcache-config-version.cmake", r'^set\(PACKAGE_VERSION "(.*)"\)$')])
def test_the_build_has_the_version(file, pattern):
    if not (_BUILD / file).exists():
        pytest.skip("this build installs nothing")
    assert version_in(_BUILD / file, pattern) == cmemcache.__version__


@built_here
def test_the_tool_has_the_version():
    tool = shutil.which("cmemcache", path=_BUILD / "bin")
    if not tool:
        pytest.skip("the command-line tool is not built")
    assert output_of(tool, "--version") == f"cmemcache {cmemcache.__version__}\n"
