"""What a server is started with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from mockserver.control import options
from mockserver.control.options import SpaceOptions

from .tls import Tls


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that decides how a server behaves.

    Attributes:
        host: the address to listen on; loopback unless told otherwise.
        port: 0 takes a free one.
        space: what spaces are made with that are given no options of their own.
        credentials: project -> token; None accepts any.
        control_token: what the control API asks for. None: nothing on loopback, and on any other
            host a token of the run's own, which is printed and in the ready file.
        tls: how TLS is spoken on the port; None: it is plain.
        journal_limit: frames kept per space.
        journal_bytes: memory that the frames kept of one space may take, about; older ones go
            first, and are counted as dropped.
        max_message_bytes: a longer message closes its socket with code 1009.
        max_outbox_bytes: bytes that may wait for a client that does not read; more closes its
            socket with code 1013. What the system's own buffers hold does not count.
        max_connections: WebSockets at a time; a further handshake is answered with 503.
        max_frames_per_s: frames of one socket, on the average of ten seconds; more closes it with
            code 1008.
        max_missed_pings: a client that answers none of so many pings in a row is closed with code
            1008; 0 closes nobody for that. [A]
        connect_timeout_s: real seconds from accepting a connection, or from the end of its
            handshake, until a client must have said what it wants: a silent connection is cut, and
            a WebSocket without ``signalwire.connect`` closed with code 1008.
        ping_interval_s: real seconds between pings; clients want one at least every 15 s [T].
        resume_window_s: real seconds for which a session that is away can be resumed. [A]
    """

    host: str = "127.0.0.1"
    port: int = 8787
    space: SpaceOptions = field(default_factory=SpaceOptions)
    credentials: Mapping[str, str] | None = field(default=None)
    control_token: str | None = None
    tls: Tls | None = None
    journal_limit: int = 10_000
    journal_bytes: int = 64 * 1_048_576
    max_message_bytes: int = 1_048_576
    max_outbox_bytes: int = 16 * 1_048_576
    max_connections: int = 20_000
    max_frames_per_s: float = 20_000
    max_missed_pings: int = 12
    connect_timeout_s: float = 30.0
    ping_interval_s: float = 10.0
    resume_window_s: float = 60.0

    @property
    def scenario(self) -> str:
        """The name or path of the scenario of spaces that are given none of their own."""
        return str(self.space.get("scenario") or options.defaults()["scenario"])
