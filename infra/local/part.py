"""What the stack knows of one part: how it is started, where it listens, how one sees that it is well."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from infra.local.settings import LocalSettings

Env = Mapping[str, str]


@dataclass(frozen=True)
class Start:
    """What replaces the launcher's process. `user` is for a server that refuses to run as root."""

    command: list[str]
    env: dict[str, str] = field(default_factory=dict)
    user: str | None = None


@dataclass(frozen=True)
class Part:
    """`offset` counts from the stack's first port; `address` is the variable that holds, or replaces, its address."""

    name: str
    start: Callable[[LocalSettings, Env], Start]
    offset: int | None = None
    address: str | None = None
    health: str = "/"
    opens: str = ""
    stop_signal: str = "TERM"
    of_our_code: bool = False
