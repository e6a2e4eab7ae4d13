"""Servers that let in nobody but ada, whose password is secret."""

import os
import subprocess

from support.memcached_server import MemcachedServer

NAME, PASSWORD = "ada", "secret"


class PasswordServer(MemcachedServer):
    """memcached -Y: the ASCII authentication."""

    def __init__(self, folder):
        (folder / "passwords").write_text(f"grace:hopper\n{NAME}:{PASSWORD}\n")
        super().__init__("-Y", folder / "passwords")

    def _is_there(self):
        return self.ask(b"set who 0 0 10\r\nada secret\r\n") == b"STORED\r\n"


class SaslServer(MemcachedServer):
    """memcached -S: SASL, in the binary protocol and nothing else. Its users are made by Debian's saslpasswd2."""

    def __init__(self, folder):
        database = folder / "sasldb2"
        subprocess.run(["/usr/sbin/saslpasswd2", "-p", "-c", "-a", "memcached", "-f", database, NAME],
                       input=PASSWORD.encode(), check=True)
        (folder / "memcached.conf").write_text(
            f"mech_list: plain\npwcheck_method: auxprop\nauxprop_plugin: sasldb\nsasldb_path: {database}\n")
        self.environment = {**os.environ, "SASL_CONF_PATH": str(folder)}
        super().__init__("-S")

    def _is_there(self):
        version = bytes([0x80, 0x0B]) + bytes(22)
        return self.ask(version, b"1.6.18").startswith(b"\x81\x0b")
