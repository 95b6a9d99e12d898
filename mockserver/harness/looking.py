"""What both kinds of handles can do at once: look at a space, expect, and plan answers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from functools import cache
from typing import Any, TypeVar, Unpack
from urllib.parse import quote

from mockserver import schemas
from mockserver.control import rest
from mockserver.control.arguments import ArgumentError, check
from mockserver.control.control import SpaceControl
from mockserver.control.errors import ControlError
from mockserver.control.happenings import Wanted
from mockserver.control.options import SpaceOptions
from mockserver.control.options import given as given_options
from mockserver.control.shapes import Schema
from mockserver.control.video import Member, Playback, Recording, Room, Stream
from mockserver.control.views import (
    Fault,
    Happening,
    PlannedAnswer,
    PlannedRestAnswer,
    RestRequest,
    Session,
)
from mockserver.protocol.explanation import Problem, shorten
from mockserver.rest.state import RestSpace
from mockserver.server import Server, Settings
from mockserver.server.tls import Tls

from .thread import ServerThread

T = TypeVar("T")

DEFAULT_TOKEN = "token"
"""What handles give to clients; the mock takes any."""


@cache
def _project() -> Schema:
    """The schema of a project id: what a space can be called."""
    name = schemas.load("control/create_space")["properties"]["name"]
    return {"type": "object", "properties": {"project": name}, "required": ["project"]}


class ContractBroken(AssertionError):
    """A space's trace breaks rules of the contract; says which, with the frames that prove it."""


class SpaceLook:
    """A space as it is seen from outside.

    Attributes:
        project: the project id for clients; also the name of the space.
        token: a token for clients; the mock takes any.
    """

    def __init__(self, thread: ServerThread, project: str, token: str = DEFAULT_TOKEN) -> None:
        check({"project": project}, _project())
        self.project = project
        self.token = token
        self._thread = thread
        self._last: SpaceControl | None = None
        self._has_ended = False

    @property
    def url(self) -> str:
        """Where clients connect to get into this space, whatever project id they give."""
        return f"{self._thread.url}/space/{quote(self.project, safe='')}"

    @property
    def http_url(self) -> str:
        """Where the server's control API is, for tools in other languages."""
        return self._thread.http_url

    @property
    def ca_file(self) -> str | None:
        """The certificate that clients have to trust (PEM), for a server that speaks TLS.

        None on a plain port. ``ssl.create_default_context(cafile=mock.ca_file)`` is what most
        Python clients take.
        """
        return self._thread.ca_file

    @property
    def rest_url(self) -> str:
        """Where the REST API of this space is: what ``https://EXAMPLE.signalwire.com`` is else.

        Its paths begin with ``/api``. Any project and token are in this space here; at ``http_url``
        the project id decides.
        """
        return f"{self._thread.http_url}/space/{quote(self.project, safe='')}"

    @property
    def now(self) -> float:
        """The space's time: unix seconds. A manual clock begins at 2025-01-01T00:00:00Z."""
        return self._look(SpaceControl.now)

    @property
    def rooms(self) -> list[Room]:
        """The running rooms, oldest first."""
        return self._look(lambda control: control.video.rooms())

    @property
    def sessions(self) -> list[Session]:
        """The clients' sessions, those that are away too, in the order in which they connected."""
        return self._look(SpaceControl.sessions)

    @property
    def trace(self) -> list[dict[str, Any]]:
        """Every frame so far, oldest first.

        Each is ``{"n": 1, "time": 1735689600.0, "space": …, "session": "s1" or None, "direction":
        "to_server" or "to_client", "frame": {…}, "valid": True}``; what could not be read has
        ``"frame": None`` and a ``text``, and what does not fit its schema a ``problem``.
        """
        return self._look(SpaceControl.trace)

    def calls(self, method: str | None = None) -> list[Happening]:
        """What clients asked for, oldest first; None takes every method. Raises UnknownName."""
        __tracebackhide__ = True
        return self._look(lambda control: control.happenings.of(method, "call"))

    def events(self, event_type: str | None = None) -> list[Happening]:
        """What clients were sent, oldest first, each once; None takes every type.

        Raises:
            UnknownName: there is no such event type.
        """
        __tracebackhide__ = True
        return self._look(lambda control: control.happenings.of(event_type, "event"))

    def expect(
        self, name: str, params: Mapping[str, Any] | None = None, *, times: int | None = None
    ) -> list[Happening]:
        """Check what has happened so far, and give what fits.

        Args:
            name: a method (``video.recording.pause``) or an event type (``video.room.ended``).
            params: a subset of the params that it must have, to any depth.
            times: how many there must be, 0 for none; None: at least one.

        Raises:
            AssertionError: there are more or fewer. Shows the nearest that came, how they differ,
                and the timeline.
            UnknownName: there is no such method or event type.
        """
        __tracebackhide__ = True
        return self._look(lambda control: control.happenings.expect(name, params, times))

    def expect_in_order(self, *wanted: Wanted) -> list[Happening]:
        """Expect these one after another; others may stand between them.

        Args:
            wanted: names, or pairs of a name and a subset of its params.

        Raises:
            AssertionError: one did not come after those before it. Shows how far it went.
            UnknownName: there is no such method or event type.
        """
        __tracebackhide__ = True
        return self._look(lambda control: control.happenings.expect_in_order(wanted))

    @property
    def faults(self) -> list[Fault]:
        """The faults that may still strike, in the order in which they were injected."""
        return self._look(SpaceControl.faults)

    def end_fault(self, fault: Fault | int | None = None) -> None:
        """End an injected fault.

        Args:
            fault: what ``fault`` has returned, or its number; None: all faults.

        Raises:
            ControlError: it is not active.
        """
        __tracebackhide__ = True
        number = fault.number if isinstance(fault, Fault) else fault
        self._look(lambda control: control.end_fault(number))

    def answer_next(
        self,
        method: str,
        *,
        code: str | None = None,
        error: int | None = None,
        message: str = "refused by the test",
        data: Mapping[str, Any] | None = None,
        delay: float | str = 0,
        after_events: bool = False,
        times: int = 1,
    ) -> PlannedAnswer:
        """Have the next calls of a method answered otherwise.

        Args:
            method: the method.
            code: refuse with this code, such as ``"409"``; the call has no effect then.
            error: answer with a JSON-RPC error of this code instead; no effect either.
            message: of the refusal or error.
            data: of the error.
            delay: handle the call that much later on the space's clock: ``"250ms"``, or a number
                of seconds.
            after_events: send the answer after the events that the call causes.
            times: how many calls.

        Returns:
            What was planned, to be withdrawn by.

        Raises:
            ArgumentError: there is no such method, code and error contradict each other, or
                anything else makes no sense.
        """
        __tracebackhide__ = True
        return self._look(
            lambda control: control.answer_next(
                method,
                code=code,
                error=error,
                message=message,
                data=data,
                delay=delay,
                after_events=after_events,
                times=times,
            )
        )

    @property
    def planned_answers(self) -> list[PlannedAnswer]:
        """The answers that are still to be given, in the order of planning."""
        return self._look(SpaceControl.planned_answers)

    def withdraw_answer(self, planned: PlannedAnswer) -> None:
        """Forget a planned answer.

        Raises:
            Refusal: 404 when it was given already, as often as it was to be.
        """
        __tracebackhide__ = True
        self._look(lambda control: control.withdraw_answer(_number(planned)))

    def withdraw_answers(self) -> None:
        """Forget all planned answers: calls get their normal ones again."""
        __tracebackhide__ = True
        self._look(SpaceControl.withdraw_answers)

    def rest_requests(self, operation: str | None = None) -> list[RestRequest]:
        """The requests of the REST API that came, oldest first; those of an operation alone.

        Args:
            operation: its id, as ``docs/REST.md`` has it: ``create_room_token``.

        Raises:
            ArgumentError: there is no such operation.
        """
        __tracebackhide__ = True
        return self._rest(lambda kept: rest.rest_requests(kept, operation))

    def answer_rest_next(
        self, operation: str, status: int, body: Any = None, *, times: int = 1
    ) -> PlannedRestAnswer:
        """Have the next requests of a REST operation answered so; they have no effect then.

        Args:
            operation: its id, as ``docs/REST.md`` has it: ``create_room_token``.
            status: the HTTP status.
            body: JSON; None takes what the REST API has for the status.
            times: how many requests.

        Returns:
            What was planned, to be withdrawn by.

        Raises:
            ArgumentError: there is no such operation, or anything else makes no sense.
        """
        __tracebackhide__ = True
        return self._rest(lambda kept: rest.answer_rest_next(kept, operation, status, body, times))

    @property
    def planned_rest_answers(self) -> list[PlannedRestAnswer]:
        """The answers of the REST API that are still to be given, in the order of planning."""
        return self._rest(rest.planned_rest_answers)

    def withdraw_rest_answer(self, planned: PlannedRestAnswer) -> None:
        """Forget a planned answer of the REST API; as ``withdraw_answer``."""
        __tracebackhide__ = True
        self._rest(lambda kept: rest.withdraw_rest_answer(kept, _number(planned)))

    def withdraw_rest_answers(self) -> None:
        """Forget all planned answers of the REST API."""
        __tracebackhide__ = True
        self._rest(rest.withdraw_rest_answers)

    def set_speed(self, speed: float) -> None:
        """Have a real clock run this many times as fast from now on; raises ControlError."""
        __tracebackhide__ = True
        self._look(lambda control: control.set_speed(speed))

    def check_contract(self, *, ignore: Iterable[str] = ()) -> None:
        """Check the trace against the rules of the contract.

        Args:
            ignore: names of rules that do not matter here, as ``mockserver rules`` lists them.

        Raises:
            ContractBroken: rules are broken; shows them and the frames that prove it.
        """
        __tracebackhide__ = True
        ignored = ignore if isinstance(ignore, str) else list(ignore)
        broken = self._look(lambda control: control.violations(ignored))
        if broken:
            raise ContractBroken(broken)

    @property
    def script_failures(self) -> list[str]:
        """What the scenario's script was to do and could not: a sentence each, with file and line.

        A step that says ``optional: true`` is not among them.
        """
        __tracebackhide__ = True
        return self._look(lambda control: list(control.space.script.failures))

    def end_space(self) -> None:
        """End the space and the connections in it; one can still look back at it."""
        __tracebackhide__ = True

        def end(server: Server) -> None:
            self._last = self._control(server)
            self._has_ended = True
            server.spaces.delete(self.project)

        self._thread.look(end)

    def timeline(self, last: int | None = None) -> str:
        """The trace as text, a line per frame; ``last`` takes only so many of the last ones."""
        return self._look(lambda control: control.happenings.timeline(last))

    @property
    def chaos(self) -> str:
        """What chaos has injected, and what of it struck; "" without chaos."""
        return self._look(lambda control: str(control.space.faults.chaos or ""))

    def _open(self, chosen: SpaceOptions) -> None:
        """Make the space, unless there is one and nothing is asked of it; raises ValueError."""
        __tracebackhide__ = True

        def make(server: Server) -> None:
            if self.project not in server.spaces or chosen:
                server.spaces.create(self.project, chosen)
            self._last = server.spaces.control(self.project)

        self._thread.look(make)

    def _look(self, question: Callable[[SpaceControl], T]) -> T:
        __tracebackhide__ = True

        def ask(server: Server) -> T:
            try:
                self._last = self._control(server)
            except ControlError:
                # A space that was ended can still be looked back at.
                if self._last is None:
                    raise
            self._last.space.finish()
            return question(self._last)

        return self._thread.look(ask)

    def _rest(self, question: Callable[[RestSpace], T]) -> T:
        __tracebackhide__ = True

        def ask(server: Server) -> T:
            return question(server.spaces.rest(self._control(server).space))

        return self._thread.look(ask)

    def _deed(
        self, deed: Callable[[SpaceControl], Awaitable[T]]
    ) -> Callable[[Server], Awaitable[T]]:
        async def do(server: Server) -> T:
            return await deed(self._control(server))

        return do

    def _control(self, server: Server) -> SpaceControl:
        # A client that comes back makes a space of the name again, but that is another one.
        if self._has_ended or self.project not in server.spaces:
            raise ControlError(f'there is no space "{self.project}" any more')
        return server.spaces.control(self.project)


class RoomLook:
    """A room session as it is seen from outside; what it says of its state is as of now.

    Attributes:
        id: the room session's id.
        room_id: the room's id.
        name: the room's name.
        display_name: what people see.
    """

    def __init__(self, space: SpaceLook, room: Room) -> None:
        self.id = room.id
        self.room_id = room.room_id
        self.name = room.name
        self.display_name = room.display_name
        self._look = space._look

    @property
    def recordings(self) -> list[Recording]:
        """Its recordings, completed ones too, oldest first."""
        return list(self.state.recordings)

    @property
    def playbacks(self) -> list[Playback]:
        """What is or was played to it, oldest first."""
        return list(self.state.playbacks)

    @property
    def streams(self) -> list[Stream]:
        """Its streams, completed ones too, oldest first."""
        return list(self.state.streams)

    @property
    def members(self) -> list[Member]:
        """Who is in it, in the order of joining."""
        return list(self.state.members)

    @property
    def ended(self) -> bool:
        """Whether it is over."""
        return self.state.ended

    @property
    def state(self) -> Room:
        """All of it, as it stands now."""
        return self._look(lambda control: control.video.room(self.id))


class ServerLook(SpaceLook):
    """A server, and the space that its own project is.

    Args:
        project: the project id of the first space.
        host: the address to listen on.
        port: 0 takes a free one.
        tls: whether it speaks TLS, by a certificate of its own (needs the extra ``tls``); or how.
        options: what spaces are made with, see ``SpaceOptions``; nothing happens in them by itself
            unless a ``scenario`` is given.

    Making one raises ValueError for an option that cannot be. Entering raises OSError when the
    address cannot be had, TlsError when the certificate cannot, and ScenarioError or
    UnknownScenarioError; leaving raises MockServerBug when the mock itself was at fault.
    """

    def __init__(
        self,
        *,
        project: str = "project",
        host: str = "127.0.0.1",
        port: int = 0,
        tls: bool | Tls = False,
        **options: Unpack[SpaceOptions],
    ) -> None:
        chosen: SpaceOptions = {"scenario": "none", **given_options(options)}
        how = tls if isinstance(tls, Tls) else Tls() if tls else None
        settings = Settings(host=host, port=port, space=chosen, tls=how)
        super().__init__(ServerThread(settings), project)

    @property
    def url(self) -> str:
        """Where clients connect; their project id says which space they get into."""
        return self._thread.url


def _number(planned: object) -> int:
    if not isinstance(planned, PlannedAnswer | PlannedRestAnswer):
        found = shorten(ascii(planned))
        raise ArgumentError([Problem("$.planned", "what answer_next returned", found)])
    return planned.n


def one(kind: type[T], result: object) -> T:
    """The result of an action, which is of this kind."""
    if not isinstance(result, kind):
        raise TypeError(f"the action gave {result!r}, which is no {kind.__name__}")
    return result


def given(**arguments: Any) -> dict[str, Any]:
    """The arguments that were given: those that are not None, recordings and the like by id."""
    return {
        key: value.id if isinstance(value, Recording | Playback | Stream) else value
        for key, value in arguments.items()
        if value is not None
    }
