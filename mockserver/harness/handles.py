"""The mock for coroutines: ``MockServer`` and its handles."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, Self, Unpack

from mockserver.control.options import SpaceOptions
from mockserver.control.options import given as given_options
from mockserver.control.video import Member, Performed, Recording, Room
from mockserver.control.views import Fault, Happening

from .former import formerly
from .looking import RoomLook, ServerLook, SpaceLook, given, one


class SpaceHandle(SpaceLook):
    """The tester's hand on one space. Gives ``url``, ``project`` and ``token`` to clients.

    Methods that change something act as the service or as a person in the room, and return once
    the resulting frames were sent. They raise ``Refusal`` (404, 409) when the state does not allow
    it, and ``ControlError`` for what does not make sense.
    """

    async def start_room(
        self,
        name: str | None = None,
        *,
        members: int | Sequence[str] = 1,
        display_name: str | None = None,
        wait: bool = True,
    ) -> RoomHandle:
        """People join a room, which starts it.

        Args:
            name: the room's name; None invents one by the seed.
            members: who is in it from the start: how many, or their names.
            display_name: what people see; the name when None.
            wait: whether to return when its events have been sent, latency included.
        """
        __tracebackhide__ = True
        room = await self._thread.do_async(
            self._deed(
                lambda control: control.video.start_room(
                    name, members=members, display_name=display_name, wait=wait
                )
            )
        )
        return RoomHandle(self, room)

    def room(self, which: str) -> RoomHandle:
        """The room of this name or session id, whoever started it. Raises Refusal 404."""
        __tracebackhide__ = True
        return RoomHandle(self, self._look(lambda control: control.video.room(which)))

    async def perform(
        self, verb: str, room: str | None = None, *, wait: bool = True, **arguments: Any
    ) -> Performed | None:
        """Do anything that a scenario's script can do.

        Args:
            verb: ``join``, ``stop_recording``, ``drop_connections``, ….
            room: a room's name or session id; None: the only one that is running.
            wait: whether to return when its events have been sent, latency included.
            arguments: those of the action.

        Returns:
            What it was done to, as it stands now.
        """
        __tracebackhide__ = True
        return await self._thread.do_async(
            self._deed(lambda control: control.perform(verb, room, wait=wait, **arguments))
        )

    async def drop_connections(self) -> None:
        """Cut every socket of the space without a word, as a broken network would."""
        __tracebackhide__ = True
        await self.perform("drop_connections")

    async def disconnect(self) -> None:
        """Tell every client to disconnect; its socket is closed once it has answered."""
        __tracebackhide__ = True
        await self.perform("disconnect")

    async def set_latency(self, latency: float | str) -> None:
        """From now on events follow their cause by this much: seconds, or ``"250ms"``."""
        __tracebackhide__ = True
        await self.perform("set_latency", latency=latency)

    async def fault(self, name: str, **parameters: Any) -> Fault:
        """Inject a fault: the mock does something wrong on purpose, from now on.

        ``fault("duplicate", events="video.recording.*", times=1)``; ``docs/FAULTS.md`` has all.

        Args:
            name: of the catalogue.
            parameters: its own, and for which frames (``events``, ``method``, ``session``,
                ``room``), how often (``times``, ``probability``) and how long (``for_``).

        Returns:
            The fault as it stands; its ``number`` is for ``end_fault``.

        Raises:
            FaultError: no such fault, or parameters that do not fit.
        """
        __tracebackhide__ = True
        given = {key.removesuffix("_"): value for key, value in parameters.items()}
        return await self._thread.do_async(self._deed(lambda control: control.fault(name, given)))

    async def push(
        self, frame: dict[str, Any], *, session: str | None = None, valid: bool = True
    ) -> list[str]:
        """Send a frame of your own.

        Args:
            frame: the whole frame.
            session: its receiver's name in the trace (``s1``); None: all that are connected.
            valid: whether it has to fit its schema, or else raises InvalidFrame.

        Returns:
            The names of the sessions that it was sent to.
        """
        __tracebackhide__ = True
        return await self._thread.do_async(
            self._deed(lambda control: control.push(frame, session=session, valid=valid))
        )

    async def push_event(
        self,
        event_type: str,
        params: dict[str, Any],
        *,
        channel: str,
        session: str | None = None,
        valid: bool = True,
    ) -> list[str]:
        """Send an event with these params on this channel; as ``push`` does."""
        __tracebackhide__ = True
        return await self._thread.do_async(
            self._deed(
                lambda control: control.push_event(
                    event_type, params, channel=channel, session=session, valid=valid
                )
            )
        )

    @formerly(seconds="by")
    async def advance(self, by: float | str, *, acknowledged: bool = True) -> float:
        """Move a manual clock; all that falls due on the way happens, each at its own time.

        Args:
            by: how far: ``"5s"``, or a number of seconds; 0 waits only until clients have had what
                was sent. (``seconds=`` is its old name.)
            acknowledged: whether clients that acknowledge events must have done so, at every step.

        Returns:
            The new time, in unix seconds.

        Raises:
            ControlError: the clock is not a manual one, or ``by`` is negative.
            ValueError: ``by`` is not a duration.
            TimeoutError: a client did not acknowledge within five real seconds.
        """
        __tracebackhide__ = True
        return await self._thread.do_async(
            self._deed(lambda control: control.advance(by, acknowledged=acknowledged))
        )

    async def run_until_idle(self, *, acknowledged: bool = True) -> float:
        """Move a manual clock until nothing is left to do; as ``advance``."""
        __tracebackhide__ = True
        return await self._thread.do_async(
            self._deed(lambda control: control.run_until_idle(acknowledged=acknowledged))
        )

    async def wait_for(
        self,
        name: str,
        params: Mapping[str, Any] | None = None,
        timeout: float | str = 5.0,  # noqa: ASYNC109 - the message on expiry is the point of it
    ) -> Happening:
        """Wait for a call or an event that no earlier wait has returned; it may have come already.

        Args:
            name: a method or an event type.
            params: a subset of the params that it must have; others of the name are passed over.
            timeout: real time: ``"250ms"``, or a number of seconds.

        Raises:
            TimeoutError: it did not come; shows the nearest that did, and the timeline.
            UnknownName: there is no such method or event type.
        """
        __tracebackhide__ = True
        return await self._thread.do_async(
            self._deed(lambda control: control.happenings.wait_for(name, params, timeout))
        )


class RoomHandle(RoomLook):
    """The tester's hand on one room session; what acts raises as in ``SpaceHandle``."""

    def __init__(self, space: SpaceHandle, room: Room) -> None:
        super().__init__(space, room)
        self._space = space

    async def perform(self, verb: str, **arguments: Any) -> Performed | None:
        """Do anything in this room that a scenario's script can do; as ``SpaceHandle.perform``."""
        __tracebackhide__ = True
        return await self._space.perform(verb, self.id, **arguments)

    async def end_room(self) -> None:
        """End the room; what runs in it ends first."""
        __tracebackhide__ = True
        await self.perform("end_room")

    async def join(self, name: str | None = None) -> Member:
        """A person joins; None draws the name by the seed."""
        __tracebackhide__ = True
        return one(Member, await self.perform("join", **given(name=name)))

    async def leave(self, name: str | None = None) -> None:
        """A person leaves: of this name or id, or who joined last. The last one ends the room."""
        __tracebackhide__ = True
        await self.perform("leave", **given(name=name))

    async def start_recording(self) -> Recording:
        """The service starts a recording."""
        __tracebackhide__ = True
        return one(Recording, await self.perform("start_recording"))

    async def pause_recording(self, recording: Recording | str | None = None) -> Recording:
        """The service pauses a recording: this one or of this id; None: the newest that runs."""
        __tracebackhide__ = True
        return one(Recording, await self.perform("pause_recording", **given(recording=recording)))

    async def resume_recording(self, recording: Recording | str | None = None) -> Recording:
        """The service resumes a recording; as ``pause_recording``."""
        __tracebackhide__ = True
        return one(Recording, await self.perform("resume_recording", **given(recording=recording)))

    async def stop_recording(self, recording: Recording | str | None = None) -> Recording:
        """The service stops a recording; as ``pause_recording``."""
        __tracebackhide__ = True
        return one(Recording, await self.perform("stop_recording", **given(recording=recording)))


class MockServer(ServerLook, SpaceHandle):
    """A mock server in process, and the hand on its first space.

    ::

        async with MockServer(clock="manual") as mock:
            client = await SignalWire(host=mock.url, project=mock.project, token=mock.token)
            room = await mock.start_room("standup", members=["Ann", "Bob"])

    Takes the arguments of ``ServerLook``.
    """

    def space(self, project: str, **options: Unpack[SpaceOptions]) -> SpaceHandle:
        """The hand on a project's space, which is made when there is none yet.

        Args:
            project: the project id.
            options: what it is made with, see ``SpaceOptions``; what is left out is as the server
                was started.

        Raises:
            ValueError: there is a space already, and options were given; or one that cannot be.
            ScenarioError, UnknownScenarioError: the scenario is faulty or not there.
        """
        __tracebackhide__ = True
        handle = SpaceHandle(self._thread, project)
        handle._open(given_options(options))
        return handle

    async def start(self) -> None:
        """Listen; what ``async with`` does on entering."""
        __tracebackhide__ = True
        await asyncio.to_thread(self._thread.start)
        try:
            self._open({})
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """Close every connection and the port; the trace can still be read."""
        await asyncio.to_thread(self._thread.stop)

    async def __aenter__(self) -> Self:
        __tracebackhide__ = True
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        __tracebackhide__ = True
        await self.stop()
        if error is None:
            self._thread.check_bugs()
