"""The calls of the video namespace, one row each."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import TYPE_CHECKING

from mockserver.engine.namespace import Call, Params, Result, ok
from mockserver.protocol.documents import enclosing, few_or_each
from mockserver.protocol.errors import Refusal
from mockserver.protocol.lifecycles import LIFECYCLES

from .layout import LAYOUTS
from .properties import EVERYBODY, MEMBER_SETTERS, META_VERBS, ROOM_SETTERS, Setter, changed_meta

if TYPE_CHECKING:
    from mockserver.engine.session import Session

    from .room import Member, RoomSession
    from .video import Video

Handler = Callable[["Video", "Session", Params], Result]


def _rooms_get(video: Video, session: Session, params: Params) -> Result:
    now = video.space.now
    rooms = few_or_each(video.rooms.values(), lambda room: room.as_wire(now, full=True))
    return enclosing(ok(rooms=rooms))


def _room_get(video: Video, session: Session, params: Params) -> Result:
    room = video.room(params["room_session_id"])
    return enclosing(ok(room=room.as_wire(video.space.now, full=True)))


def _members_get(video: Video, session: Session, params: Params) -> Result:
    room = video.room(params["room_session_id"])
    return enclosing(ok(members=room.members_as_wire()))


def _start(kind: str) -> Handler:
    def handle(video: Video, session: Session, params: Params) -> Result:
        # How long something is, is not for a client to say: the wire has no such param.
        told = {key: value for key, value in params.items() if key not in ("length_us", "seekable")}
        media = video.start_media(video.room(params["room_session_id"]), kind, told)
        return ok(**{kind: media.as_wire(video.space.now)})

    return handle


def _apply(kind: str, verb: str) -> Handler:
    def handle(video: Video, session: Session, params: Params) -> Result:
        room = video.room(params["room_session_id"])
        video.apply(room, room.find(kind, params[f"{kind}_id"]), verb, params)
        return ok()

    return handle


def _list(kind: str) -> Handler:
    def handle(video: Video, session: Session, params: Params) -> Result:
        room, now = video.room(params["room_session_id"]), video.space.now
        shown = few_or_each(room.activities[kind].values(), lambda each: each.as_wire(now))
        return enclosing(ok(**{f"{kind}s": shown}))

    return handle


def _layouts(video: Video, session: Session, params: Params) -> Result:
    video.room(params["room_session_id"])
    return ok(layouts=list(LAYOUTS))


def _set_layout(video: Video, session: Session, params: Params) -> Result:
    room = video.room(params["room_session_id"])
    video.set_layout(room, params["name"], params.get("positions", {}))
    return ok()


def _set_positions(video: Video, session: Session, params: Params) -> Result:
    video.set_positions(video.room(params["room_session_id"]), params["positions"])
    return ok()


def _set_room(setter: Setter) -> Handler:
    def handle(video: Video, session: Session, params: Params) -> Result:
        room = video.room(params["room_session_id"])
        video.change_room(room, setter.values_from(params))
        return ok()

    return handle


def _get_room_meta(video: Video, session: Session, params: Params) -> Result:
    return ok(meta=deepcopy(video.room(params["room_session_id"]).properties["meta"]))


def _change_room_meta(verb: str) -> Handler:
    def handle(video: Video, session: Session, params: Params) -> Result:
        room = video.room(params["room_session_id"])
        video.change_room(room, {"meta": changed_meta(verb, room.properties["meta"], params)})
        return ok()

    return handle


def _members(video: Video, params: Params) -> tuple[RoomSession, list[Member]]:
    """Whom a call is about: one member, or all."""
    room = video.room(params["room_session_id"])
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
        raise Refusal("404", f"which member? Say member_id; there is: {room.who()}")
    return room.find_member(params["member_id"])


def _set_members(setter: Setter) -> Handler:
    def handle(video: Video, session: Session, params: Params) -> Result:
        room, members = _members(video, params)
        values = setter.values_from(params)
        video.space.long_work.for_each(
            members, lambda member: video.change_member(room, member, values)
        )
        return ok()

    return handle


def _set_member_position(video: Video, session: Session, params: Params) -> Result:
    room, members = _members(video, params)
    video.set_positions(room, {member.id: params["position"] for member in members})
    return ok()


def _get_member_meta(video: Video, session: Session, params: Params) -> Result:
    room = video.room(params["room_session_id"])
    return ok(meta=deepcopy(_member(room, params).properties["meta"]))


def _change_member_meta(verb: str) -> Handler:
    def handle(video: Video, session: Session, params: Params) -> Result:
        room, members = _members(video, params)

        def change(member: Member) -> None:
            meta = changed_meta(verb, member.properties["meta"], params)
            video.change_member(room, member, {"meta": meta})

        video.space.long_work.for_each(members, change)
        return ok()

    return handle


def _remove(video: Video, session: Session, params: Params) -> Result:
    room, members = _members(video, params)

    def remove(member: Member) -> None:
        # A screen has left with the one whose it is.
        if member.id in room.members:
            video.leave(room, member)

    video.space.long_work.for_each(members, remove)
    return ok()


def _promote(video: Video, session: Session, params: Params) -> Result:
    room = video.room(params["room_session_id"])
    video.promote(room, params["member_id"], params)
    return ok()


def _demote(video: Video, session: Session, params: Params) -> Result:
    room = video.room(params["room_session_id"])
    video.demote(room, params["member_id"])
    return ok()


_HANDLERS: dict[str, Handler] = {
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

for _setter in ROOM_SETTERS:
    _HANDLERS[f"video.{_setter.verb}"] = _set_room(_setter)
for _setter in MEMBER_SETTERS:
    _HANDLERS[f"video.member.{_setter.verb}"] = _set_members(_setter)
for _verb in META_VERBS:
    _HANDLERS[f"video.{_verb}"] = _change_room_meta(_verb)
    _HANDLERS[f"video.member.{_verb}"] = _change_member_meta(_verb)
for _kind, _lifecycle in LIFECYCLES.items():
    _HANDLERS[f"video.{_kind}.start"] = _start(_kind)
    _HANDLERS[f"video.{_kind}.list"] = _list(_kind)
    for _verb in _lifecycle.verbs:
        _HANDLERS[f"video.{_kind}.{_verb}"] = _apply(_kind, _verb)

CALLS = {method: Call(handle, "video") for method, handle in _HANDLERS.items()}
