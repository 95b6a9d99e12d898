"""Violations as text: what broke, and the frames that prove it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from mockserver.protocol.frames import is_answer, is_event
from mockserver.protocol.lifecycles import LIFECYCLES
from mockserver.protocol.validation import is_refusal

from .index import Event, Index, items, mapping, number, room_id, string, told_rooms
from .rule import Violation, sentences
from .trace import Entry, Trace

_SHORTENED_ABOVE = 14
_SHOWN_OF_AN_ID = 8
_SHOWN_OF_A_TEXT = 60
_SHOWN_OF_A_LIST = 4
_MEDIA_FIELDS = ("state", "position", "volume", "started_at", "ended_at", "duration")
_FLAGS = tuple(table.flag for table in LIFECYCLES.values() if table.flag is not None)
_TIMES = ("timestamp", "started_at", "ended_at")
_FARTHEST = 10 * 86_400
"""Seconds from the trace's start beyond which a time is shown as it stands."""


def render(violations: Sequence[Violation], trace: Trace) -> str:
    """Violations as plain text, each with its proving frames, one line per frame.

    A line has the entry's number, the seconds since the trace's first entry, the session, an arrow
    (``->`` to the server, ``<-`` to the client), and what matters of the frame. Ids are cut short,
    and times within the frame, too, are seconds since the first entry: ``started_at=+2.001``.
    """
    count = _counted(len(violations), "violation")
    head = f"{count} in {_counted(len(trace), 'frame')}"
    if trace.source is not None:
        head += f" of {trace.source}"
    if not violations:
        return f"{head.replace('0 violations', 'no violations', 1)}\n"
    index = Index(trace)
    entries = {entry.n: entry for entry in trace}
    told = sentences()
    lines = [head]
    for violation in violations:
        lines += ["", f"{violation.rule}: {violation.message}"]
        if violation.rule in told:
            lines.append(f"  {told[violation.rule]}")
        proof = (entries[n] for n in violation.frames if n in entries)
        lines += _table(index, proof)
    return "\n".join(lines) + "\n"


def timeline(trace: Trace, last: int | None = None) -> str:
    """A trace as plain text, a line per frame as in ``render``.

    Args:
        trace: what to show.
        last: only that many of its last frames, with a line that says how many there were before.
    """
    left_out = max(0, len(trace) - last) if last is not None else 0
    lines = [f"  … {_counted(left_out, 'frame')} before"] if left_out else []
    lines += _table(Index(trace), trace.entries[left_out:])
    return "\n".join(lines)


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _table(index: Index, proof: Iterable[Entry]) -> Iterator[str]:
    rows = [
        (
            f"#{entry.n}",
            f"{entry.time - index.start:+.3f} s",
            index.sessions[entry.space, entry.session].label or "-",
            "<-" if entry.to_client else "->",
            " ".join(describe(index, entry)),
        )
        for entry in proof
    ]
    if not rows:
        return
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for place, time, session, arrow, text in rows:
        left = f"{place:>{widths[0]}}  {time:>{widths[1]}}  {session:<{widths[2]}}"
        yield f"  {left} {arrow} {text}"


def describe(index: Index, entry: Entry) -> Iterator[str]:
    """What a frame is, and its fields that matter, in words to be joined by spaces."""
    frame = entry.frame
    if frame is None:
        yield f"no JSON object: {_cut(entry.text or '')!r}"
        return
    if is_answer(frame):
        yield from _answer(index, entry, frame)
    elif is_event(frame):
        yield from _event(index, mapping(frame.get("params")))
    else:
        method = str(frame.get("method", "no method"))
        yield method
        yield from _asked(index, method, mapping(frame.get("params")))
    yield f"id={_value(frame.get('id'))}"


def _answer(index: Index, entry: Entry, frame: Mapping[str, Any]) -> Iterator[str]:
    call = index.calls.get(entry.n)
    method = "no call" if call is None else call.method
    if isinstance(call, Event):
        yield f"acknowledgement of {call.type}"
    else:
        yield f"answer to {method}"
    if "error" in frame:
        error = mapping(frame["error"])
        yield f"error {error.get('code')} {_cut(str(error.get('message', '')))!r}"
        return
    result = mapping(frame.get("result"))
    yield from _fields(index, result, ("code",))
    if is_refusal(result) and "message" in result:
        yield repr(_cut(str(result["message"])))
    yield from _told(index, result)


def _event(index: Index, params: Mapping[str, Any]) -> Iterator[str]:
    yield f"event {params.get('event_type')}"
    if "event_channel" in params:
        yield f"on {_value(params['event_channel'])}"
    body = mapping(params.get("params"))
    yield from _told(index, body)
    if "room_session" not in body and "room_session_id" in body:
        yield f"in {_value(body['room_session_id'])}"
    yield from _fields(index, params, ("timestamp",))


def _asked(index: Index, method: str, params: Mapping[str, Any]) -> Iterator[str]:
    """What a call asks for."""
    if method.startswith("video."):
        yield from _fields(index, params, params)
        return
    if "event_channel" in params:
        yield f"on {_value(params['event_channel'])}"
    events = items(params.get("events"))
    if events:
        yield ", ".join(str(event).removeprefix("video.") for event in events)
    yield from _fields(index, params, ("get_initial_state", "protocol"))
    yield from _fields(index, mapping(params.get("authentication")), ("project",))


def _told(index: Index, body: Mapping[str, Any]) -> Iterator[str]:
    """What an event or a result tells about rooms, members and what runs in them."""
    for kind in LIFECYCLES:
        for media in (body.get(kind), *items(body.get(f"{kind}s"))):
            if isinstance(media, Mapping):
                yield f"{kind} {_value(media.get('id'))}"
                yield from _fields(index, media, _MEDIA_FIELDS)
    for room in told_rooms(body):
        yield f"room session {_value(room_id(room))}"
        yield from _fields(index, room, (*_FLAGS, *_updated(room)))
        yield from _listed("members", room.get("members"))
        if "room_session" in body:
            # The older `room` beside it tells the same once more.
            break
    member = body.get("member")
    if isinstance(member, Mapping):
        yield f"member {_value(member.get('id'))}"
        yield from _fields(index, member, _updated(member))
        if "updated" not in member:
            yield from _fields(index, member, ("name", "talking"))
    layout = body.get("layout")
    if isinstance(layout, Mapping):
        yield f"layout {_value(layout.get('name'))}"
        yield from _listed("shows", layout.get("layers"))
    yield from _listed("members", body.get("members"))
    yield from _listed("layouts", body.get("layouts"))
    yield from _fields(index, body, ("total", "meta"))


def _updated(told: Mapping[str, Any]) -> list[str]:
    """The names of the fields that changed, as a member or a room session tells them."""
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
        return _value(told)
    id_ = told.get("id", told.get("member_id"))
    name = string(told.get("name")) or ("nobody" if id_ is None else _value(id_))
    return f"{name} at {_value(told['position'])}" if "position" in told else name


def _fields(index: Index, told: Mapping[str, Any], names: Iterable[str]) -> Iterator[str]:
    for name in names:
        if isinstance(name, str) and name in told:
            value = told[name]
            offset = number(value) if name in _TIMES else None
            if offset is not None and abs(offset - index.start) < _FARTHEST:
                yield f"{name}={offset - index.start:+.3f}"
            else:
                yield f"{name}={_value(value)}"


def _value(value: Any) -> str:
    """A value as JSON has it, but ids are cut so that a line stays readable."""
    if not isinstance(value, str):
        return _cut(json.dumps(value, ensure_ascii=False, default=str))
    # Channels are a word and an id: the word must stay.
    word, mark, id_ = value.rpartition("_" if value.startswith("EC_") else ".")
    if len(id_) <= _SHORTENED_ABOVE:
        return _cut(value)
    return f"{word}{mark}{id_[:_SHOWN_OF_AN_ID]}…"


def _cut(text: str) -> str:
    return text if len(text) <= _SHOWN_OF_A_TEXT else text[: _SHOWN_OF_A_TEXT - 1] + "…"
