"""A conversation as a sequence diagram in Mermaid's language."""

from __future__ import annotations

import re
from collections.abc import Iterator
from textwrap import wrap

from .conversation import SERVICE, Conversation, Message

_SERVICE = "service"
_NOTE_WIDTH = 72
"""Characters of a line of a note, whose box does not grow with its text."""

_UNSAFE = re.compile(r"[^\w .,/+=()'…✗*@!?|$^~-]|_(?=_)")
"""What may mean something in Mermaid, or in the HTML that it makes: written as a number."""


def draw(conversation: Conversation) -> str:
    """The diagram's text, for a block of Markdown or a file of its own."""
    return "\n".join(_lines(conversation)) + "\n"


def _lines(conversation: Conversation) -> Iterator[str]:
    yield "sequenceDiagram"
    for place, name in enumerate(conversation.lanes):
        yield f"    participant {_lane(place)} as {_text(name)}"
    yield f"    participant {_SERVICE} as {SERVICE}"
    for place, message in enumerate(conversation.messages):
        if pause := conversation.pause_before(place):
            yield f"    Note over {_lane(0)},{_SERVICE}: {_text(f'{pause:.1f} s later')}"
        yield f"    {_arrow(message)}: {_said(message)}"
        lane = _lane(message.lane)
        if message.fault is not None:
            yield f"    Note right of {lane}: {_text(f'fault: {message.fault}')}"
        for rule, sentence in message.broken:
            lines = (f"✗ {rule}", *wrap(sentence, _NOTE_WIDTH))
            yield f"    Note over {lane},{_SERVICE}: {'<br/>'.join(map(_text, lines))}"


def _lane(place: int) -> str:
    return f"s{place + 1}"


def _arrow(message: Message) -> str:
    """A call is a solid arrow, what comes of it is dotted, what matters little has an open head."""
    line = "-" if message.is_call else "--"
    head = ")" if message.faint else ">>"
    ends = (_lane(message.lane), _SERVICE)
    sender, receiver = reversed(ends) if message.to_client else ends
    return f"{sender}{line}{head}{receiver}"


def _said(message: Message) -> str:
    title = f"#{message.n} {message.title}"
    return _text(title) + (f"<br/>{_text(message.detail)}" if message.detail else "")


def _text(text: str) -> str:
    """Text that Mermaid shows as it stands, in one line, and that is never empty."""
    flat = " ".join(text.split()) or "?"
    # A colon at the beginning of "wrap:" would be an instruction, so colons are numbers, too.
    return _UNSAFE.sub(lambda match: f"#{ord(match[0])};", flat)
