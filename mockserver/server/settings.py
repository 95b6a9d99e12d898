"""What a server is started with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from mockserver import schemas
from mockserver.control import options
from mockserver.control.options import SpaceOptions

from .tls import Tls

_LIMITS: dict[str, Any] = {
    name: each["default"] for name, each in schemas.load("server_limits")["properties"].items()
}


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that decides how a server behaves.

    ``schemas/server_limits.json`` describes those that are limits, and has their defaults.

    Attributes:
        host: the address to listen on; loopback unless told otherwise.
        port: 0 takes a free one.
        space: what spaces are made with that are given no options of their own.
        credentials: project -> token; None accepts any.
        control_token: what the control API asks for. None: nothing on loopback, and on any other
            host a token of the run's own, which is printed and in the ready file.
        tls: how TLS is spoken on the port; None: it is plain.
        ping_interval_s: real seconds between pings; clients want one at least every 15 s [T].
        resume_window_s: real seconds for which a session that is away can be resumed. [A]
    """

    host: str = "127.0.0.1"
    port: int = 8787
    space: SpaceOptions = field(default_factory=SpaceOptions)
    credentials: Mapping[str, str] | None = field(default=None)
    control_token: str | None = None
    tls: Tls | None = None
    journal_limit: int = _LIMITS["journal_limit"]
    journal_bytes: int = _LIMITS["journal_bytes"]
    max_message_bytes: int = _LIMITS["max_message_bytes"]
    max_depth: int = _LIMITS["max_depth"]
    max_outbox_bytes: int = _LIMITS["max_outbox_bytes"]
    max_connections: int = _LIMITS["max_connections"]
    max_frames_per_s: float = _LIMITS["max_frames_per_s"]
    max_missed_pings: int = _LIMITS["max_missed_pings"]
    max_spaces: int = _LIMITS["max_spaces"]
    space_idle_s: float = _LIMITS["space_idle_s"]
    connect_timeout_s: float = _LIMITS["connect_timeout_s"]
    body_timeout_s: float = _LIMITS["body_timeout_s"]
    ping_interval_s: float = 10.0
    resume_window_s: float = 60.0

    @property
    def scenario(self) -> str:
        """The name or path of the scenario of spaces that are given none of their own."""
        return str(self.space.get("scenario") or options.defaults()["scenario"])
