"""Violations as text: what broke, and the frames that prove it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol

from mockserver.printable import one_line, printable
from mockserver.protocol.frames import is_answer, is_event
from mockserver.protocol.validation import is_refusal

from .index import Event, Index
from .namespace import Namespace
from .rule import sentences
from .trace import Entry, Trace
from .values import items, mapping, number
from .violation import Row, Violation

_SHORTENED_ABOVE = 14
_SHOWN_OF_AN_ID = 8
_SHOWN_OF_A_TEXT = 60
_LONGEST_LINE = 2_000
_TIMES = ("timestamp", "started_at", "ended_at")
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_json = json.JSONEncoder(ensure_ascii=False, default=str)
_FARTHEST = 10 * 86_400
"""Seconds from the trace's start beyond which a time is shown as it stands."""


class Judged(Protocol):
    """Where violations were found: a trace, or a judge that was fed with one."""

    @property
    def source(self) -> str | None:
        """The file it came from; None when it did not come from one."""

    def __len__(self) -> int: ...


def render(violations: Sequence[Violation], judged: Judged) -> str:
    """Violations as plain text, each with its proving frames, one line per frame.

    A line has the entry's number, the seconds since the trace's first entry, the session, an arrow
    (``->`` to the server, ``<-`` to the client), and what matters of the frame. Ids are cut short,
    and times within the frame, too, are seconds since the first entry: ``started_at=+2.001``.

    Args:
        violations: what to show.
        judged: where they were found.
    """
    count = _counted(len(violations), "violation")
    head = f"{count} in {_counted(len(judged), 'frame')}"
    if judged.source is not None:
        head += f" of {judged.source}"
    if not violations:
        return f"{head.replace('0 violations', 'no violations', 1)}\n"
    told = sentences()
    lines = [head]
    for violation in violations:
        lines += ["", f"{violation.rule}: {violation.message}"]
        if violation.rule in told:
            lines.append(f"  {told[violation.rule]}")
        lines += table(violation.proof)
    return printable("\n".join(lines) + "\n")


def timeline(
    trace: Trace,
    last: int | None,
    namespaces: Iterable[Namespace],
    total: int | None = None,
) -> str:
    """A trace as plain text, a line per frame as in ``render``.

    Args:
        trace: what to show.
        last: only that many of its last frames, with a line that says how many there were before;
            None for all.
        namespaces: what knows what a frame is about.
        total: how many frames there are, if the trace is not all of them; the first is in it.
    """
    left_out = max(0, len(trace) - last) if last is not None else 0
    index = Index(namespaces)
    describer = Describer(index)
    told = []
    for place, entry in enumerate(trace):
        index.read(entry)
        if place >= left_out:
            told.append((entry, describer.line(entry)))
    rows = (
        Row(
            entry.n,
            entry.time - index.start,
            index.label(index.sessions[entry.space, entry.session]),
            entry.to_client,
            text,
        )
        for entry, text in told
    )
    before = left_out + (0 if total is None else total - len(trace))
    lines = [f"  … {_counted(before, 'frame')} before"] if before else []
    return printable("\n".join([*lines, *table(rows)]))


def _beginning(words: Iterable[str]) -> Iterator[str]:
    """As many words as are shown, and some more: a list may have ten thousand things."""
    length = 0
    for word in words:
        yield word
        length += len(word)
        if length > 2 * _LONGEST_LINE:
            return


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def table(rows: Iterable[Row]) -> Iterator[str]:
    """Frames as lines of text, in columns."""
    cells = [
        (
            f"#{row.n}",
            f"{row.offset:+.3f} s",
            one_line(row.session or "-"),
            "<-" if row.to_client else "->",
            row.text,
        )
        for row in rows
    ]
    if not cells:
        return
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    for place, time, session, arrow, text in cells:
        left = f"{place:>{widths[0]}}  {time:>{widths[1]}}  {session:<{widths[2]}}"
        yield f"  {left} {arrow} {text}"


class Describer:
    """Says what frames are, in words.

    Args:
        index: what is known of their trace; the frames have been read by it.
    """

    def __init__(self, index: Index) -> None:
        self._index = index

    def line(self, entry: Entry) -> str:
        """What a frame is, in one line, whatever it quotes."""
        if entry.summary is not None:
            return entry.summary
        return cut(one_line(" ".join(_beginning(self.words(entry)))), _LONGEST_LINE)

    def words(self, entry: Entry) -> Iterator[str]:
        """What a frame is, and its fields that matter, in words to be joined by spaces."""
        frame = entry.frame
        if frame is None:
            yield f"no JSON object: {cut(entry.text or '')!r}"
            return
        if is_answer(frame):
            yield from self._answer(entry, frame)
        elif is_event(frame):
            yield from self._event(mapping(frame.get("params")))
        else:
            method = str(frame.get("method", "no method"))
            yield method
            yield from self._asked(method, mapping(frame.get("params")))
        yield f"id={shown(frame.get('id'))}"
        if entry.fault is not None:
            yield f"fault={entry.fault}{' (lost)' if entry.lost else ''}"

    def _answer(self, entry: Entry, frame: Mapping[str, Any]) -> Iterator[str]:
        call = self._index.answered.get(entry.n)
        method = "no call" if call is None else call.method
        if isinstance(call, Event):
            yield f"acknowledgement of {call.type}"
        else:
            yield f"answer to {method}"
        if "error" in frame:
            error = mapping(frame["error"])
            yield f"error {error.get('code')} {cut(str(error.get('message', '')))!r}"
            return
        result = mapping(frame.get("result"))
        yield from self._fields(result, ("code",))
        if is_refusal(result) and "message" in result:
            yield repr(cut(str(result["message"])))
        yield from self._told(method, result)

    def _event(self, params: Mapping[str, Any]) -> Iterator[str]:
        yield f"event {params.get('event_type')}"
        if "event_channel" in params:
            yield f"on {shown(params['event_channel'])}"
        yield from self._told(str(params.get("event_type")), mapping(params.get("params")))
        yield from self._fields(params, ("timestamp",))

    def _asked(self, method: str, params: Mapping[str, Any]) -> Iterator[str]:
        """What a call asks for."""
        if self._index.namespace_of(method) is not None:
            yield from self._fields(params, params)
            return
        if "event_channel" in params:
            yield f"on {shown(params['event_channel'])}"
        events = items(params.get("events"))
        if events:
            yield ", ".join(str(event).removeprefix("video.") for event in events)
        yield from self._fields(params, ("get_initial_state", "protocol"))
        yield from self._fields(mapping(params.get("authentication")), ("project",))

    def _told(self, name: str, body: Mapping[str, Any]) -> Iterator[str]:
        """What an event or a result reports, as its namespace says it."""
        namespace = self._index.namespace_of(name)
        if namespace is not None:
            yield from namespace.describe(body, self._index.start)

    def _fields(self, told: Mapping[str, Any], names: Iterable[str]) -> Iterator[str]:
        return fields(told, names, self._index.start)


def fields(told: Mapping[str, Any], names: Iterable[str], start: float) -> Iterator[str]:
    """Some fields of an object, as ``name=value``; times as seconds since the trace began."""
    for name in names:
        if isinstance(name, str) and name in told:
            value = told[name]
            offset = number(value) if name in _TIMES else None
            if offset is not None and abs(offset - start) < _FARTHEST:
                yield f"{name}={offset - start:+.3f}"
            else:
                yield f"{name}={shown(value)}"


def shown(value: Any) -> str:
    """A value as JSON has it, but ids are cut so that a line stays readable."""
    if not isinstance(value, str):
        text = ""
        # Piece by piece: of a long value only the beginning is written.
        for piece in _json.iterencode(value):
            text += piece
            if len(text) > _SHOWN_OF_A_TEXT:
                break
        return cut(text)
    # Channels are a word and an id: the word must stay.
    word, mark, id_ = value.rpartition("_" if value.startswith("EC_") else ".")
    if len(id_) <= _SHORTENED_ABOVE:
        return cut(value)
    return f"{word}{mark}{id_[:_SHOWN_OF_AN_ID]}…"


def cut(text: str, most: int = _SHOWN_OF_A_TEXT) -> str:
    """A text, cut to so many characters: by default, to what fits on a line."""
    return text if len(text) <= most else text[: most - 1] + "…"


def xml_text(text: str) -> str:
    """The text without the characters that no XML document may contain, not even escaped."""
    return _NOT_XML.sub("\ufffd", text)
