#pragma once

/// What help() says of the verbs. The first line of each is the signature that inspect.signature() reads.
///
/// Of all: a key is str (sent as UTF-8), bytes, or (hash, key); a bad one raises Client.MemcachedKeyError. Times are
/// seconds, int or timedelta. Server trouble follows the client's `errors`: "raise" raises cmemcache.Error, "miss"
/// gives what is said here. ClosedError is raised after close() in either case.
namespace cmemcache::python::docs {

inline constexpr char get[] =
    "get($self, key, default=None)\n"
    "--\n"
    "\n"
    "The value under key; default where there is none.\n"
    "\n"
    "key: str (sent as UTF-8), bytes, or (hash, key) with a hash of your own, an int.\n"
    "Server trouble: as a miss, or raises cmemcache.Error with errors='raise'.";

inline constexpr char gets[] =
    "gets($self, key)\n"
    "--\n"
    "\n"
    "The value under key, or None; with cache_cas=True its token is kept for cas().\n"
    "\n"
    "The token is the calling thread's: another thread's cas() does not use it.\n"
    "key: str (sent as UTF-8), bytes, or (hash, key) with a hash of your own, an int.\n"
    "Server trouble: as a miss, or raises cmemcache.Error with errors='raise'.";

inline constexpr char get_with_cas[] =
    "get_with_cas($self, key)\n"
    "--\n"
    "\n"
    "(value, cas token) of key; (None, None) on a miss.\n"
    "\n"
    "Give the token, an int, to cas(..., cas=token).\n"
    "key: str (sent as UTF-8), bytes, or (hash, key) with a hash of your own, an int.\n"
    "Server trouble: as a miss, or raises cmemcache.Error with errors='raise'.";

inline constexpr char getflags[] =
    "getflags($self, key)\n"
    "--\n"
    "\n"
    "(bytes, flags) as they are stored under key, not decoded; None on a miss.\n"
    "\n"
    "key: str (sent as UTF-8), bytes, or (hash, key) with a hash of your own, an int.\n"
    "Server trouble: as a miss, or raises cmemcache.Error with errors='raise'.";

inline constexpr char gat[] =
    "gat($self, key, time)\n"
    "--\n"
    "\n"
    "The value under key, which from now on expires after time; None on a miss.\n"
    "\n"
    "key: str (sent as UTF-8), bytes, or (hash, key) with a hash of your own, an int.\n"
    "time: seconds, int or timedelta; 0 is never, negative at once; an int over 30 days is a Unix time.\n"
    "Server trouble: as a miss, or raises cmemcache.Error with errors='raise'.";

inline constexpr char touch[] =
    "touch($self, key, time=0, noreply=False)\n"
    "--\n"
    "\n"
    "From now on key expires after time: 1, or 0 where there is no such key.\n"
    "\n"
    "key: str (sent as UTF-8), bytes, or (hash, key) with a hash of your own, an int.\n"
    "time: seconds, int or timedelta; 0 is never, negative at once; an int over 30 days is a Unix time.\n"
    "noreply: do not wait for an answer, and never learn what became of it.\n"
    "Server trouble: 0, or raises cmemcache.Error with errors='raise'.";

inline constexpr char delete_[] =
    "delete($self, key, noreply=False)\n"
    "--\n"
    "\n"
    "Removes key: 1, or 0 where it was not there. With noreply 1.\n"
    "\n"
    "key: str (sent as UTF-8), bytes, or (hash, key) with a hash of your own, an int.\n"
    "noreply: do not wait for an answer, and never learn what became of it.\n"
    "Server trouble: 0, or raises cmemcache.Error with errors='raise'.";

inline constexpr char incr[] =
    "incr($self, key, delta=1, noreply=False)\n"
    "--\n"
    "\n"
    "Adds delta to the number under key: the new value, an int; None on a miss.\n"
    "\n"
    "key: str (sent as UTF-8), bytes, or (hash, key) with a hash of your own, an int.\n"
    "delta: int, from 0 to 2**64-1. It wraps at 2**64.\n"
    "noreply: do not wait for an answer, and never learn what became of it. None is returned.\n"
    "ValueError: what is stored is no number, or delta is out of its range.\n"
    "Server trouble: None, or raises cmemcache.Error with errors='raise'.";

inline constexpr char decr[] =
    "decr($self, key, delta=1, noreply=False)\n"
    "--\n"
    "\n"
    "Subtracts delta from the number under key: the new value, an int; None on a miss.\n"
    "\n"
    "key: str (sent as UTF-8), bytes, or (hash, key) with a hash of your own, an int.\n"
    "delta: int, from 0 to 2**64-1. It stops at 0.\n"
    "noreply: do not wait for an answer, and never learn what became of it. None is returned.\n"
    "ValueError: what is stored is no number, or delta is out of its range.\n"
    "Server trouble: None, or raises cmemcache.Error with errors='raise'.";

inline constexpr char set[] =
    "set($self, key, val, time=0, min_compress_len=0, noreply=False)\n"
    "--\n"
    "\n"
    "Stores val under key, whatever is there: True.\n"
    "\n"
    "key: str (sent as UTF-8), bytes, or (hash, key) with a hash of your own, an int.\n"
    "val: whatever the profile can encode.\n"
    "time: seconds, int or timedelta; 0 is never, negative at once; an int over 30 days is a Unix time.\n"
    "min_compress_len: bytes; what is longer is compressed, if that makes it smaller; 0 is never.\n"
    "    As the profile's library has it; raw and an object of your own leave values as they are.\n"
    "noreply: do not wait for an answer, and never learn what became of it.\n"
    "A value over server_max_value_length is not sent.\n"
    "That and server trouble: 0, or raises cmemcache.Error with errors='raise'.";

inline constexpr char add[] =
    "add($self, key, val, time=0, min_compress_len=0, noreply=False)\n"
    "--\n"
    "\n"
    "Stores val where nothing is under key: True, or False where something is.\n"
    "\n"
    "key: str (sent as UTF-8), bytes, or (hash, key) with a hash of your own, an int.\n"
    "val: whatever the profile can encode.\n"
    "time: seconds, int or timedelta; 0 is never, negative at once; an int over 30 days is a Unix time.\n"
    "min_compress_len: bytes; what is longer is compressed, if that makes it smaller; 0 is never.\n"
    "    As the profile's library has it; raw and an object of your own leave values as they are.\n"
    "noreply: do not wait for an answer, and never learn what became of it.\n"
    "A value over server_max_value_length is not sent.\n"
    "That and server trouble: 0, or raises cmemcache.Error with errors='raise'.";

inline constexpr char replace[] =
    "replace($self, key, val, time=0, min_compress_len=0, noreply=False)\n"
    "--\n"
    "\n"
    "Stores val where something is under key: True, or False where nothing is.\n"
    "\n"
    "key: str (sent as UTF-8), bytes, or (hash, key) with a hash of your own, an int.\n"
    "val: whatever the profile can encode.\n"
    "time: seconds, int or timedelta; 0 is never, negative at once; an int over 30 days is a Unix time.\n"
    "min_compress_len: bytes; what is longer is compressed, if that makes it smaller; 0 is never.\n"
    "    As the profile's library has it; raw and an object of your own leave values as they are.\n"
    "noreply: do not wait for an answer, and never learn what became of it.\n"
    "A value over server_max_value_length is not sent.\n"
    "That and server trouble: 0, or raises cmemcache.Error with errors='raise'.";

inline constexpr char append[] =
    "append($self, key, val, time=0, min_compress_len=0, noreply=False)\n"
    "--\n"
    "\n"
    "Puts val behind what is under key: True, or False where nothing is. Flags and expiry stay.\n"
    "\n"
    "key: str (sent as UTF-8), bytes, or (hash, key) with a hash of your own, an int.\n"
    "val: whatever the profile can encode.\n"
    "time: seconds, int or timedelta; 0 is never, negative at once; an int over 30 days is a Unix time.\n"
    "min_compress_len: bytes; what is longer is compressed, if that makes it smaller; 0 is never.\n"
    "    As the profile's library has it; raw and an object of your own leave values as they are.\n"
    "noreply: do not wait for an answer, and never learn what became of it.\n"
    "A value over server_max_value_length is not sent.\n"
    "That and server trouble: 0, or raises cmemcache.Error with errors='raise'.";

inline constexpr char prepend[] =
    "prepend($self, key, val, time=0, min_compress_len=0, noreply=False)\n"
    "--\n"
    "\n"
    "Puts val before what is under key: True, or False where nothing is. Flags and expiry stay.\n"
    "\n"
    "key: str (sent as UTF-8), bytes, or (hash, key) with a hash of your own, an int.\n"
    "val: whatever the profile can encode.\n"
    "time: seconds, int or timedelta; 0 is never, negative at once; an int over 30 days is a Unix time.\n"
    "min_compress_len: bytes; what is longer is compressed, if that makes it smaller; 0 is never.\n"
    "    As the profile's library has it; raw and an object of your own leave values as they are.\n"
    "noreply: do not wait for an answer, and never learn what became of it.\n"
    "A value over server_max_value_length is not sent.\n"
    "That and server trouble: 0, or raises cmemcache.Error with errors='raise'.";

inline constexpr char cas[] =
    "cas($self, key, val, time=0, min_compress_len=0, noreply=False, cas=None)\n"
    "--\n"
    "\n"
    "Stores val under key if nobody has stored there since the token was got: True, or False.\n"
    "\n"
    "key: str (sent as UTF-8), bytes, or (hash, key) with a hash of your own, an int.\n"
    "val: whatever the profile can encode.\n"
    "time: seconds, int or timedelta; 0 is never, negative at once; an int over 30 days is a Unix time.\n"
    "min_compress_len: bytes; what is longer is compressed, if that makes it smaller; 0 is never.\n"
    "    As the profile's library has it; raw and an object of your own leave values as they are.\n"
    "noreply: do not wait for an answer, and never learn what became of it.\n"
    "cas: the token from get_with_cas(). Without it, the one that gets() has kept in this thread.\n"
    "ValueError: there is no token. It never turns into a plain set.\n"
    "A value over server_max_value_length is not sent.\n"
    "That and server trouble: 0, or raises cmemcache.Error with errors='raise'.";

inline constexpr char string_set[] =
    "set($self, key, val, time=0, flags=0, min_compress_len=0, noreply=False)\n"
    "--\n"
    "\n"
    "Stores val under key, whatever is there: True.\n"
    "\n"
    "key: str (sent as UTF-8), bytes, or (hash, key) with a hash of your own, an int.\n"
    "val: bytes-like, or str, which is sent as UTF-8.\n"
    "time: seconds, int or timedelta; 0 is never, negative at once; an int over 30 days is a Unix time.\n"
    "flags: int, from 0 to 2**32-1: kept with the value, and yours to give a meaning.\n"
    "min_compress_len: taken for Client's sake; a StringClient does not compress.\n"
    "noreply: do not wait for an answer, and never learn what became of it.\n"
    "A value over server_max_value_length is not sent.\n"
    "That and server trouble: 0, or raises cmemcache.Error with errors='raise'.";

inline constexpr char string_add[] =
    "add($self, key, val, time=0, flags=0, min_compress_len=0, noreply=False)\n"
    "--\n"
    "\n"
    "Stores val where nothing is under key: True, or False where something is.\n"
    "\n"
    "key: str (sent as UTF-8), bytes, or (hash, key) with a hash of your own, an int.\n"
    "val: bytes-like, or str, which is sent as UTF-8.\n"
    "time: seconds, int or timedelta; 0 is never, negative at once; an int over 30 days is a Unix time.\n"
    "flags: int, from 0 to 2**32-1: kept with the value, and yours to give a meaning.\n"
    "min_compress_len: taken for Client's sake; a StringClient does not compress.\n"
    "noreply: do not wait for an answer, and never learn what became of it.\n"
    "A value over server_max_value_length is not sent.\n"
    "That and server trouble: 0, or raises cmemcache.Error with errors='raise'.";

inline constexpr char string_replace[] =
    "replace($self, key, val, time=0, flags=0, min_compress_len=0, noreply=False)\n"
    "--\n"
    "\n"
    "Stores val where something is under key: True, or False where nothing is.\n"
    "\n"
    "key: str (sent as UTF-8), bytes, or (hash, key) with a hash of your own, an int.\n"
    "val: bytes-like, or str, which is sent as UTF-8.\n"
    "time: seconds, int or timedelta; 0 is never, negative at once; an int over 30 days is a Unix time.\n"
    "flags: int, from 0 to 2**32-1: kept with the value, and yours to give a meaning.\n"
    "min_compress_len: taken for Client's sake; a StringClient does not compress.\n"
    "noreply: do not wait for an answer, and never learn what became of it.\n"
    "A value over server_max_value_length is not sent.\n"
    "That and server trouble: 0, or raises cmemcache.Error with errors='raise'.";

inline constexpr char string_append[] =
    "append($self, key, val, time=0, flags=0, min_compress_len=0, noreply=False)\n"
    "--\n"
    "\n"
    "Puts val behind what is under key: True, or False where nothing is. Flags and expiry stay.\n"
    "\n"
    "key: str (sent as UTF-8), bytes, or (hash, key) with a hash of your own, an int.\n"
    "val: bytes-like, or str, which is sent as UTF-8.\n"
    "time: seconds, int or timedelta; 0 is never, negative at once; an int over 30 days is a Unix time.\n"
    "flags: int, from 0 to 2**32-1: kept with the value, and yours to give a meaning.\n"
    "min_compress_len: taken for Client's sake; a StringClient does not compress.\n"
    "noreply: do not wait for an answer, and never learn what became of it.\n"
    "A value over server_max_value_length is not sent.\n"
    "That and server trouble: 0, or raises cmemcache.Error with errors='raise'.";

inline constexpr char string_prepend[] =
    "prepend($self, key, val, time=0, flags=0, min_compress_len=0, noreply=False)\n"
    "--\n"
    "\n"
    "Puts val before what is under key: True, or False where nothing is. Flags and expiry stay.\n"
    "\n"
    "key: str (sent as UTF-8), bytes, or (hash, key) with a hash of your own, an int.\n"
    "val: bytes-like, or str, which is sent as UTF-8.\n"
    "time: seconds, int or timedelta; 0 is never, negative at once; an int over 30 days is a Unix time.\n"
    "flags: int, from 0 to 2**32-1: kept with the value, and yours to give a meaning.\n"
    "min_compress_len: taken for Client's sake; a StringClient does not compress.\n"
    "noreply: do not wait for an answer, and never learn what became of it.\n"
    "A value over server_max_value_length is not sent.\n"
    "That and server trouble: 0, or raises cmemcache.Error with errors='raise'.";

inline constexpr char string_cas[] =
    "cas($self, key, val, time=0, flags=0, min_compress_len=0, noreply=False, cas=None)\n"
    "--\n"
    "\n"
    "Stores val under key if nobody has stored there since the token was got: True, or False.\n"
    "\n"
    "key: str (sent as UTF-8), bytes, or (hash, key) with a hash of your own, an int.\n"
    "val: bytes-like, or str, which is sent as UTF-8.\n"
    "time: seconds, int or timedelta; 0 is never, negative at once; an int over 30 days is a Unix time.\n"
    "flags: int, from 0 to 2**32-1: kept with the value, and yours to give a meaning.\n"
    "min_compress_len: taken for Client's sake; a StringClient does not compress.\n"
    "noreply: do not wait for an answer, and never learn what became of it.\n"
    "cas: the token from get_with_cas(). Without it, the one that gets() has kept in this thread.\n"
    "ValueError: there is no token. It never turns into a plain set.\n"
    "A value over server_max_value_length is not sent.\n"
    "That and server trouble: 0, or raises cmemcache.Error with errors='raise'.";

inline constexpr char get_multi[] =
    "get_multi($self, keys, key_prefix=\"\")\n"
    "--\n"
    "\n"
    "A dict of the values that are there, under your own keys. All servers are asked at once.\n"
    "\n"
    "keys: an iterable of keys; here ints and the like are keys too, by their str().\n"
    "key_prefix: str or bytes, put before every key on the wire, and not seen in what is returned.\n"
    "Server trouble: what the healthy servers gave, or raises cmemcache.Error with errors='raise'.";

inline constexpr char get_multiflags[] =
    "get_multiflags($self, keys, key_prefix=\"\")\n"
    "--\n"
    "\n"
    "As get_multi(): a Client's values are decoded.\n"
    "\n"
    "keys: an iterable of keys; here ints and the like are keys too, by their str().\n"
    "key_prefix: str or bytes, put before every key on the wire, and not seen in what is returned.";

inline constexpr char string_get_multiflags[] =
    "get_multiflags($self, keys, key_prefix=\"\")\n"
    "--\n"
    "\n"
    "A dict of (bytes, flags) of what is there, under your own keys.\n"
    "\n"
    "keys: an iterable of keys; here ints and the like are keys too, by their str().\n"
    "key_prefix: str or bytes, put before every key on the wire, and not seen in what is returned.\n"
    "Server trouble: what the healthy servers gave, or raises cmemcache.Error with errors='raise'.";

inline constexpr char set_multi[] =
    "set_multi($self, mapping, time=0, key_prefix=\"\", min_compress_len=0, noreply=False)\n"
    "--\n"
    "\n"
    "Stores all values of a mapping. A list of those keys that were not stored: empty when all is well.\n"
    "\n"
    "mapping: keys to values; ints and the like are keys too, by their str().\n"
    "time: seconds, int or timedelta; 0 is never, negative at once; an int over 30 days is a Unix time.\n"
    "key_prefix: str or bytes, put before every key on the wire, and not seen in what is returned.\n"
    "min_compress_len: as in set().\n"
    "noreply: do not wait for an answer, and never learn what became of it.\n"
    "Server trouble: its keys are in the list, or raises cmemcache.Error with errors='raise'.";

inline constexpr char string_set_multi[] =
    "set_multi($self, mapping, time=0, key_prefix=\"\", flags=0, min_compress_len=0, noreply=False)\n"
    "--\n"
    "\n"
    "Stores all values of a mapping. A list of those keys that were not stored: empty when all is well.\n"
    "\n"
    "mapping: keys to values; ints and the like are keys too, by their str().\n"
    "time: seconds, int or timedelta; 0 is never, negative at once; an int over 30 days is a Unix time.\n"
    "key_prefix: str or bytes, put before every key on the wire, and not seen in what is returned.\n"
    "flags: int, from 0 to 2**32-1, the same for all.\n"
    "min_compress_len: as in set().\n"
    "noreply: do not wait for an answer, and never learn what became of it.\n"
    "Server trouble: its keys are in the list, or raises cmemcache.Error with errors='raise'.";

inline constexpr char delete_multi[] =
    "delete_multi($self, keys, key_prefix=\"\", noreply=False)\n"
    "--\n"
    "\n"
    "Removes many keys: 1, were they there or not; 0 when a server could not be asked.\n"
    "\n"
    "keys: an iterable of keys; here ints and the like are keys too, by their str().\n"
    "key_prefix: str or bytes, put before every key on the wire, and not seen in what is returned.\n"
    "noreply: do not wait for an answer, and never learn what became of it.\n"
    "Server trouble: 0, or raises cmemcache.Error with errors='raise'.";

inline constexpr char get_stats[] =
    "get_stats($self, arg=None)\n"
    "--\n"
    "\n"
    "[(server, {name: value})] of every server; names and values are str.\n"
    "\n"
    "arg: which statistics: 'items', 'slabs', 'settings', ...; None is the general ones.\n"
    "A server is named as in python-memcached: 'host:port (weight)'.\n"
    "Server trouble: that server is left out, or raises cmemcache.Error with errors='raise'.";

inline constexpr char version[] =
    "version($self)\n"
    "--\n"
    "\n"
    "[(server, version)] of every server, both str.\n"
    "\n"
    "Server trouble: that server is left out, or raises cmemcache.Error with errors='raise'.";

inline constexpr char flush_all[] =
    "flush_all($self, delay=0)\n"
    "--\n"
    "\n"
    "Everything on every server expires, after delay seconds (int or timedelta). None.\n"
    "\n"
    "Server trouble: the others are flushed, or raises cmemcache.Error with errors='raise'.";

inline constexpr char server_for[] =
    "server_for($self, key)\n"
    "--\n"
    "\n"
    "The server that key goes to when all are well, as it was given; None without servers.\n"
    "\n"
    "key: str (sent as UTF-8), bytes, or (hash, key) with a hash of your own, an int.";

inline constexpr char counters[] =
    "counters($self)\n"
    "--\n"
    "\n"
    "{server: {name: int}} since the client was made.\n"
    "\n"
    "hits, misses, stores: values received, keys not found, values stored.\n"
    "timeouts, reconnects, marked_dead: how often that happened.\n"
    "connections, in_flight: open now, calls under way now.\n"
    "bytes_in, bytes_out: received and sent.\n"
    "orphaned_replies: replies swallowed because nobody waits for them any more.";

inline constexpr char discovery_status[] =
    "discovery_status($self)\n"
    "--\n"
    "\n"
    "What is known of the cluster, with discovery=True; None without.\n"
    "\n"
    "version: of the list in use, as the endpoint counts.\n"
    "lookups, failures: how often a list was had, and how often none.\n"
    "last_failure: why, a str; or None.";

inline constexpr char set_servers[] =
    "set_servers($self, servers)\n"
    "--\n"
    "\n"
    "Replaces the servers. Calls under way finish with the old ones.\n"
    "\n"
    "servers: an iterable of 'host:port', 'host', '[address]:port', 'inet:host:port', 'inet6:[address]:port',\n"
    "    'unix:/path', '/path', 'host:port alias', and of (server, weight).\n"
    "ValueError, TypeError: one of them is no server; then the old ones stay.";

inline constexpr char disconnect_all[] =
    "disconnect_all($self)\n"
    "--\n"
    "\n"
    "Closes the idle connections; the next call opens new ones.";

inline constexpr char quit_all[] =
    "quit_all($self)\n"
    "--\n"
    "\n"
    "As disconnect_all().";

inline constexpr char forget_dead_hosts[] =
    "forget_dead_hosts($self)\n"
    "--\n"
    "\n"
    "Servers marked dead are tried again at once.";

inline constexpr char close[] =
    "close($self)\n"
    "--\n"
    "\n"
    "Closes every connection, for good. May be called again; other calls raise ClosedError.";

}  // namespace cmemcache::python::docs
