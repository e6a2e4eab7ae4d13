"""The exceptions. Made in Python, raised from C++ as well."""


class Error(Exception):
    """Trouble with memcached: the base of all below.

    ``str()`` of it says which server, what was being done, what happened, and how long that took.

    :ivar server: the server, as it was given to the client; ``""`` where none was involved.
    """

    server: str = ""

    def __init__(self, text: str = "", server: str = "") -> None:
        super().__init__(text)
        self.server = server


class ServerDown(Error):
    """A server could not be reached or was lost: refused, no such host, closed, all candidates marked dead.

    A store that was written when the connection was lost may or may not have been carried out; the text says so.
    """


class ServerTimeout(Error):
    """The deadline of the call passed (the option ``timeout``)."""


class ProtocolError(Error):
    """A server reported an error, or answered what no memcached answers."""


class ValueTooLarge(Error):
    """The value is over ``server_max_value_length``, or over what the server takes."""


class AuthenticationError(Error):
    """A server wants a user name and a password, or refused those that it was given. No call tries a second time."""


class ClosedError(Error):
    """The client was closed. Raised whatever ``errors`` says."""


class DecodeError(Error, ValueError):
    """What was read has flags that the profile does not know, or does not decode.

    ``__cause__`` is what the decoding raised, if anything.
    """


class MemcachedKeyError(Exception):
    """A key that memcached does not take. Raised before anything is sent, whatever ``errors`` says."""


class MemcachedKeyLengthError(MemcachedKeyError):
    """The key is longer than 250 bytes, prefix included."""


class MemcachedKeyCharacterError(MemcachedKeyError):
    """The key has a space or a control character, or it is empty."""


class MemcachedKeyNoneError(MemcachedKeyError):
    """The key is None."""


class MemcachedKeyTypeError(MemcachedKeyError):
    """The key is of a type that no key has."""


class MemcachedStringEncodingError(MemcachedKeyError, UnicodeError):
    """The key is a str that has no UTF-8 form: it has a lone surrogate."""
