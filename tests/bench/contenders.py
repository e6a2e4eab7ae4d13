"""Who takes part: processes of their own, each of which plays a slice of calls when it is told to."""

import contextlib
import os
import pathlib
import select
import subprocess
import sys

from . import postgres
from .cases import stem
from .worker import PLAYERS

ROOT = pathlib.Path(__file__).resolve().parents[2]
PYTHON = "/usr/bin/python3"  # the one that the module was built for
FLOOR = "floor"
OURS = ("C++blocking", "C++async", "StringClient", "Client", "FutureClient", "AsyncClient", "AsyncClient+uvloop")
PROGRAMS = {FLOOR: "cmemcache_floor", "raw-mg": "cmemcache_pipelines", "raw-get": "cmemcache_pipelines",
            "C++blocking": "cmemcache_bench_blocking", "C++async": "cmemcache_bench_async",
            "libmemcached": "cmemcache_bench_libmemcached"}
WORDS = {"raw-mg": ["mg"], "raw-get": ["get"]}  # that a program is told on its command line, too
NAMES = {name: name for name in [*PROGRAMS, *PLAYERS]}
PATIENCE = 60  # seconds that a slice may take


class Absent(Exception):
    """It cannot take part; says why."""


class Contender:
    def __init__(self, name, number, command, env):
        self.name, self.number = name, number
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                                        text=True, env=env)
        said, _, words = self._answer().partition(" ")
        if said != "ready":
            self.stop()
            raise Absent(words or f"{command[0]} does not run")
        self.verbs = [word for word in words.split() if "=" not in word]
        self.version = next((word.partition("=")[2] for word in words.split() if word.startswith("version=")), None)

    def verb(self, case):
        """What it is asked to play in a case; None if it cannot."""
        verb = case.floor or case.verb if self.name == FLOOR else case.verb
        return verb if verb in self.verbs else None

    def slice(self, case, calls):
        """Microseconds a call. Raises Absent if it does not manage."""
        try:
            self.process.stdin.write(case.line(stem(self.number, case), calls, self.verb(case)))
            self.process.stdin.flush()
        except OSError:
            raise Absent("it died") from None
        answer = self._answer()
        try:
            return float(answer) * 1e6
        except ValueError:
            raise Absent(answer.removeprefix("failed ") or "it died") from None

    def stop(self):
        with contextlib.suppress(OSError):  # what it was told last, and did not hear
            self.process.stdin.close()
        try:
            self.process.wait(2)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()

    def _answer(self):
        if not select.select([self.process.stdout], [], [], PATIENCE)[0]:
            self.process.kill()
            return f"failed it took more than {PATIENCE} s"
        return self.process.stdout.readline().strip()


class Field:
    """All contenders, and the database of one of them. `absent` says who is not there, and why."""

    def __init__(self, names, port, peers=None, build=ROOT / "build" / "release"):
        self.port, self.programs = port, build / "tests" / "bench"
        paths = [str(ROOT / "tests"), str(build / "python"), peers and os.path.abspath(peers), os.environ.get("PYTHONPATH")]
        self.env = dict(os.environ, PYTHONPATH=os.pathsep.join(filter(None, paths)), PYTHONDONTWRITEBYTECODE="1")
        self.database = None
        self.contenders, self.absent = [], {}
        try:
            for name in names:
                try:
                    command = self._program(name) if name in PROGRAMS else self._python(name)
                    self.contenders.append(Contender(name, len(self.contenders), command, self.env))
                except Absent as why:
                    self.absent[name] = str(why)
        except BaseException:
            self.stop()
            raise

    def stop(self):
        for contender in self.contenders:
            contender.stop()
        if self.database:
            self.database.stop()

    def _program(self, name):
        program = self.programs / PROGRAMS[name]
        if name == "libmemcached":
            self._compile(program, ROOT / "tests" / "bench" / "libmemcached.cpp", "-lmemcached")
        if not program.exists():
            raise Absent(f"not built: cmake --build --preset release --target {PROGRAMS[name]}")
        return [str(program), str(self.port), *WORDS.get(name, [])]

    def _compile(self, program, source, *libraries):
        if program.exists() and program.stat().st_mtime > max(source.stat().st_mtime,
                                                              source.with_name("contest.hpp").stat().st_mtime):
            return
        program.parent.mkdir(parents=True, exist_ok=True)
        try:
            done = subprocess.run(["g++", "-std=c++20", "-O2", str(source), "-o", str(program), *libraries],
                                  capture_output=True, text=True)
        except OSError as error:
            raise Absent(str(error)) from None
        if done.returncode:
            lines = [line for line in done.stderr.splitlines() if "error:" in line] or ["it does not link"]
            raise Absent(f"{lines[0].rpartition('error: ')[2]} (libmemcached-dev has what it needs)")

    def _python(self, name):
        where = ["127.0.0.1", str(self.port)]
        if name == "PostgreSQL":
            self._importable("psycopg2")
            try:
                self.database = postgres.Server()
            except (RuntimeError, OSError, KeyError) as error:
                raise Absent(str(error)) from None
            where = [self.database.folder, str(postgres.PORT)]
        return [PYTHON if os.path.exists(PYTHON) else sys.executable, "-m", "bench.worker", name, *where]

    def _importable(self, module):
        done = subprocess.run([PYTHON, "-c", f"import {module}"], env=self.env, capture_output=True, text=True)
        if done.returncode:
            raise Absent(done.stderr.strip().splitlines()[-1])
