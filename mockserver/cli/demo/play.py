"""Plays the client's part of a scenario with the client stub, against any server."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from client_stub import (
    ROOM_EVENTS,
    CommandRefused,
    Direction,
    Frame,
    OnFrame,
    RoomMedia,
    RoomSession,
    ServerError,
    SignalWire,
    SignalWireError,
)
from mockserver.protocol import catalogue
from mockserver.scenarios import ClientStep, Command, Scenario, Trigger, complete, expected_counts
from mockserver.scenarios.commands import COMMANDS, EVERYBODY, Form

LOOK_AGAIN_S = 0.25
"""Real seconds between looks at whether anything more can come."""

Heard = tuple[str, dict[str, Any]]
"""An event's type and params, in the order in which listeners were called for them."""

_ROOM_LISTENERS = {
    name: event
    for name, event in ROOM_EVENTS.items()
    # What the client derives is not an event of the service; the other listener shows the start.
    if event in catalogue.EVENTS and event != "video.room.started"
}


@dataclass
class Played:
    """How it went: what the listeners heard, in order, and what went otherwise than it should."""

    heard: list[Heard] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


async def play(
    scenario: Scenario,
    *,
    host: str,
    project: str,
    token: str,
    speed: float = 1.0,
    timeout_s: float = 30.0,
    reconnect_delay: float = 0.05,
    on_frame: OnFrame | None = None,
    is_over: Callable[[], bool] | None = None,
) -> Played:
    """Play the client's part once, until all that the scenario expects has been heard.

    Args:
        scenario: whose client's part is played.
        host: where the server is; a URL with ``ws://`` or ``wss://`` is used as it is.
        project: the project id.
        token: the token.
        speed: how fast the server's clock runs; waits are shortened accordingly.
        timeout_s: real seconds after which it gives up, and says what it was waiting for.
        reconnect_delay: real seconds before a lost connection is tried again.
        on_frame: sees every frame, as the client does.
        is_over: whether nothing more will come unless the client says something: then it gives up
            at once. Only who runs the server can know; by default it is never over.
    """
    player = _Player(scenario, speed, is_over or (lambda: False))
    player.connect_with(
        host=host,
        project=project,
        token=token,
        reconnect_delay=reconnect_delay,
        on_frame=player.watch(on_frame),
    )
    try:
        async with asyncio.timeout(timeout_s):
            await player.run()
    except TimeoutError:
        player.give_up(f"gave up after {timeout_s:g} s")
    finally:
        await player.close()
    return player.played


class _Player:
    def __init__(self, scenario: Scenario, speed: float, is_over: Callable[[], bool]) -> None:
        self.played = Played()
        self._is_over = is_over
        self._doing = "nothing yet"
        self._frames = 0
        self._is_pausing = False
        self._scenario = scenario
        self._speed = speed
        self._client: SignalWire | None = None
        self._room: RoomSession | None = None
        self._media: dict[str | None, asyncio.Future[RoomMedia]] = {}
        self._starting: list[asyncio.Future[RoomMedia]] = []
        self._newest: str | None = None
        self._consumed: Counter[str] = Counter()
        self._ended_rooms: set[str] = set()
        self._changed = asyncio.Event()
        self._rooms: dict[str, RoomSession] = {}
        self._came: dict[str, list[dict[str, Any]]] = {}
        self._known: set[str] = set()

    def connect_with(self, **options: Any) -> None:
        self._make_client = partial(SignalWire, **options)

    def watch(self, also: OnFrame | None) -> OnFrame:
        """Keep what each event said: when its listener is called, the object may have moved on."""

        def on_frame(direction: Direction, frame: Frame) -> None:
            self._frames += 1
            if frame.get("method") == "signalwire.event" and frame["id"] not in self._known:
                # The client passes over an event that it knows, and so must this.
                self._known.add(frame["id"])
                event = frame["params"]
                self._came.setdefault(event["event_type"], []).append(event["params"])
            if also is not None:
                also(direction, frame)

        return on_frame

    async def run(self) -> None:
        """Play until all has been heard, or until there is nothing more to hear."""
        playing = asyncio.ensure_future(self._play())
        frames = -1
        try:
            while not (await asyncio.wait({playing}, timeout=LOOK_AGAIN_S))[0]:
                # What was said a moment ago may still be on its way to a listener.
                if self._frames == frames and not self._is_pausing and self._is_over():
                    self.give_up("the server has nothing left to do")
                    return
                frames = self._frames
            playing.result()
        finally:
            playing.cancel()
            await asyncio.gather(playing, return_exceptions=True)

    def give_up(self, reason: str) -> None:
        """Note why the playing ends before its time, and what it was at."""
        self.played.problems.append(f"{reason}: {self._doing}")

    async def _play(self) -> None:
        if not self._scenario.client and not self._scenario.expect:
            self.played.problems.append(
                "the scenario has neither a client part to play nor expectations to judge by"
            )
            return
        for step in self._scenario.client:
            self._doing = step.explain()
            await self._take(step)
        listens = None if self._scenario.client else await self._begin_to_listen()
        while not complete(self._scenario, self.played.heard):
            self._doing = f"waiting for all of: {', '.join(self._missing())}"
            await self._wait_for_change()
            if listens is not None:
                await listens()

    async def _begin_to_listen(self) -> Callable[[], Awaitable[None]]:
        """Be the client of a scenario without one: it only listens, to all rooms and to each.

        Gives what to do after each change: listen to the rooms that have started since.
        """
        await self._connect(Command("connect"))
        await self._listen(Command("listen", {"to": "video"}))
        listened: set[str] = set()

        async def listen_to_new_rooms() -> None:
            for room_id, room in list(self._rooms.items()):
                if room_id not in listened:
                    listened.add(room_id)
                    self._room = room
                    await self._listen(Command("listen", {"to": "room"}))

        return listen_to_new_rooms

    async def close(self) -> None:
        for starting in self._starting:
            starting.cancel()
        await asyncio.gather(*self._starting, return_exceptions=True)
        if self._client is not None:
            await self._client.close()

    def _missing(self) -> list[str]:
        heard = Counter(event for event, _ in self.played.heard)
        wanted = Counter(expected_counts(self._scenario))
        return [f"{count} {event}" for event, count in (wanted - heard).items()]

    # Steps

    async def _take(self, step: ClientStep) -> None:
        if step.on is not None:
            await self._wait_for(step.on)
        if step.after_us:
            self._is_pausing = True
            await asyncio.sleep(step.after_us / 1_000_000 / self._speed)
            self._is_pausing = False
        for command in step.commands:
            try:
                await self._do(command, settled=step.refused is not None)
            except (CommandRefused, ServerError) as error:
                if error.code != step.refused:
                    self.played.problems.append(f"{command.explain()}: {error}")
            except SignalWireError as error:
                self.played.problems.append(f"{command.explain()}: {error}")
            else:
                if step.refused is not None:
                    self.played.problems.append(
                        f"{command.explain()}: should have been refused with {step.refused}"
                    )

    async def _wait_for(self, trigger: Trigger) -> None:
        event = trigger.value
        number = trigger.nth if trigger.nth is not None else self._consumed[event] + 1
        while True:
            seen = [subject for name, subject in self.played.heard if name == event]
            if len(seen) >= number:
                break
            await self._wait_for_change()
        self._consumed[event] = max(self._consumed[event], number)
        room_session = seen[number - 1].get("room_session")
        if room_session is not None:
            self._room = self._rooms.get(room_session["id"])

    async def _wait_for_change(self) -> None:
        self._changed.clear()
        await self._changed.wait()

    async def _do(self, command: Command, *, settled: bool) -> None:
        form, args = COMMANDS[command.verb], dict(command.args)
        method = form.method or command.verb
        if command.verb in _COMMANDS:
            await _COMMANDS[command.verb](self, command)
        elif form.starts is not None:
            starting = self._start(method, args)
            if settled:
                await starting
        elif form.adopts is not None:
            await self._adopt(method)
        elif form.kinds:
            media = await self._media[args.pop("media", self._newest)]
            await getattr(media, method)(**args, **form.given)
        else:
            await self._control(method, form, args)

    # Commands

    async def _connect(self, command: Command) -> None:
        self._client = await self._make_client()

    async def _disconnect(self, command: Command) -> None:
        await self._connected().close()

    async def _listen(self, command: Command) -> None:
        if command.args["to"] == "video":
            await self._connected().video.listen(
                on_room_started=partial(self._hear, "video.room.started"),
                on_room_ended=partial(self._hear, "video.room.ended"),
            )
        else:
            listeners: dict[str, Any] = {
                name: partial(self._hear, event) for name, event in _ROOM_LISTENERS.items()
            }
            await self._in_room().listen(**listeners)

    async def _get_rooms(self, command: Command) -> None:
        rooms = await self._connected().video.get_room_sessions()
        if rooms:
            self._room = rooms[-1]

    async def _get_room(self, command: Command) -> None:
        self._room = await self._connected().video.get_room_session_by_id(self._in_room().id)

    def _start(self, method: str, args: dict[str, Any]) -> asyncio.Future[RoomMedia]:
        self._newest = args.pop("as", None)
        start: Awaitable[RoomMedia] = getattr(self._in_room(), method)(**args)
        starting = asyncio.ensure_future(start)
        self._media[self._newest] = starting
        self._starting.append(starting)
        return starting

    async def _adopt(self, method: str) -> None:
        for media in await getattr(self._in_room(), method)():
            if not media.has_ended:
                self._newest = media.id
                self._media[media.id] = asyncio.get_running_loop().create_future()
                self._media[media.id].set_result(media)

    async def _control(self, method: str, form: Form, args: dict[str, Any]) -> None:
        room = self._in_room()
        if "member" in args:
            args["member_id"] = await self._member_id(room, args.pop("member"))
        await getattr(room, method)(**args, **form.given)

    async def _member_id(self, room: RoomSession, name: str) -> str:
        """The id of the member of that name; the name itself, for the server to refuse, if none."""
        if name == EVERYBODY:
            return name
        return next((each.id for each in await room.get_members() if each.name == name), name)

    def _connected(self) -> SignalWire:
        if self._client is None:
            raise SignalWireError("not connected yet")
        return self._client

    def _in_room(self) -> RoomSession:
        if self._room is None:
            raise SignalWireError("no room is known yet")
        return self._room

    def _hear(self, event: str, subject: Any) -> None:
        if isinstance(subject, RoomSession):
            self._rooms[subject.id] = subject
        if event == "video.room.ended":
            # One event, told to the listeners of all rooms and to those of the room.
            if subject.id in self._ended_rooms:
                return
            self._ended_rooms.add(subject.id)
        number = sum(name == event for name, _ in self.played.heard)
        self.played.heard.append((event, self._came[event][number]))
        self._changed.set()


_COMMANDS: dict[str, Callable[[_Player, Command], Awaitable[None]]] = {
    "connect": _Player._connect,
    "disconnect": _Player._disconnect,
    "listen": _Player._listen,
    "get_rooms": _Player._get_rooms,
    "get_room": _Player._get_room,
}
"""Commands that are more than a method of the room, or of what runs in it."""
