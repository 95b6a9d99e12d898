"""What events and results report about rooms, as text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mockserver.contract.report import fields, shown
from mockserver.contract.values import items, string
from mockserver.protocol.lifecycles import LIFECYCLES

from .index import Told, room_id

_SHOWN_OF_A_LIST = 4
_MEDIA_FIELDS = ("state", "position", "volume", "started_at", "ended_at", "duration")
_FLAGS = tuple(table.flag for table in LIFECYCLES.values() if table.flag is not None)


def describe(body: Mapping[str, Any], start: float) -> Iterator[str]:
    """What an event or a result reports about rooms, members and what runs in them."""
    for kind in LIFECYCLES:
        for media in (body.get(kind), *items(body.get(f"{kind}s"))):
            if isinstance(media, Mapping):
                yield f"{kind} {shown(media.get('id'))}"
                yield from fields(media, _MEDIA_FIELDS, start)
    for room in Told.by(body).rooms:
        yield f"room session {shown(room_id(room))}"
        yield from fields(room, (*_FLAGS, *_updated(room)), start)
        yield from _listed("members", room.get("members"))
        if "room_session" in body:
            # The older `room` beside it has the same once more.
            break
    member = body.get("member")
    if isinstance(member, Mapping):
        yield f"member {shown(member.get('id'))}"
        yield from fields(member, _updated(member), start)
        if "updated" not in member:
            yield from fields(member, ("name", "talking"), start)
    layout = body.get("layout")
    if isinstance(layout, Mapping):
        yield f"layout {shown(layout.get('name'))}"
        yield from _listed("shows", layout.get("layers"))
    yield from _listed("members", body.get("members"))
    yield from _listed("layouts", body.get("layouts"))
    yield from fields(body, ("total", "meta"), start)
    if "room_session" not in body and "room_session_id" in body:
        yield f"in {shown(body['room_session_id'])}"


def _updated(told: Mapping[str, Any]) -> list[str]:
    """The names of the fields that changed, as a member or a room session names them."""
    return [name for name in items(told.get("updated")) if name not in _FLAGS]


def _listed(what: str, listed: Any) -> Iterator[str]:
    """Who or what is in a list, the first few by name."""
    if not isinstance(listed, list):
        return
    shown = [_named(each) for each in listed[:_SHOWN_OF_A_LIST]]
    more = len(listed) - len(shown)
    yield f"{what}: {', '.join(shown) or 'none'}{f' and {more} more' if more else ''}"


def _named(told: Any) -> str:
    """A member, a layer of a layout, or a name."""
    if not isinstance(told, Mapping):
        return shown(told)
    id_ = told.get("id", told.get("member_id"))
    name = string(told.get("name")) or ("nobody" if id_ is None else shown(id_))
    return f"{name} at {shown(told['position'])}" if "position" in told else name
