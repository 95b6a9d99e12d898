"""Blocking versions of the classes in ``handles``; see there for the full documentation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, Self, Unpack

from mockserver.control.options import SpaceOptions
from mockserver.control.options import given as given_options
from mockserver.control.video import Member, Performed, Recording, Room
from mockserver.control.views import Fault, Happening

from .former import formerly
from .looking import RoomLook, ServerLook, SpaceLook, given, one


class SyncSpaceHandle(SpaceLook):
    """The tester's hand on one space. Gives ``url``, ``project`` and ``token`` to clients.

    Methods that change something act as the service or as a person in the room, and return once
    the resulting frames were sent. They raise ``Refusal`` (404, 409) when the state does not allow
    it, and ``ControlError`` for what does not make sense.
    """

    def start_room(
        self,
        name: str | None = None,
        *,
        members: int | Sequence[str] = 1,
        display_name: str | None = None,
        wait: bool = True,
    ) -> SyncRoomHandle:
        """People join a room, which starts it."""
        __tracebackhide__ = True
        room = self._thread.do(
            self._deed(
                lambda control: control.video.start_room(
                    name, members=members, display_name=display_name, wait=wait
                )
            )
        )
        return SyncRoomHandle(self, room)

    def room(self, which: str) -> SyncRoomHandle:
        """The room of this name or session id, whoever started it. Raises Refusal 404."""
        __tracebackhide__ = True
        return SyncRoomHandle(self, self._look(lambda control: control.video.room(which)))

    def perform(
        self, verb: str, room: str | None = None, *, wait: bool = True, **arguments: Any
    ) -> Performed | None:
        """Do anything that a scenario's script can do."""
        __tracebackhide__ = True
        return self._thread.do(
            self._deed(lambda control: control.perform(verb, room, wait=wait, **arguments))
        )

    def drop_connections(self) -> None:
        """Cut every socket of the space without a word, as a broken network would."""
        __tracebackhide__ = True
        self.perform("drop_connections")

    def disconnect(self) -> None:
        """Tell every client to disconnect; its socket is closed once it has answered."""
        __tracebackhide__ = True
        self.perform("disconnect")

    def set_latency(self, latency: float | str) -> None:
        """From now on events follow their cause by this much: seconds, or ``"250ms"``."""
        __tracebackhide__ = True
        self.perform("set_latency", latency=latency)

    def fault(self, name: str, **parameters: Any) -> Fault:
        """Inject a fault: the mock does something wrong on purpose, from now on."""
        __tracebackhide__ = True
        given = {key.removesuffix("_"): value for key, value in parameters.items()}
        return self._thread.do(self._deed(lambda control: control.fault(name, given)))

    def push(
        self, frame: dict[str, Any], *, session: str | None = None, valid: bool = True
    ) -> list[str]:
        """Send a frame of your own."""
        __tracebackhide__ = True
        return self._thread.do(
            self._deed(lambda control: control.push(frame, session=session, valid=valid))
        )

    def push_event(
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
        return self._thread.do(
            self._deed(
                lambda control: control.push_event(
                    event_type, params, channel=channel, session=session, valid=valid
                )
            )
        )

    @formerly(seconds="by")
    def advance(self, by: float | str, *, acknowledged: bool = True) -> float:
        """Move a manual clock; all that falls due on the way happens, each at its own time."""
        __tracebackhide__ = True
        return self._thread.do(
            self._deed(lambda control: control.advance(by, acknowledged=acknowledged))
        )

    def run_until_idle(self, *, acknowledged: bool = True) -> float:
        """Move a manual clock until nothing is left to do; as ``advance``."""
        __tracebackhide__ = True
        return self._thread.do(
            self._deed(lambda control: control.run_until_idle(acknowledged=acknowledged))
        )

    def wait_for(
        self,
        name: str,
        params: Mapping[str, Any] | None = None,
        timeout: float | str = 5.0,
    ) -> Happening:
        """Wait for a call or an event that no earlier wait has returned."""
        __tracebackhide__ = True
        return self._thread.do(
            self._deed(lambda control: control.happenings.wait_for(name, params, timeout))
        )


class SyncRoomHandle(RoomLook):
    """The tester's hand on one room session; what acts raises as in ``SyncSpaceHandle``."""

    def __init__(self, space: SyncSpaceHandle, room: Room) -> None:
        super().__init__(space, room)
        self._space = space

    def perform(self, verb: str, **arguments: Any) -> Performed | None:
        """Do anything in this room that a script can do; as ``SyncSpaceHandle.perform``."""
        __tracebackhide__ = True
        return self._space.perform(verb, self.id, **arguments)

    def end_room(self) -> None:
        """End the room; what runs in it ends first."""
        __tracebackhide__ = True
        self.perform("end_room")

    def join(self, name: str | None = None) -> Member:
        """A person joins; None draws the name by the seed."""
        __tracebackhide__ = True
        return one(Member, self.perform("join", **given(name=name)))

    def leave(self, name: str | None = None) -> None:
        """A person leaves: of this name or id, or who joined last. The last one ends the room."""
        __tracebackhide__ = True
        self.perform("leave", **given(name=name))

    def start_recording(self) -> Recording:
        """The service starts a recording."""
        __tracebackhide__ = True
        return one(Recording, self.perform("start_recording"))

    def pause_recording(self, recording: Recording | str | None = None) -> Recording:
        """The service pauses a recording: this one or of this id; None: the newest that runs."""
        __tracebackhide__ = True
        return one(Recording, self.perform("pause_recording", **given(recording=recording)))

    def resume_recording(self, recording: Recording | str | None = None) -> Recording:
        """The service resumes a recording; as ``pause_recording``."""
        __tracebackhide__ = True
        return one(Recording, self.perform("resume_recording", **given(recording=recording)))

    def stop_recording(self, recording: Recording | str | None = None) -> Recording:
        """The service stops a recording; as ``pause_recording``."""
        __tracebackhide__ = True
        return one(Recording, self.perform("stop_recording", **given(recording=recording)))


class SyncMockServer(ServerLook, SyncSpaceHandle):
    """A mock server in process, and the hand on its first space.

    ::

        with SyncMockServer(clock="manual") as mock:
            app = MyApp(mock.url, mock.project, mock.token)     # blocking, or with a thread
            room = mock.start_room("standup", members=["Ann", "Bob"])

    Takes the arguments of ``ServerLook``.
    """

    def space(self, project: str, **options: Unpack[SpaceOptions]) -> SyncSpaceHandle:
        """The hand on a project's space, which is made when there is none yet."""
        __tracebackhide__ = True
        handle = SyncSpaceHandle(self._thread, project)
        handle._open(given_options(options))
        return handle

    def start(self) -> None:
        """Listen; what ``with`` does on entering."""
        __tracebackhide__ = True
        self._thread.start()
        try:
            self._open({})
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Close every connection and the port; the trace can still be read."""
        self._thread.stop()

    def __enter__(self) -> Self:
        __tracebackhide__ = True
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        __tracebackhide__ = True
        self.stop()
        if error is None:
            self._thread.check_bugs()
