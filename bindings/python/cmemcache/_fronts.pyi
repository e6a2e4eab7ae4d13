# What the types of FutureClient and AsyncClient have in common. The stores differ in nothing but their names: they are
# callables of one type, by what a call returns.

from typing import Any, Callable, Iterable, Literal, Protocol, TypedDict, TypeVar

from typing_extensions import Self

from . import (
    StringClient,
    TlsOptions,
    _Bytes,
    _Distribution,
    _Hash,
    _Key,
    _Profile,
    _ProfileName,
    _Seconds,
    _Server,
    _Text,
    _Time,
    _WireProtocol,
)
from ._cmemcache import FrontBase

_T_co = TypeVar("_T_co", covariant=True)

class _Store(Protocol[_T_co]):
    def __call__(
        self, key: _Key, val: Any, time: _Time = 0, min_compress_len: int = 0, noreply: bool = False
    ) -> _T_co: ...

class _Cas(Protocol[_T_co]):
    def __call__(
        self,
        key: _Key,
        val: Any,
        time: _Time = 0,
        min_compress_len: int = 0,
        noreply: bool = False,
        cas: int | None = None,
    ) -> _T_co: ...

class _StringStore(Protocol[_T_co]):
    def __call__(
        self,
        key: _Key,
        val: _Bytes,
        time: _Time = 0,
        flags: int = 0,
        min_compress_len: int = 0,
        noreply: bool = False,
    ) -> _T_co: ...

class _StringCas(Protocol[_T_co]):
    def __call__(
        self,
        key: _Key,
        val: _Bytes,
        time: _Time = 0,
        flags: int = 0,
        min_compress_len: int = 0,
        noreply: bool = False,
        cas: int | None = None,
    ) -> _T_co: ...

class _Options(TypedDict, total=False):
    debug: Any
    pickleProtocol: int | None
    pickler: Callable[..., Any]
    unpickler: Callable[..., Any]
    compressor: Callable[[bytes], bytes]
    decompressor: Callable[[bytes], bytes]
    pload: Callable[[Any], Any] | None
    pid: Callable[[Any], Any] | None
    server_max_key_length: int | None
    server_max_value_length: int | None
    dead_retry: _Seconds
    socket_timeout: _Seconds
    cache_cas: bool
    flush_on_reconnect: Any
    check_keys: bool
    key_encoder: Callable[[Any], Any] | None
    on_error: Callable[[Exception], object] | None
    connect_timeout: _Seconds
    timeout: _Seconds
    distribution: _Distribution
    hash: _Hash
    profile: _ProfileName | _Profile
    protocol: _WireProtocol
    errors: Literal["miss", "raise"]
    key_prefix: _Text
    failover: bool
    resolve_interval: _Seconds
    username: str | None
    password: str | None
    tls: TlsOptions | bool | None
    discovery: bool
    discovery_interval: _Seconds
    max_connections: int
    pipelined_connections: int
    max_in_flight: int
    max_in_flight_bytes: int

class Front(FrontBase):
    @classmethod
    def of(cls, client: StringClient, raises: bool = True) -> Self: ...
    client: StringClient
    @property
    def last_error(self) -> Exception | None: ...
    @property
    def cas_ids(self) -> dict[bytes, int]: ...
    def set_servers(self, servers: Iterable[_Server]) -> None: ...
    def server_for(self, key: _Key) -> str | None: ...
    def counters(self) -> dict[str, dict[str, int]]: ...
    def discovery_status(self) -> dict[str, Any] | None: ...
    def disconnect_all(self) -> None: ...
    def quit_all(self) -> None: ...
    def forget_dead_hosts(self) -> None: ...
    def reset_cas(self) -> None: ...
    def debuglog(self, text: str) -> None: ...
