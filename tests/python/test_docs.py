"""The samples in the pages for users run as they stand, from top to bottom, and what is said behind ``# =>`` comes out."""

import pathlib
import re

import pytest

from support import processes

_ROOT = pathlib.Path(__file__).resolve().parents[2]

# Runs the blocks of a page as one program. A line of its own that ends in "# => text" is an expression with that repr().
_RUN = """
    import ast, asyncio, re, sys

    async def run(namespace, code):
        compiled = compile(code, "sample", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        made = eval(compiled, namespace)
        if made is not None:
            await made

    def checked(line):
        found = re.fullmatch(r"(\\S.*?)\\s+# => (.*)", line)
        return f"_is({found[1]}, {found[2]!r})" if found else line

    def _is(value, said):
        assert repr(value) == said, f"{value!r}, and the page says {said}"

    async def page(blocks):
        namespace = {"_is": _is, "__name__": "sample"}
        for block in blocks:
            await run(namespace, "\\n".join(map(checked, block.splitlines())))
            if block.startswith("CACHES"):
                from django.conf import settings
                settings.configure(CACHES=namespace["CACHES"])

    asyncio.run(page(sys.argv[1:]))
"""


def samples(page):
    return re.findall(r"^```python\n(.*?)^```$", (_ROOT / "docs" / page).read_text(), re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize("page, needs", [("django.md", "django"), ("migrating.md", None)])
def test_samples_run(memcached_factory, page, needs):
    if needs:
        pytest.importorskip(needs)
    servers = {address: memcached_factory().address for address in ("127.0.0.1:11211", "127.0.0.1:11212")}
    blocks = [re.sub("127.0.0.1:1121[12]", lambda named: servers[named[0]], block) for block in samples(page)]
    assert blocks
    processes.run(_RUN, *blocks)
