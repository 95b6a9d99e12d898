"""What a tester is shown of a space: plain objects, as things stood when they were asked for.

Here is what any space has; what a namespace keeps is in a module of its own (``video``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from mockserver.engine import AnswerPlan, Injection, Planned, RunningClock, Space, seconds
from mockserver.engine import Coming as EngineComing
from mockserver.engine import Session as EngineSession
from mockserver.protocol.errors import ProtocolError, Refusal
from mockserver.protocol.secrets import mask_value

if TYPE_CHECKING:
    from mockserver.rest.state import Request


@dataclass(frozen=True, slots=True)
class Session:
    """A client's session.

    Attributes:
        name: what the trace calls it.
        project: the project id that it gave.
        connected: whether it has a connection; those that are away can come back.
        subscriptions: channel -> the event types that it gets there, sorted.
        missed: events that are kept for it while it is away.
    """

    name: str
    project: str
    connected: bool
    subscriptions: dict[str, list[str]]
    missed: int


@dataclass(frozen=True, slots=True)
class Clock:
    """A space's clock.

    Attributes:
        kind: ``real`` or ``manual``.
        now: unix seconds on it.
        speed: how many times as fast as real time it runs; None for a manual one.
        paused: whether a real clock has been paused.
        next_in_s: seconds on it until the space has something to do; None when it has nothing.
    """

    kind: Literal["real", "manual"]
    now: float
    speed: float | None
    paused: bool
    next_in_s: float | None


@dataclass(frozen=True, slots=True)
class Coming:
    """Something that a script will do.

    Attributes:
        what: a sentence.
        in_s: seconds on the space's clock until then; None while it waits for something to happen.
    """

    what: str
    in_s: float | None


@dataclass(frozen=True, slots=True)
class Happening:
    """A client's call, or an event sent to clients.

    Attributes:
        n: the number of its first frame in the trace.
        time: unix seconds on the space's clock.
        kind: ``call`` or ``event``.
        name: the method, or the event's type.
        params: the call's params, or the event's own.
        session: the session that called, or the first that got the event.
    """

    n: int
    time: float
    kind: Literal["call", "event"]
    name: str
    params: dict[str, Any]
    session: str | None


@dataclass(frozen=True, slots=True)
class PlannedAnswer:
    """An answer that the next calls of a method get.

    Attributes:
        n: its number among all that were planned in the space.
        method: the method.
        code: of the refusal; None when it is none.
        error: the code of the JSON-RPC error; None when it is none.
        message: of the refusal or error; None when it is neither.
        data: of the error.
        delay: seconds on the space's clock by which the call is handled late.
        after_events: whether the answer comes after the events that the call causes.
        times: how many calls will still get it.
    """

    n: int
    method: str
    code: str | None
    error: int | None
    message: str | None
    data: Mapping[str, Any] | None
    delay: float
    after_events: bool
    times: int


@dataclass(frozen=True, slots=True)
class PlannedRestAnswer:
    """An answer that the next requests of a REST operation get.

    Attributes:
        n: its number among all that were planned in the space's REST API.
        operation: the operation's id.
        status: the HTTP status.
        body: JSON; None for none.
        times: how many requests will still get it.
    """

    n: int
    operation: str
    status: int
    body: Any
    times: int


def planned_view(planned: Planned[AnswerPlan]) -> PlannedAnswer:
    """A planned answer as it stands now."""
    instead = planned.answer.instead
    return PlannedAnswer(
        n=planned.n,
        method=planned.name,
        code=instead.code if isinstance(instead, Refusal) else None,
        error=instead.code if isinstance(instead, ProtocolError) else None,
        message=None if instead is None else instead.message,
        data=(instead.data or None) if isinstance(instead, ProtocolError) else None,
        delay=seconds(planned.answer.delay_us),
        after_events=planned.answer.after_events,
        times=planned.left,
    )


def planned_rest_view(planned: Planned[tuple[int, Any]]) -> PlannedRestAnswer:
    """A planned answer of the REST API as it stands now."""
    status, body = planned.answer
    return PlannedRestAnswer(planned.n, planned.name, status, body, planned.left)


@dataclass(frozen=True, slots=True)
class RestRequest:
    """A request of the REST API.

    Attributes:
        at: when it came, in unix seconds of space time.
        method: of HTTP.
        path: without the query, decoded.
        operation: the operation's id; None when the path has none.
        query: name -> all its values.
        body: its JSON, secrets masked; None when it was empty, text when it was no JSON.
        status: of the answer; None until there is one.
    """

    at: float
    method: str
    path: str
    operation: str | None
    query: dict[str, list[str]]
    body: Any
    status: int | None


def rest_request_view(request: Request) -> RestRequest:
    """A request of the REST API as it stands now."""
    return RestRequest(
        at=seconds(request.at),
        method=request.method,
        path=request.path,
        operation=request.operation,
        query=request.query,
        body=mask_value(request.body),
        status=request.status,
    )


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault that was injected.

    Attributes:
        number: counts those of the space, from 1; it ends by it.
        name: of the catalogue.
        parameters: as they were given.
        struck: how many times it has struck.
        active: whether it may still strike, or goes on.
    """

    number: int
    name: str
    parameters: dict[str, Any]
    struck: int
    active: bool


def fault_view(space: Space, injection: Injection) -> Fault:
    """An injected fault as it stands now."""
    is_active = injection in space.faults.current()
    return Fault(
        injection.number, injection.fault.name, dict(injection.given), injection.struck, is_active
    )


def session_view(session: EngineSession) -> Session:
    """A session as it stands now."""
    return Session(
        name=session.name,
        project=session.project,
        connected=not session.is_away,
        subscriptions={channel: sorted(each) for channel, each in session.subscriptions.items()},
        missed=len(session.pending) if session.is_away else 0,
    )


def clock_view(space: Space) -> Clock:
    """A space's clock as it stands now."""
    clock, deadline = space.clock, space.next_deadline()
    return Clock(
        kind="real" if isinstance(clock, RunningClock) else "manual",
        now=seconds(space.now),
        speed=clock.speed if isinstance(clock, RunningClock) else None,
        paused=isinstance(clock, RunningClock) and clock.paused,
        next_in_s=None if deadline is None else seconds(max(0, deadline - space.now)),
    )


def coming_view(coming: EngineComing, now: int) -> Coming:
    """What a script will do, as seen at this time of the engine's."""
    when = coming.when
    return Coming(coming.what, None if when is None else seconds(max(0, when - now)))
