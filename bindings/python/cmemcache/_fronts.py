"""What FutureClient and AsyncClient have in common: a client behind them."""

from . import _cmemcache


class Front(_cmemcache.FrontBase):
    """A way to call a client that does not block. Keeps the client, and adds nothing to it.

    :ivar client: the client behind it.
    """

    client = None
    _is_own = False

    @classmethod
    def of(cls, client, raises=True):
        """The way to call ``client``; whether trouble raises."""
        front = cls.__new__(cls)
        front.client = client
        front._begin(client, raises)
        return front

    def _client_for(self, servers, options):
        """A client of our own, and whether trouble raises."""
        from ._client import Client

        options.setdefault("errors", "raise")
        self.client = Client(servers, **options)
        self._is_own = True
        return self.client, options["errors"] == "raise"

    @property
    def last_error(self):
        """The last exception that server trouble gave, raised or not; None at first."""
        return self.client.last_error

    @property
    def cas_ids(self):
        """As ``Client.cas_ids``."""
        return self.client.cas_ids

    def __reduce__(self):
        raise TypeError(f"cannot pickle or copy a {type(self).__name__}: it has connections")

    def set_servers(self, servers):
        """As ``Client.set_servers()``. Calls under way finish with the old ones."""
        self.client.set_servers(servers)

    def server_for(self, key):
        """As ``Client.server_for()``."""
        return self.client.server_for(key)

    def counters(self):
        """As ``Client.counters()``: those of all ways to call the client together."""
        return self.client.counters()

    def discovery_status(self):
        """As ``Client.discovery_status()``."""
        return self.client.discovery_status()

    def disconnect_all(self):
        """As ``Client.disconnect_all()``. Connections with calls under way are closed when these are over."""
        self.client.disconnect_all()

    def quit_all(self):
        """As ``disconnect_all()``."""
        self.client.quit_all()

    def forget_dead_hosts(self):
        """As ``Client.forget_dead_hosts()``."""
        self.client.forget_dead_hosts()

    def reset_cas(self):
        """As ``Client.reset_cas()``."""
        self.client.reset_cas()

    def debuglog(self, text):
        """As ``Client.debuglog()``."""
        self.client.debuglog(text)
