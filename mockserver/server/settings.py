"""What a server is started with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from mockserver.engine import DEFAULT_LATENCY_US
from mockserver.scenarios import Scenario

ClockKind = Literal["real", "manual"]


@dataclass(frozen=True, slots=True)
class SpaceSettings:
    """What one space is made with; None takes what the server was started with.

    Attributes:
        scenario: the name or path of the script, or a scenario that has been read; ``"none"`` for
            a space in which nothing happens by itself.
        seed: with the space's name, decides its ids and names.
        clock: ``real`` follows real time, ``manual`` stands still until it is advanced.
        speed: how fast a real clock runs.
        latency_us: microseconds of space time between a cause and its events. None: 0 with a manual
            clock, on which nothing should be stuck, else the server's.
    """

    scenario: str | Scenario | None = None
    seed: int | None = None
    clock: ClockKind | None = None
    speed: float | None = None
    latency_us: int | None = None

    def clock_or(self, server: Settings) -> ClockKind:
        """The kind of clock, with the server's for none chosen."""
        return self.clock or server.clock


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that decides how a server behaves.

    Attributes:
        host: the address to listen on; loopback unless told otherwise.
        port: 0 takes a free one.
        scenario: name or path of the scenario of spaces whose client names none.
        seed: with a space's name, decides its ids and names.
        clock: ``real`` follows real time, ``manual`` stands still until it is advanced.
        speed: how fast the spaces' real clocks run; 1.0 is real time.
        latency_us: microseconds of space time between a cause and its events, unless a scenario
            says otherwise; None: 0 with a manual clock, else 30 ms.
        credentials: project -> token; None accepts any.
        control_token: what the control API asks for. None: nothing on loopback, and on any other
            host a token of the run's own, which is printed and in the ready file.
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
    scenario: str = "demo"
    seed: int = 0
    clock: ClockKind = "real"
    speed: float = 1.0
    latency_us: int | None = None
    credentials: Mapping[str, str] | None = field(default=None)
    control_token: str | None = None
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

    def latency_for(self, clock: ClockKind) -> int:
        """The latency of a space with such a clock that was given none of its own."""
        if self.latency_us is not None:
            return self.latency_us
        return 0 if clock == "manual" else DEFAULT_LATENCY_US
