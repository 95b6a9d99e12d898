"""The catalogue of faults for people.

As a page: ``python -m mockserver.engine.faults.reference > docs/FAULTS.md``.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from typing import Any

import orjson

from mockserver import schemas

from .catalogue import FAULTS, Fault, fault, parameters

COMMAND = "python -m mockserver.engine.faults.reference > docs/FAULTS.md"

WAYS = """\
| from | how |
|---|---|
| a token | `"fault:duplicate"`, or `"scenario:pause-resume,fault:delay"`: for this session |
| a scenario, from its beginning | `faults: [drop, {duplicate: {events: video.recording.*}}]` |
| a step of its script | `do: {fault: {delay: {by: 2s, events: video.recording.ended}}}` |
| Python | `mock.fault("duplicate", events="video.recording.*")`; `mock.end_fault()` |
| the control API | `POST /__mock__/spaces/NAME/faults` with `{"name": "duplicate"}` |
| the engine | `space.faults.inject("duplicate", events="video.recording.*")` |
"""

OPENING = f"""\
# Faults

What the mock can do wrong on purpose, so that you see whether your application copes. This page
is made of the catalogue and its schemas (`{COMMAND}`);
`python -m mockserver faults NAME` prints the part about one fault.

## How to inject one

{WAYS}
The first fault that a frame is for has it; the others wait for another frame. What a fault draws by
chance it draws from the space's seed, and nothing else in the space changes by it: the same seed
gives the same bytes. Faults of frames pass over events that are sent again after a resume.

## What stands in the trace

A [trace](TRACES.md) marks each frame that a fault was at work on: `fault` is the fault's name,
`lost` says that the frame did not reach the other side, `extra` that nobody but the fault meant it
to be sent, and `meant` is the frame as it would have been. One that is only late is there twice: as
`lost` when it should have come, and as `extra` when it comes. What a fault made of an event that
waits, because its client does not read or is away, is marked again when it is sent. A note says
when a fault begins, strikes a connection, and is over. So `python -m mockserver check` tells a
violation that was intended from a real one: what an injected fault explains is no violation, it is
no bug of the mock, and no client is blamed for it.

## What every fault takes

Which frames are meant is said by the first five, as far as they make sense for a fault. A fault
that has neither `events` nor `method` is for all events, and for the answers to all calls but those
of the session itself (`signalwire.connect`, …), which have to be named. One that has neither
`times` nor `for` nor `probability` strikes once; `restart` takes none of these, because its time is
not the space's. `direction: to_server` means a client's calls, and
not its acknowledgements. A fault of sockets with `events` or `method`
strikes the connection on which such a frame is sent, any other at once.

"""

TITLES = {"frame": "Frames", "session": "Sessions", "socket": "Sockets"}


def page() -> str:
    """The page, in Markdown."""
    scope = schemas.load("fault_scope")
    lines = [*_table(scope["properties"]), ""]
    for layer, title in TITLES.items():
        rows = [row for row in FAULTS.values() if row.layer == layer]
        if rows:
            lines += [f"## {title}", ""]
        for row in rows:
            lines += [*_section(row), ""]
    return OPENING + "\n".join(lines).rstrip() + "\n"


def _section(row: Fault) -> Iterator[str]:
    own = schemas.load(f"faults/{row.name}")
    yield from (f"### {row.name}", "", row.does, "", f"*A good client:* {row.client}", "")
    if row.note:
        yield from (row.note, "")
    if own["properties"]:
        yield from (*_table(own["properties"]), "")
    taken = [f"`{key}`" for key in (*row.scope, *row.often)]
    if row.layer == "frame" and len(row.directions) > 1:
        taken.append("`direction`")
    yield f"It takes also {', '.join(taken)}. For example:" if taken else "For example:"
    yield from ("", "```yaml", *(f"- {_example(row, each)}" for each in own["examples"]), "```")


def _example(row: Fault, given: Mapping[str, Any]) -> str:
    if not given:
        return row.name
    said = ", ".join(f"{key}: {_value(value)}" for key, value in given.items())
    return f"{row.name}: {{{said}}}"


def _value(value: Any) -> str:
    if isinstance(value, str):
        is_plain = value[:1].isalpha() or value[-1:].isalpha()
        return value if is_plain else orjson.dumps(value).decode()
    return orjson.dumps(value).decode()


def _table(properties: Mapping[str, Any]) -> Iterator[str]:
    yield from ("| parameter | what it says |", "|---|---|")
    for key, described in properties.items():
        yield f"| `{key}` | {described['description'].replace('|', chr(92) + '|')} |"


def explained(name: str) -> Iterator[str]:
    """A fault in plain words, line by line.

    Raises:
        FaultError: no fault is called so.
    """
    row = fault(name)
    properties = parameters(name)["properties"]
    yield f"{row.name}: {row.does}"
    yield f"A good client: {row.client}"
    if row.note:
        yield row.note
    yield "Parameters:"
    width = max(map(len, properties))
    for key, described in properties.items():
        yield f"  {key:<{width}}  {described['description']}"
    yield "For example:"
    for example in schemas.load(f"faults/{name}")["examples"]:
        yield f"  {_example(row, example)}"


if __name__ == "__main__":
    sys.stdout.write(page())
