"""What is given for TLS."""

import os
from dataclasses import dataclass


@dataclass(frozen=True)
class TlsOptions:
    """TLS to all servers of a client: whom it believes, and who it says it is. For the option ``tls``; ``tls=True`` is
    ``tls=TlsOptions()``.

    Files are PEM. They are read once, when the client is made, which raises ``ValueError`` for one that is missing or is not
    what it should be. A certificate that is not believed is ``ServerDown``, whose text says why.

    :param ca_file: certificates of those who may vouch for a server; None: the system's.
    :param cert_file: the client's own certificate and its chain, where servers ask for one.
    :param key_file: its key; None: in ``cert_file``.
    :param server_name: the name or address that certificates must be for; None: each server's host.
    :param verify: False: whoever answers is believed. A unix socket needs this, or a ``server_name``.
    """

    ca_file: "str | os.PathLike | None" = None
    cert_file: "str | os.PathLike | None" = None
    key_file: "str | os.PathLike | None" = None
    server_name: "str | None" = None
    verify: bool = True

    def __post_init__(self):
        for name in ("ca_file", "cert_file", "key_file"):
            path = getattr(self, name)
            if path is not None:
                object.__setattr__(self, name, os.fsdecode(path))
        if self.server_name is not None and not isinstance(self.server_name, str):
            raise TypeError(f"server_name must be str, not {type(self.server_name).__name__}")
        object.__setattr__(self, "verify", bool(self.verify))


def for_engine(tls):
    """The option ``tls`` as ClientBase takes it: None, or a tuple."""
    if tls is None or tls is False:
        return None
    if tls is True:
        tls = TlsOptions()
    if not isinstance(tls, TlsOptions):
        raise TypeError(f"tls must be True or a TlsOptions, not {type(tls).__name__}")
    files = (os.fsencode(path or "") for path in (tls.ca_file, tls.cert_file, tls.key_file))
    return (*files, (tls.server_name or "").encode("ascii"), tls.verify)
