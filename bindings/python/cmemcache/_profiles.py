"""What a profile brings with it besides its values, which C++ encodes: where its library puts keys, and its pickles."""

import pickle
from typing import NamedTuple


class Profile(NamedTuple):
    """The defaults of a client with this profile."""

    distribution: str
    hash: str
    pickle_protocol: int


PROFILES = {
    "python-memcached": Profile("modulo", "crc", 0),
    "pylibmc": Profile("modula", "one_at_a_time", pickle.HIGHEST_PROTOCOL),
    "pymemcache": Profile("rendezvous", "murmur3", pickle.HIGHEST_PROTOCOL),
    "libmc": Profile("ketama", "md5", 2),
    "raw": Profile("modulo", "crc", 0),
}


def of(profile):
    """The defaults that come with the option ``profile``; those of an object are python-memcached's."""
    return PROFILES[profile if isinstance(profile, str) and profile in PROFILES else "python-memcached"]
