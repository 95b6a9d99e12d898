"""Judging a trace that somebody has: the page does so with a file that is dropped on it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from functools import partial
from typing import Any

import orjson
from aiohttp import web

from mockserver import contract
from mockserver.control.turns import HeavySteps, in_turns, step
from mockserver.control.verdict import is_heavy
from mockserver.protocol.documents import Document, Each

from . import bodies
from .endpoint import Call
from .problems import HttpProblem

JSON_LINES = "application/jsonl"

AT_ONCE = 100
"""How many lines are read together."""

MOST_OF_A_RULE = 1_000
"""Violations of one rule that are kept."""

LONGEST_LINE = 4_194_304
"""Bytes of a line; a longer one is answered with 413."""


async def judge_trace(call: Call) -> Any:
    """The rules of the contract that a trace breaks which is sent, as JSON lines.

    It is judged as it comes, so it may be of any length.
    """
    judge = contract.judge(most=MOST_OF_A_RULE)
    read = 0
    async for lines in _lines(call.request):
        first = read + 1
        read += len(lines)
        try:
            await in_turns(_judged(judge, lines))
        except (orjson.JSONDecodeError, contract.TraceError) as error:
            raise HttpProblem(
                422,
                f"lines {first} to {read} are not of a trace: {error}",
                kind="invalid-body",
                title="The body does not fit",
            ) from None
    violations = judge.violations
    # By a thread: of many violations it takes long.
    text = await asyncio.to_thread(contract.render, violations, judge) if violations else ""
    return Document(dropped=0, violations=Each(map(contract.described, violations)), text=text)


def _judged(judge: contract.Judge, lines: list[bytes]) -> HeavySteps[None]:
    entries: list[Any] = []
    filled = [line for line in lines if line.strip()]
    for line in filled:
        yield from step(partial(_read, line, entries), is_heavy=is_heavy(line))
    for line, entry in zip(filled, contract.Trace.from_entries(entries), strict=True):
        yield from step(partial(judge.feed, entry), is_heavy=is_heavy(line))


def _read(line: bytes, entries: list[Any]) -> None:
    entries.append(orjson.loads(line))


async def _lines(request: web.Request) -> AsyncIterator[list[bytes]]:
    """The lines of a body, a few at a time."""
    # A page can send other types elsewhere without being asked first; this one it cannot.
    if request.content_type != JSON_LINES:
        given = request.headers.get("Content-Type", "no type at all")
        raise HttpProblem(415, f"a trace is sent with Content-Type: {JSON_LINES}, not {given}")
    rest = b""
    async for chunk in bodies.pieces(request):
        *lines, rest = (rest + chunk).split(b"\n")
        if len(rest) > LONGEST_LINE:
            raise HttpProblem(413, f"a line of a trace has at most {LONGEST_LINE} bytes")
        for start in range(0, len(lines), AT_ONCE):
            yield lines[start : start + AT_ONCE]
    yield [rest]
