from datetime import timedelta
from os import PathLike
from types import TracebackType
from typing import (
    Any,
    Callable,
    ClassVar,
    Hashable,
    Iterable,
    Literal,
    Mapping,
    Protocol,
    TypeVar,
    Union,
    overload,
)

from _typeshed import ReadableBuffer
from typing_extensions import Self

from ._aio import AsyncClient as AsyncClient, StringAsyncClient
from ._cmemcache import ClientBase
from ._errors import (
    AuthenticationError as AuthenticationError,
    ClosedError as ClosedError,
    DecodeError as DecodeError,
    Error as Error,
    MemcachedKeyCharacterError as _MemcachedKeyCharacterError,
    MemcachedKeyError as _MemcachedKeyError,
    MemcachedKeyLengthError as _MemcachedKeyLengthError,
    MemcachedKeyNoneError as _MemcachedKeyNoneError,
    MemcachedKeyTypeError as _MemcachedKeyTypeError,
    MemcachedStringEncodingError as _MemcachedStringEncodingError,
    ProtocolError as ProtocolError,
    ServerDown as ServerDown,
    ServerTimeout as ServerTimeout,
    ValueTooLarge as ValueTooLarge,
)
from ._futures import FutureClient as FutureClient, StringFutureClient

__all__ = [
    "AsyncClient",
    "AuthenticationError",
    "Client",
    "ClosedError",
    "DecodeError",
    "Error",
    "FutureClient",
    "ProtocolError",
    "SERVER_MAX_KEY_LENGTH",
    "SERVER_MAX_VALUE_LENGTH",
    "ServerDown",
    "ServerTimeout",
    "StringClient",
    "TlsOptions",
    "ValueTooLarge",
    "log",
]

__version__: str

SERVER_MAX_KEY_LENGTH: int
SERVER_MAX_VALUE_LENGTH: int

_T = TypeVar("_T")
_K = TypeVar("_K", bound=Hashable)

_Text = Union[str, bytes]
_Key = Union[_Text, tuple[int, _Text]]
_Bytes = Union[ReadableBuffer, str]
_Time = Union[int, timedelta]
_Seconds = Union[float, timedelta, None]
_Path = Union[str, PathLike[str], None]
_Server = Union[str, tuple[str, int]]

_Distribution = Literal["modulo", "modula", "ketama", "ketama_weighted", "rendezvous"]
_Hash = Literal["crc", "crc32", "md5", "one_at_a_time", "fnv1_32", "fnv1a_32", "murmur3", "murmur"]
_WireProtocol = Literal["auto", "text", "meta", "binary"]
_ProfileName = Literal["python-memcached", "pylibmc", "pymemcache", "libmc", "raw"]

class _Profile(Protocol):
    def dumps(self, key: Any, value: Any, /) -> tuple[_Bytes, int]: ...
    def loads(self, key: Any, data: bytes, flags: int, /) -> Any: ...

class TlsOptions:
    __match_args__: ClassVar[tuple[str, ...]]
    ca_file: str | None
    cert_file: str | None
    key_file: str | None
    server_name: str | None
    verify: bool

    def __init__(
        self,
        ca_file: _Path = None,
        cert_file: _Path = None,
        key_file: _Path = None,
        server_name: str | None = None,
        verify: bool = True,
    ) -> None: ...
    def __post_init__(self) -> None: ...

log: Callable[[str], object]

class StringClient(ClientBase):
    MemcachedKeyError: ClassVar[type[_MemcachedKeyError]]
    MemcachedKeyLengthError: ClassVar[type[_MemcachedKeyLengthError]]
    MemcachedKeyCharacterError: ClassVar[type[_MemcachedKeyCharacterError]]
    MemcachedKeyNoneError: ClassVar[type[_MemcachedKeyNoneError]]
    MemcachedKeyTypeError: ClassVar[type[_MemcachedKeyTypeError]]
    MemcachedStringEncodingError: ClassVar[type[_MemcachedStringEncodingError]]

    debug: Any
    last_error: Exception | None
    on_error: Callable[[Exception], object] | None

    def __init__(
        self,
        servers: Iterable[_Server],
        debug: Any = 0,
        *,
        server_max_key_length: int | None = None,
        server_max_value_length: int | None = None,
        dead_retry: _Seconds = 30,
        socket_timeout: _Seconds = 3,
        cache_cas: bool = False,
        flush_on_reconnect: Any = 0,
        check_keys: bool = True,
        key_encoder: Callable[[Any], Any] | None = None,
        on_error: Callable[[Exception], object] | None = None,
        connect_timeout: _Seconds = 1.0,
        timeout: _Seconds = None,
        distribution: _Distribution = "modulo",
        hash: _Hash = "crc",
        profile: Literal["raw"] = "raw",
        protocol: _WireProtocol = "auto",
        errors: Literal["miss", "raise"] = "miss",
        key_prefix: _Text = b"",
        failover: bool = True,
        resolve_interval: _Seconds = 60,
        username: str | None = None,
        password: str | None = None,
        tls: TlsOptions | bool | None = None,
        discovery: bool = False,
        discovery_interval: _Seconds = 60,
        max_connections: int = 8,
        pipelined_connections: int = 1,
        max_in_flight: int = 16384,
        max_in_flight_bytes: int = 8388608,
    ) -> None: ...
    def __del__(self, _end: Callable[[ClientBase], None] = ...) -> None: ...
    def __enter__(self) -> Self: ...
    def __exit__(
        self, type: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None, /
    ) -> None: ...

    # One key.
    @overload
    def get(self, key: _Key) -> bytes | None: ...
    @overload
    def get(self, key: _Key, default: _T) -> bytes | _T: ...
    def gets(self, key: _Key) -> bytes | None: ...
    def get_with_cas(self, key: _Key) -> tuple[bytes, int] | tuple[None, None]: ...
    def getflags(self, key: _Key) -> tuple[bytes, int] | None: ...
    def gat(self, key: _Key, time: _Time) -> bytes | None: ...
    def touch(self, key: _Key, time: _Time = 0, noreply: bool = False) -> int: ...
    def delete(self, key: _Key, noreply: bool = False) -> int: ...
    def incr(self, key: _Key, delta: int = 1, noreply: bool = False) -> int | None: ...
    def decr(self, key: _Key, delta: int = 1, noreply: bool = False) -> int | None: ...
    def set(
        self,
        key: _Key,
        val: _Bytes,
        time: _Time = 0,
        flags: int = 0,
        min_compress_len: int = 0,
        noreply: bool = False,
    ) -> int: ...
    def add(
        self,
        key: _Key,
        val: _Bytes,
        time: _Time = 0,
        flags: int = 0,
        min_compress_len: int = 0,
        noreply: bool = False,
    ) -> int: ...
    def replace(
        self,
        key: _Key,
        val: _Bytes,
        time: _Time = 0,
        flags: int = 0,
        min_compress_len: int = 0,
        noreply: bool = False,
    ) -> int: ...
    def append(
        self,
        key: _Key,
        val: _Bytes,
        time: _Time = 0,
        flags: int = 0,
        min_compress_len: int = 0,
        noreply: bool = False,
    ) -> int: ...
    def prepend(
        self,
        key: _Key,
        val: _Bytes,
        time: _Time = 0,
        flags: int = 0,
        min_compress_len: int = 0,
        noreply: bool = False,
    ) -> int: ...
    def cas(
        self,
        key: _Key,
        val: _Bytes,
        time: _Time = 0,
        flags: int = 0,
        min_compress_len: int = 0,
        noreply: bool = False,
        cas: int | None = None,
    ) -> int: ...

    # Many keys. They may also be ints and the like, by their str().
    def get_multi(self, keys: Iterable[_K], key_prefix: _Text = "") -> dict[_K, bytes]: ...
    def get_multiflags(self, keys: Iterable[_K], key_prefix: _Text = "") -> dict[_K, tuple[bytes, int]]: ...
    def set_multi(
        self,
        mapping: Mapping[_K, _Bytes],
        time: _Time = 0,
        key_prefix: _Text = "",
        flags: int = 0,
        min_compress_len: int = 0,
        noreply: bool = False,
    ) -> list[_K]: ...
    def delete_multi(self, keys: Iterable[Any], key_prefix: _Text = "", noreply: bool = False) -> int: ...

    # Servers.
    def get_stats(self, arg: str | None = None) -> list[tuple[str, dict[str, str]]]: ...
    def get_slab_stats(self) -> list[tuple[str, dict[str, str | dict[str, str]]]]: ...
    def get_slabs(self) -> list[tuple[str, dict[str, str | dict[str, str]]]]: ...
    def version(self) -> list[tuple[str, str]]: ...
    def flush_all(self, delay: _Time = 0) -> None: ...
    def server_for(self, key: _Key) -> str | None: ...
    def counters(self) -> dict[str, dict[str, int]]: ...
    def discovery_status(self) -> dict[str, Any] | None: ...
    def set_servers(self, servers: Iterable[_Server]) -> None: ...
    def disconnect_all(self) -> None: ...
    def quit_all(self) -> None: ...
    def forget_dead_hosts(self) -> None: ...
    def close(self) -> None: ...

    # This client.
    @property
    def futures(self) -> StringFutureClient: ...
    @property
    def aio(self) -> StringAsyncClient: ...
    @property
    def cas_ids(self) -> dict[bytes, int]: ...
    def reset_cas(self) -> None: ...
    def debuglog(self, text: str) -> None: ...

class Client(StringClient):
    pickleProtocol: int
    pickler: Callable[..., Any]
    unpickler: Callable[..., Any]
    compressor: Callable[[bytes], bytes]
    decompressor: Callable[[bytes], bytes]
    persistent_load: Callable[[Any], Any] | None
    persistent_id: Callable[[Any], Any] | None

    def __init__(
        self,
        servers: Iterable[_Server],
        debug: Any = 0,
        pickleProtocol: int | None = None,
        pickler: Callable[..., Any] = ...,
        unpickler: Callable[..., Any] = ...,
        compressor: Callable[[bytes], bytes] = ...,
        decompressor: Callable[[bytes], bytes] = ...,
        pload: Callable[[Any], Any] | None = None,
        pid: Callable[[Any], Any] | None = None,
        server_max_key_length: int | None = None,
        server_max_value_length: int | None = None,
        dead_retry: _Seconds = 30,
        socket_timeout: _Seconds = 3,
        cache_cas: bool = False,
        flush_on_reconnect: Any = 0,
        check_keys: bool = True,
        key_encoder: Callable[[Any], Any] | None = None,
        *,
        on_error: Callable[[Exception], object] | None = None,
        connect_timeout: _Seconds = 1.0,
        timeout: _Seconds = None,
        distribution: _Distribution = ...,
        hash: _Hash = ...,
        profile: _ProfileName | _Profile = "python-memcached",
        protocol: _WireProtocol = "auto",
        errors: Literal["miss", "raise"] = "miss",
        key_prefix: _Text = b"",
        failover: bool = True,
        resolve_interval: _Seconds = 60,
        username: str | None = None,
        password: str | None = None,
        tls: TlsOptions | bool | None = None,
        discovery: bool = False,
        discovery_interval: _Seconds = 60,
        max_connections: int = 8,
        pipelined_connections: int = 1,
        max_in_flight: int = 16384,
        max_in_flight_bytes: int = 8388608,
    ) -> None: ...

    @property
    def futures(self) -> FutureClient: ...  # type: ignore[override]
    @property
    def aio(self) -> AsyncClient: ...  # type: ignore[override]
    def get(self, key: _Key, default: Any = None) -> Any: ...
    def gets(self, key: _Key) -> Any: ...
    def get_with_cas(self, key: _Key) -> tuple[Any, int] | tuple[None, None]: ...
    def gat(self, key: _Key, time: _Time) -> Any: ...
    def set(  # type: ignore[override]
        self, key: _Key, val: Any, time: _Time = 0, min_compress_len: int = 0, noreply: bool = False
    ) -> int: ...
    def add(  # type: ignore[override]
        self, key: _Key, val: Any, time: _Time = 0, min_compress_len: int = 0, noreply: bool = False
    ) -> int: ...
    def replace(  # type: ignore[override]
        self, key: _Key, val: Any, time: _Time = 0, min_compress_len: int = 0, noreply: bool = False
    ) -> int: ...
    def append(  # type: ignore[override]
        self, key: _Key, val: Any, time: _Time = 0, min_compress_len: int = 0, noreply: bool = False
    ) -> int: ...
    def prepend(  # type: ignore[override]
        self, key: _Key, val: Any, time: _Time = 0, min_compress_len: int = 0, noreply: bool = False
    ) -> int: ...
    def cas(  # type: ignore[override]
        self,
        key: _Key,
        val: Any,
        time: _Time = 0,
        min_compress_len: int = 0,
        noreply: bool = False,
        cas: int | None = None,
    ) -> int: ...
    def get_multi(self, keys: Iterable[_K], key_prefix: _Text = "") -> dict[_K, Any]: ...
    def get_multiflags(self, keys: Iterable[_K], key_prefix: _Text = "") -> dict[_K, Any]: ...
    def set_multi(  # type: ignore[override]
        self,
        mapping: Mapping[_K, Any],
        time: _Time = 0,
        key_prefix: _Text = "",
        min_compress_len: int = 0,
        noreply: bool = False,
    ) -> list[_K]: ...
