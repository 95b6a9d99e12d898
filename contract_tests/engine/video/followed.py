"""A room with people in it, a client that follows it, and what can be done to it."""

from __future__ import annotations

from typing import Any

from mockserver.engine import Activity
from mockserver.engine.video.actions import ROOM_ACTIONS
from mockserver.engine.video.room import Member

from ..harness import START_PARAMS, VERB_PARAMS, Event, World


class FollowedRoom:
    """A room with Ann, Bob and Carl; a client follows it from before anything happened in it."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.client = world.connected()
        self.session = world.start_room(members=["Ann", "Bob", "Carl"])
        self.client.follow(self.session)
        self._seen = 0

    def call(self, verb: str, **params: Any) -> dict[str, Any]:
        """The result of ``video.VERB`` about this room."""
        return self.client.result(f"video.{verb}", room_session_id=self.session.id, **params)

    def done(self, verb: str, **params: Any) -> None:
        """Make a call that must not be refused."""
        assert self.call(verb, **params) == {"code": "200", "message": "OK"}

    def perform(self, verb: str, **arguments: Any) -> Member | Activity | None:
        """Have something happen in the room, by the table of actions."""
        return self.world.do(ROOM_ACTIONS[verb], self.world.video, self.session, arguments)

    # What came

    def told(self) -> list[Event]:
        """The events since it was last asked."""
        self.world.wait(self.world.latency_us)
        new = self.client.events[self._seen :]
        self._seen = len(self.client.events)
        return new

    def told_types(self) -> list[str]:
        """The same, only their types: ``room.updated``, …."""
        return [event.removeprefix("video.") for event, _ in self.told()]

    # People

    def member(self, name: str) -> Member:
        """Somebody in the room or its audience."""
        everybody = [*self.session.members.values(), *self.session.audience.values()]
        return next(each for each in everybody if each.name == name)

    @property
    def names(self) -> list[str]:
        """Who is in the room, as clients see it."""
        return [each["name"] for each in self.call("members.get")["members"]]

    @property
    def places(self) -> dict[str, str]:
        """Who is where, as clients see it."""
        members = self.call("members.get")["members"]
        return {each["name"]: each["current_position"] for each in members}

    # Media

    def start(self, kind: str, **params: Any) -> str:
        """Start a recording, …; returns its id."""
        result = self.call(f"{kind}.start", **{**START_PARAMS[kind], **params})
        media_id: str = result[kind]["id"]
        return media_id

    def control(self, kind: str, verb: str, media_id: str, **params: Any) -> dict[str, Any]:
        """The result of pausing it, …."""
        params = {**VERB_PARAMS.get(verb, {}), **params}
        return self.call(f"{kind}.{verb}", **{f"{kind}_id": media_id}, **params)

    def listed(self, kind: str) -> list[dict[str, Any]]:
        """What there is of a kind, as clients see it."""
        listed: list[dict[str, Any]] = self.call(f"{kind}.list")[f"{kind}s"]
        return listed
