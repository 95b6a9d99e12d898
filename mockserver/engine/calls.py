"""What a client can call, one row each: method -> what is done for it.

Handlers change the space and return the result; the answer is sent before the events that they
caused. They refuse by raising Refusal. Parameters have passed their schema already.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from mockserver.protocol.lifecycles import LIFECYCLES

if TYPE_CHECKING:
    from .session import Session
    from .space import Space

Params = dict[str, Any]
Result = dict[str, Any]
Handler = Callable[["Space", "Session", Params], Result]


def _ok(**more: Any) -> Result:
    return {"code": "200", "message": "OK", **more}


def _ping(space: Space, session: Session, params: Params) -> Result:
    return {"timestamp": params["timestamp"]} if "timestamp" in params else {}


def _subscribe(space: Space, session: Session, params: Params) -> Result:
    space.subscribe(
        session,
        params["event_channel"],
        params["events"],
        initial_state=params.get("get_initial_state", False),
    )
    return _ok()


def _unsubscribe(space: Space, session: Session, params: Params) -> Result:
    space.unsubscribe(session, params["event_channel"], params["events"])
    return _ok()


def _disconnect(space: Space, session: Session, params: Params) -> Result:
    space.say_goodbye(session)
    return {}


def _rooms_get(space: Space, session: Session, params: Params) -> Result:
    return _ok(rooms=[room.as_wire(full=True) for room in space.rooms.values()])


def _room_get(space: Space, session: Session, params: Params) -> Result:
    return _ok(room=space.room(params["room_session_id"]).as_wire(full=True))


def _members_get(space: Space, session: Session, params: Params) -> Result:
    room = space.room(params["room_session_id"])
    return _ok(members=[member.as_wire() for member in room.members.values()])


def _start(kind: str) -> Handler:
    def handle(space: Space, session: Session, params: Params) -> Result:
        media = space.start_media(space.room(params["room_session_id"]), kind)
        return _ok(**{kind: media.as_wire()})

    return handle


def _act(kind: str, verb: str) -> Handler:
    def handle(space: Space, session: Session, params: Params) -> Result:
        room = space.room(params["room_session_id"])
        space.act(room, room.find(kind, params[f"{kind}_id"]), verb)
        return _ok()

    return handle


def _list(kind: str) -> Handler:
    def handle(space: Space, session: Session, params: Params) -> Result:
        room = space.room(params["room_session_id"])
        return _ok(**{f"{kind}s": [each.as_wire() for each in room.media[kind].values()]})

    return handle


CALLS: dict[str, Handler] = {
    "signalwire.ping": _ping,
    "signalwire.subscribe": _subscribe,
    "signalwire.unsubscribe": _unsubscribe,
    "signalwire.disconnect": _disconnect,
    "video.rooms.get": _rooms_get,
    "video.room.get": _room_get,
    "video.members.get": _members_get,
}
"""All calls but ``signalwire.connect``, which makes the session that the others need."""

for _kind, _lifecycle in LIFECYCLES.items():
    CALLS[f"video.{_kind}.start"] = _start(_kind)
    CALLS[f"video.{_kind}.list"] = _list(_kind)
    for _verb in _lifecycle.verbs:
        CALLS[f"video.{_kind}.{_verb}"] = _act(_kind, _verb)
