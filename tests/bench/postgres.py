"""PostgreSQL as a cache: its server, on a unix socket in a temporary folder, and its client."""

import ctypes
import glob
import os
import pathlib
import pwd
import shutil
import signal
import subprocess
import tempfile
import time

PORT = 5432  # only part of the socket's name
_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)


def _die_with_parent():
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGINT)  # "fast shutdown"


class Server:
    """A cluster that lives as long as this, and not longer than the process. It refuses to run as root."""

    def __init__(self):
        found = glob.glob("/usr/lib/postgresql/*/bin/initdb")  # where Debian has it
        if not found:
            raise RuntimeError("PostgreSQL is not installed")
        self.programs = pathlib.Path(found[-1]).parent
        self.folder = tempfile.mkdtemp(prefix="cachecmp-")
        self.user = {}
        if os.geteuid() == 0:
            postgres = pwd.getpwnam("postgres")
            os.chown(self.folder, postgres.pw_uid, postgres.pw_gid)
            self.user = {"user": postgres.pw_uid, "group": postgres.pw_gid, "extra_groups": []}
        self.process = None
        try:
            self._start()
        except Exception:
            self.stop()
            raise

    def _start(self):
        data = f"{self.folder}/data"
        self._run("initdb", "--no-sync", "--auth=trust", "--username=postgres", "-D", data)
        self.process = subprocess.Popen(
            [self.programs / "postgres", "-D", data, "-k", self.folder, "-c", "listen_addresses=", "-c", f"port={PORT}",
             "-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "autovacuum=off"],
            cwd=self.folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            preexec_fn=_die_with_parent, **self.user)
        self._run("pg_isready", "-h", self.folder, "-p", str(PORT), tries=100)

    def _run(self, program, *args, tries=1):
        for _ in range(tries):
            done = subprocess.run([self.programs / program, *args], cwd=self.folder, capture_output=True, text=True,
                                  **self.user)
            if done.returncode == 0:
                return
            if tries > 1:
                time.sleep(0.1)
        raise RuntimeError(f"{program}: {(done.stderr or done.stdout).strip().splitlines()[-1:]}")

    def stop(self):
        if self.process:
            self.process.send_signal(signal.SIGINT)
            self.process.wait()
            self.process = None
        shutil.rmtree(self.folder, ignore_errors=True)


class Postgres:
    """A table that is not logged, and statements prepared once."""

    stores_objects = False

    def __init__(self, host, port):
        import psycopg2
        import psycopg2.extras
        self.library, self.address = psycopg2, (host, port)
        self.many = psycopg2.extras.execute_values
        self.link = psycopg2.connect(host=host, port=port, dbname="postgres", user="postgres")
        self.link.autocommit = True
        self.cursor = self.link.cursor()
        self.cursor.execute("CREATE UNLOGGED TABLE IF NOT EXISTS cache (key text PRIMARY KEY, value bytea)")
        self.cursor.execute("CREATE UNLOGGED TABLE IF NOT EXISTS numbers (key text PRIMARY KEY, value bigint)")
        for name, types, what in (
                ("get_one", "text", "SELECT value FROM cache WHERE key = $1"),
                ("get_many", "text[]", "SELECT key, value FROM cache WHERE key = ANY($1)"),
                ("put", "text, bytea", "INSERT INTO cache VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET value = $2"),
                ("add", "text", "INSERT INTO numbers VALUES ($1, 1) ON CONFLICT (key)"
                                " DO UPDATE SET value = numbers.value + 1 RETURNING value"),
                ("drop_one", "text", "DELETE FROM cache WHERE key = $1")):
            self.cursor.execute(f"PREPARE {name} ({types}) AS {what}")

    def get(self, key):
        self.cursor.execute("EXECUTE get_one (%s)", (key,))
        row = self.cursor.fetchone()
        return bytes(row[0]) if row else None

    def get_multi(self, keys):
        self.cursor.execute("EXECUTE get_many (%s)", (keys,))
        return {key: bytes(value) for key, value in self.cursor}

    def set(self, key, value):
        self.cursor.execute("EXECUTE put (%s, %s)", (key, value))
        return True

    def set_multi(self, mapping):
        self.many(self.cursor, "INSERT INTO cache VALUES %s ON CONFLICT (key) DO UPDATE SET value = EXCLUDED.value",
                  list(mapping.items()), page_size=len(mapping))

    def incr(self, key):
        self.cursor.execute("EXECUTE add (%s)", (key,))
        return self.cursor.fetchone()[0]

    def delete(self, key):
        self.cursor.execute("EXECUTE drop_one (%s)", (key,))
        return self.cursor.rowcount
