"""Puts the parts of a scenario together."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import Any

from mockserver.contract import Entry, as_meant
from mockserver.contract.index import Session

from . import oracle, text
from .client import Client
from .service import Service, Step, seconds
from .story import ENGINE_LATENCY_S, Story

DEFAULT_NAME = "mine"


class NothingToPlayError(Exception):
    """No client called anything in a trace, or not the one that was asked for; says so."""


def make(
    entries: Collection[Entry],
    *,
    name: str = DEFAULT_NAME,
    session: str | None = None,
    source: str = "a trace",
) -> str:
    """Make a scenario of a trace; gives the text of its file.

    Args:
        entries: the trace of one space; what an injected fault did in it is left out.
        name: what the scenario is called; its file must be called the same.
        session: whose part the client's is, by its name in the trace; None: who called most.
        source: what the trace is called, for the comment at the top.

    Raises:
        NothingToPlayError: nobody called anything, or there is no such session.
    """
    story = Story(list(as_meant(entries)))
    chosen = _chosen(story, session)
    client = Client(story, chosen)
    service = Service(story, client.calls, client.events)
    script, answers, steps = service.script(), service.answers(), client.steps()
    remarks = list(_remarks(story, chosen, source, [*service.unknown, *client.unknown]))
    head: dict[str, Any] = {"scenario": name, "about": f"What happened in {source}."}
    if abs(story.latency - ENGINE_LATENCY_S) >= 0.001:
        head["latency"] = seconds(story.latency)
    playbacks = {url: Step(each) for url, each in service.playbacks().items()}
    if playbacks:
        playbacks["*"].remarks.append("guessed: nobody heard another one end by itself")
    return text.write(
        head,
        remarks,
        {
            "rooms": service.rooms(),
            "playbacks": playbacks,
            "script": script,
            "answers": answers,
            "client": steps,
            "expect": oracle.expected(story, chosen),
        },
    )


def service_alone(story: Story, name: str) -> str:
    """A scenario of the service alone, for whoever makes all calls of the trace again.

    Answers are the mock's own.
    """
    service = Service(story, story.calls, story.events)
    head: dict[str, Any] = {
        "scenario": name,
        "about": "What the service did by itself.",
        "latency": seconds(story.latency),
    }
    return text.write(
        head,
        [],
        {
            "rooms": service.rooms(),
            "playbacks": {url: Step(each) for url, each in service.playbacks().items()},
            "script": [
                Step({**each.data, "optional": True}, each.remarks) for each in service.script()
            ],
        },
    )


def name_for(stem: str) -> str:
    """A name that a scenario may have, from that of a file."""
    words = re.findall(r"[a-z0-9]+", stem.lower())
    return "-".join(words) or DEFAULT_NAME


def _chosen(story: Story, name: str | None) -> Session:
    sessions = story.sessions()
    if not sessions:
        raise NothingToPlayError("no client called anything, so there is nothing to play")
    if name is None:
        return sessions[0]
    for each in sessions:
        if each.name == name:
            return each
    known = ", ".join(sorted(each.name or "a nameless connection" for each in sessions))
    raise NothingToPlayError(f'there is no session "{name}"; there are: {known}')


def _remarks(story: Story, chosen: Session, source: str, unknown: list[str]) -> Iterator[str]:
    of = f"session {chosen.name}" if chosen.name is not None else "a connection without a session"
    yield f"Made of {source}. The client's part is that of {of}."
    yield 'Where something had to be guessed, a comment says "guessed".'
    others = [each.name for each in story.sessions() if each is not chosen and each.name]
    if others:
        listed = ", ".join(sorted(others))
        yield f"guessed: what came of the calls of {listed} is done by the service here."
    if not story.is_measured and story.events:
        yield "guessed: the latency, since the clocks of the two sides differ."
    for each in unknown:
        yield f"left out: {each}."
