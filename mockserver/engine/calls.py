"""What a client can call, one row each: method -> what is done for it.

Handlers change the space and return the result; the answer is sent before the events that they
caused. They refuse by raising Refusal. Parameters have passed their schema already.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import TYPE_CHECKING, Any

from mockserver.protocol.errors import Refusal
from mockserver.protocol.lifecycles import LIFECYCLES

from .layout import LAYOUTS
from .properties import EVERYBODY, MEMBER_SETTERS, META_VERBS, ROOM_SETTERS, Setter, changed_meta

if TYPE_CHECKING:
    from .room import Member, RoomSession
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
    return _ok(rooms=[room.as_wire(space.now, full=True) for room in space.rooms.values()])


def _room_get(space: Space, session: Session, params: Params) -> Result:
    return _ok(room=space.room(params["room_session_id"]).as_wire(space.now, full=True))


def _members_get(space: Space, session: Session, params: Params) -> Result:
    room = space.room(params["room_session_id"])
    return _ok(members=[member.as_wire() for member in room.members.values()])


def _start(kind: str) -> Handler:
    def handle(space: Space, session: Session, params: Params) -> Result:
        # How long something is, is not for a client to say: the wire has no such param.
        told = {key: value for key, value in params.items() if key != "length_us"}
        media = space.start_media(space.room(params["room_session_id"]), kind, told)
        return _ok(**{kind: media.as_wire(space.now)})

    return handle


def _act(kind: str, verb: str) -> Handler:
    def handle(space: Space, session: Session, params: Params) -> Result:
        room = space.room(params["room_session_id"])
        space.act(room, room.find(kind, params[f"{kind}_id"]), verb, params)
        return _ok()

    return handle


def _list(kind: str) -> Handler:
    def handle(space: Space, session: Session, params: Params) -> Result:
        room = space.room(params["room_session_id"])
        return _ok(**{f"{kind}s": [each.as_wire(space.now) for each in room.media[kind].values()]})

    return handle


def _layouts(space: Space, session: Session, params: Params) -> Result:
    space.room(params["room_session_id"])
    return _ok(layouts=list(LAYOUTS))


def _set_layout(space: Space, session: Session, params: Params) -> Result:
    room = space.room(params["room_session_id"])
    space.set_layout(room, params["name"], params.get("positions", {}))
    return _ok()


def _set_positions(space: Space, session: Session, params: Params) -> Result:
    space.set_positions(space.room(params["room_session_id"]), params["positions"])
    return _ok()


def _set_room(setter: Setter) -> Handler:
    def handle(space: Space, session: Session, params: Params) -> Result:
        room = space.room(params["room_session_id"])
        space.change_room(room, setter.values_from(params))
        return _ok()

    return handle


def _get_room_meta(space: Space, session: Session, params: Params) -> Result:
    return _ok(meta=deepcopy(space.room(params["room_session_id"]).properties["meta"]))


def _change_room_meta(verb: str) -> Handler:
    def handle(space: Space, session: Session, params: Params) -> Result:
        room = space.room(params["room_session_id"])
        space.change_room(room, {"meta": changed_meta(verb, room.properties["meta"], params)})
        return _ok()

    return handle


def _members(space: Space, params: Params) -> tuple[RoomSession, list[Member]]:
    """Whom a call is about: one member, or all."""
    room = space.room(params["room_session_id"])
    if params.get("member_id") == EVERYBODY:
        return room, list(room.members.values())
    return room, [_member(room, params)]


def _member(room: RoomSession, params: Params) -> Member:
    """Whom a call is about.

    Raises:
        Refusal: 404 for nobody, or when it does not say: the clients then mean their own member,
            which a realtime client does not have [A].
    """
    if "member_id" not in params:
        there = ", ".join(f"{each.id} ({each.name})" for each in room.members.values())
        raise Refusal("404", f"which member? Say member_id; there is: {there or 'nobody'}")
    return room.find_member(params["member_id"])


def _set_members(setter: Setter) -> Handler:
    def handle(space: Space, session: Session, params: Params) -> Result:
        room, members = _members(space, params)
        for member in members:
            space.change_member(room, member, setter.values_from(params))
        return _ok()

    return handle


def _set_member_position(space: Space, session: Session, params: Params) -> Result:
    room, members = _members(space, params)
    space.set_positions(room, {member.id: params["position"] for member in members})
    return _ok()


def _get_member_meta(space: Space, session: Session, params: Params) -> Result:
    room = space.room(params["room_session_id"])
    return _ok(meta=deepcopy(_member(room, params).properties["meta"]))


def _change_member_meta(verb: str) -> Handler:
    def handle(space: Space, session: Session, params: Params) -> Result:
        room, members = _members(space, params)
        for member in members:
            meta = changed_meta(verb, member.properties["meta"], params)
            space.change_member(room, member, {"meta": meta})
        return _ok()

    return handle


def _remove(space: Space, session: Session, params: Params) -> Result:
    room, members = _members(space, params)
    for member in members:
        space.leave(room, member)
    return _ok()


def _promote(space: Space, session: Session, params: Params) -> Result:
    room = space.room(params["room_session_id"])
    space.promote(room, params["member_id"], params)
    return _ok()


def _demote(space: Space, session: Session, params: Params) -> Result:
    room = space.room(params["room_session_id"])
    space.demote(room, params["member_id"])
    return _ok()


CALLS: dict[str, Handler] = {
    "signalwire.ping": _ping,
    "signalwire.subscribe": _subscribe,
    "signalwire.unsubscribe": _unsubscribe,
    "signalwire.disconnect": _disconnect,
    "video.rooms.get": _rooms_get,
    "video.room.get": _room_get,
    "video.members.get": _members_get,
    "video.list_available_layouts": _layouts,
    "video.set_layout": _set_layout,
    "video.set_position": _set_positions,
    "video.get_meta": _get_room_meta,
    "video.member.set_position": _set_member_position,
    "video.member.get_meta": _get_member_meta,
    "video.member.remove": _remove,
    "video.member.promote": _promote,
    "video.member.demote": _demote,
}
"""All calls but ``signalwire.connect``, which makes the session that the others need."""

for _setter in ROOM_SETTERS:
    CALLS[f"video.{_setter.verb}"] = _set_room(_setter)
for _setter in MEMBER_SETTERS:
    CALLS[f"video.member.{_setter.verb}"] = _set_members(_setter)
for _verb in META_VERBS:
    CALLS[f"video.{_verb}"] = _change_room_meta(_verb)
    CALLS[f"video.member.{_verb}"] = _change_member_meta(_verb)
for _kind, _lifecycle in LIFECYCLES.items():
    CALLS[f"video.{_kind}.start"] = _start(_kind)
    CALLS[f"video.{_kind}.list"] = _list(_kind)
    for _verb in _lifecycle.verbs:
        CALLS[f"video.{_kind}.{_verb}"] = _act(_kind, _verb)
