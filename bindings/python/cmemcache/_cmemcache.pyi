from typing import Any, Iterable

version: str

class ClientBase:
    def __init__(self, servers: Iterable[Any], options: dict[str, Any], /) -> None: ...

def install_verbs(type: type[ClientBase], with_flags: bool, /) -> None: ...
