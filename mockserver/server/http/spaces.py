"""The server as a whole, and its spaces."""

from __future__ import annotations

import asyncio
from typing import Any, cast
from urllib.parse import quote

import mockserver
from mockserver import scenarios
from mockserver.control.options import SpaceOptions
from mockserver.engine import Space, Video
from mockserver.engine.gate import problem_of_name
from mockserver.protocol.documents import Document

from .answers import json_answer
from .context import Context
from .endpoint import Call, no_such_space
from .problems import HttpProblem, field_problem
from .traces import journal_answer

SPACES_AT_ONCE = 100
"""How many spaces are looked at before others have their turn in the event loop."""


async def health(call: Call) -> Any:
    """Whether the server is well, and which spaces there are.

    ``bugs`` counts bugs of the mock itself; with any, ``status`` is ``faulty``.
    ``failed_connections`` says why clients could not connect, and how to mend that.
    """
    server = call.server
    return {
        "status": "faulty" if server.bugs else "ok",
        "version": mockserver.__version__,
        "spaces": [_counts(space) for space in server.spaces.values()],
        "bugs": len(server.bugs),
        "failed_connections": [
            {"message": message, "count": count} for message, count in server.strangers
        ],
    }


async def journal(call: Call) -> Any:
    """Every frame of a space, by project id.

    Without a name: the frames of connections that are in no space. `GET …/trace` can do more.
    """
    name = call.query.get("project", call.query.get("space"))
    server = call.server
    if name is None:
        chosen = server.strays
    elif name in server.spaces:
        chosen = server.spaces[name].journal
    else:
        raise no_such_space(server.spaces, name)
    return await journal_answer(call.request, chosen, {}, call.query["format"])


async def list_scenarios(call: Call) -> Any:
    """The scenarios that ship, each with what it is about."""
    return {"scenarios": [{"name": each.name, "about": each.about} for each in scenarios.shipped()]}


async def list_spaces(call: Call) -> Any:
    """All spaces."""
    spaces = call.server.spaces
    views = []
    for number, space in enumerate(list(spaces.values()), 1):
        if number % SPACES_AT_ONCE == 0:
            await asyncio.sleep(0)
        # It may have ended meanwhile.
        if spaces.get(space.name) is space:
            views.append(view(call.server, space))
    return {"spaces": views}


async def create_space(call: Call) -> Any:
    """Make a space before any client comes.

    It keeps what happens in it until it is reset or deleted. A client is in it when it connects to
    its ``url``, or anywhere with its name as the project id.
    """
    space = await _create(call, call.body["name"])
    where = f"{call.request.rel_url.raw_path}/{quote(space.name, safe='')}"
    return json_answer(view(call.server, space), 201, {"Location": where})


async def put_space(call: Call) -> Any:
    """Make the space that the path names, before any client comes.

    It does the same as a POST to `/spaces`. A proxy that goes by the path sends it to the process
    in which the space's clients will be.
    """
    name = call.path["space"]
    if problem := problem_of_name(name):
        raise HttpProblem(422, f"no space can have this name: {problem}")
    return view(call.server, await _create(call, name))


async def _create(call: Call, name: str) -> Space:
    spaces, chosen = call.server.spaces, await _options(call.body)
    if "speed" in chosen and spaces.complete(chosen)["clock"] == "manual":
        raise _no_speed()
    if name in spaces:
        raise HttpProblem(409, f'there is a space "{name}" already')
    return spaces.create(name, chosen)


async def get_space(call: Call) -> Any:
    """A space."""
    return view(call.server, call.control.space)


async def delete_space(call: Call) -> Any:
    """End a space, and the connections in it."""
    call.server.spaces.delete(call.control.space.name)


async def reset_space(call: Call) -> Any:
    """End a space, and make it again as it was made, or with what the body says.

    The same seed gives the same names and ids again; a scenario begins from its beginning.
    """
    changes = await _options(call.body)
    control = call.control
    kind = changes.get("clock", control.clock().kind)
    if kind == "manual" and changes.setdefault("speed", None) is not None:
        raise _no_speed()
    return view(call.server, call.server.spaces.reset(control.space.name, changes))


async def list_sessions(call: Call) -> Any:
    """The sessions of a space, those that are away too."""
    return Document(sessions=call.control.all_sessions())


def _counts(space: Space) -> dict[str, Any]:
    return {
        "name": space.name,
        "scenario": space.script.name,
        "sessions": len(space.sessions),
        "rooms": len(Video.of(space).rooms),
        "frames": len(space.journal),
    }


def view(server: Context, space: Space) -> dict[str, Any]:
    """A space in numbers, with its clock."""
    control = server.spaces.control(space.name)
    return {
        **_counts(space),
        "kept": space.is_kept,
        "clock": control.clock(),
        "url": f"{server.url}/space/{quote(space.name, safe='')}",
        "rest_url": f"{server.http_url}/space/{quote(space.name, safe='')}",
        "last_frame": space.journal.last,
        "serial": control.serial,
        "violations": len(control.verdict.violations()) if control.verdict.judged else None,
    }


async def _options(body: dict[str, Any]) -> SpaceOptions:
    """What a body says of how a space is made."""
    told = {key: value for key, value in body.items() if key != "name"}
    text = told.pop("scenario_yaml", None)
    if text is not None:
        # In a thread: a long text takes most of a second, and nobody else waits for it.
        told["scenario"] = await asyncio.to_thread(_read_scenario, text)
    if "limits" in told:
        # JSON has no whole numbers of its own: 2.0 is one.
        told["limits"] = {name: int(most) for name, most in told["limits"].items()}
    return cast(SpaceOptions, told)


def _no_speed() -> HttpProblem:
    return field_problem("speed", "no speed", "a speed", "a manual clock has none: leave it out")


def _read_scenario(text: str) -> scenarios.Scenario:
    try:
        return scenarios.loads(text)
    except scenarios.ScenarioError as error:
        raise field_problem("scenario_yaml", "the text of a scenario file", str(error)) from None
