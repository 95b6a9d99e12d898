"""What the service can be made to do: the table, its schemas and its effects are of one mind."""

from __future__ import annotations

from typing import Any

import pytest
from jsonschema import Draft202012Validator
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from mockserver import schemas
from mockserver.engine import ACTIONS as ROWS
from mockserver.protocol.errors import Refusal
from mockserver.protocol.lifecycles import LIFECYCLES
from mockserver.scenarios import schema as format_schema

from .harness import MS, START_PARAMS
from .video.followed import FollowedRoom

ACTIONS = sorted(ROWS)
IN_ROOMS = [verb for verb in ACTIONS if ROWS[verb].container == "room"]
IN_SPACES = [verb for verb in ACTIONS if ROWS[verb].container is None]
every_room_action = pytest.mark.parametrize("verb", IN_ROOMS)

BEFORE = {
    **{f"resume_{kind}": f"pause_{kind}" for kind in LIFECYCLES},
    "promote": "demote",
    "unlock": "lock",
    "show_video_muted": "hide_video_muted",
    "audio_unmute": "audio_mute",
    "video_unmute": "video_mute",
    "undeaf": "deaf",
    "lowerhand": "raisehand",
    "stop_talking": "start_talking",
    "delete_meta": "set_meta",
    "delete_member_meta": "set_member_meta",
}
"""What must have been done for an action to change anything."""


def example(verb: str) -> dict[str, Any]:
    """What the schema gives as an example, as actions take it: durations in microseconds."""
    found = dict(schemas.load(f"actions/{verb}")["examples"][0])
    found.pop("room", None)
    if "length" in found:
        found["length_us"] = float(found.pop("length").removesuffix("s")) * 1_000 * MS
    return found


def set_scene(lobby: FollowedRoom, verb: str) -> None:
    """All that an action may need: something of each kind, and what it is the opposite of."""
    for kind in LIFECYCLES:
        if verb != f"start_{kind}":
            # The examples call what they are about so.
            lobby.perform(f"start_{kind}", **START_PARAMS[kind], **{"as": "first"})
    for member in lobby.session.members.values():
        member.properties["input_sensitivity"] = 80
    if verb in BEFORE:
        lobby.perform(BEFORE[verb], **example(BEFORE[verb]))
    lobby.told()


# The table, the schemas and the scenario file


def test_every_action_has_its_schema() -> None:
    described = [each for each in schemas.names() if each.startswith("actions/")]
    assert sorted(each.removeprefix("actions/") for each in described) == ACTIONS


def test_rooms_and_spaces_have_actions_of_their_own() -> None:
    for verb in ACTIONS:
        concerns = schemas.load(f"actions/{verb}")["x-concerns"]
        assert concerns == (ROWS[verb].container or "space"), verb


def test_a_scenario_file_knows_exactly_the_actions() -> None:
    bare, with_arguments = format_schema.whole()["$defs"]["action"]["anyOf"]
    takers = [each for each in ACTIONS if schemas.load(f"actions/{each}").get("properties")]
    assert sorted(with_arguments["properties"]) == sorted({*takers, "start_room"})
    needless = [each for each in ACTIONS if not schemas.load(f"actions/{each}").get("required")]
    assert sorted(bare["enum"]) == sorted({*needless, "start_room"})


@pytest.mark.parametrize(
    ("verb", "arguments"),
    [
        ("set_input_volume", {"volume": 50.5}),
        ("set_output_volume", {"volume": -51}),
        ("set_input_sensitivity", {"value": 101}),
        ("set_playback_volume", {"volume": 51}),
        ("start_playback", {"url": "https://example.com/tune.mp3", "volume": -51}),
        ("start_playback", {"url": ""}),
        ("start_stream", {"url": ""}),
        ("seek_playback", {"position": -1}),
        ("set_position", {"position": "nowhere"}),
        ("set_audience", {"count": -1}),
        ("set_meta", {"meta": ["no", "object"]}),
        ("update_member_meta", {"meta": "text"}),
        ("delete_meta", {"keys": "topic"}),
        ("prioritize_handraise", {"enable": "yes"}),
    ],
)
def test_what_no_client_may_ask_for_no_script_may(verb: str, arguments: dict[str, Any]) -> None:
    """What is not refused there would be told to clients, who cannot understand it."""
    schema = schemas.load(f"actions/{verb}")
    resources = [
        (name, DRAFT202012.create_resource(dict(document)))
        for name, document in schemas.registry_documents()
    ]
    validator = Draft202012Validator(schema, registry=Registry().with_resources(resources))
    assert validator.is_valid(schema["examples"][0])
    assert not validator.is_valid(arguments)


# What they do


@pytest.mark.parametrize("who", ["example", "all"])
@every_room_action
def test_an_action_causes_what_its_schema_says(lobby: FollowedRoom, verb: str, who: str) -> None:
    """Its example does something; all that is told of that is among what its schema names."""
    set_scene(lobby, verb)
    arguments = example(verb)
    if who == "all" and "name" in arguments and verb != "promote":
        arguments["name"] = who
    lobby.perform(verb, **arguments)
    told = {event for event, _ in lobby.told()}
    assert told
    assert told <= set(schemas.load(f"actions/{verb}")["x-causes"])


@pytest.mark.parametrize("how", ["ended", "left"])
@pytest.mark.parametrize(
    ("verb", "who"),
    [
        (verb, who)
        for verb in IN_ROOMS
        for who in ("example", "all", "nobody")
        if who == "example" or "name" in schemas.load(f"actions/{verb}")["properties"]
    ],
)
def test_nothing_is_done_in_a_room_that_has_ended(
    lobby: FollowedRoom, verb: str, who: str, how: str
) -> None:
    """Whoever it concerns, and however the room ended: it is refused, and nothing is told."""
    set_scene(lobby, verb)
    if how == "ended":
        lobby.perform("end_room")
    else:
        lobby.perform("leave", name="all")
        for member in list(lobby.session.audience.values()):
            lobby.perform("promote", name=member.id)
            lobby.perform("leave", name=member.id)
    assert lobby.session.ended
    lobby.told()
    arguments = example(verb)
    if who == "all":
        arguments["name"] = "all"
    elif who == "nobody":
        arguments.pop("name", None)
    with pytest.raises(Refusal) as refused:
        lobby.perform(verb, **arguments)
    assert refused.value.code == "404"
    assert lobby.told() == []


@every_room_action
def test_an_action_that_is_not_possible_is_refused(lobby: FollowedRoom, verb: str) -> None:
    """In a room in which nobody is left and nothing runs; or it is done, but never is it a bug."""
    for name in ("Ann", "Bob", "Carl"):
        lobby.perform("demote", name=name)
        if verb == "promote":
            lobby.perform("promote", name=name)
    lobby.told()
    properties = schemas.load(f"actions/{verb}")["properties"]
    needs = properties.keys() & {"name", *LIFECYCLES} if verb != "join" else set()
    if needs:
        with pytest.raises(Refusal, match=r"there is|is running") as refused:
            lobby.perform(verb, **{k: v for k, v in example(verb).items() if k not in needs})
        assert refused.value.code == "404"
        assert lobby.told() == []
    else:
        lobby.perform(verb, **example(verb))


@pytest.mark.parametrize("kind", LIFECYCLES)
def test_what_is_meant_by_its_name(lobby: FollowedRoom, kind: str) -> None:
    """The newest that runs when it is not said; else a label or an id; nothing of other kinds."""
    first = lobby.perform(f"start_{kind}", **START_PARAMS[kind], **{"as": "first"})
    second = lobby.perform(f"start_{kind}", **START_PARAMS[kind])
    third = lobby.perform(f"start_{kind}", **START_PARAMS[kind])
    fourth = lobby.perform(f"start_{kind}", **START_PARAMS[kind])
    assert first is not None
    assert second is not None
    assert lobby.perform(f"stop_{kind}") is fourth
    assert lobby.perform(f"stop_{kind}") is third
    assert lobby.perform(f"stop_{kind}", **{kind: "first"}) is first
    assert lobby.perform(f"stop_{kind}", **{kind: second.id}) is second
    with pytest.raises(Refusal, match=f"no {kind} is running"):
        lobby.perform(f"stop_{kind}")
    with pytest.raises(Refusal, match="what has ended stays so"):
        lobby.perform(f"stop_{kind}", **{kind: "first"})
    for other in LIFECYCLES.keys() - {kind}:
        with pytest.raises(Refusal, match="there is: none"):
            lobby.perform(f"stop_{other}", **{other: "first"})


@pytest.mark.parametrize("verb", IN_SPACES)
def test_what_concerns_all_sessions(lobby: FollowedRoom, verb: str) -> None:
    world = lobby.world
    other = world.connected()
    arguments = {"latency_us": 7, "permissions": [], "name": "drop"}
    world.do(world.space.do, verb, None, arguments)
    assert world.space.latency_us == (7 if verb == "set_latency" else world.latency_us)
    world.wait(0)
    for client in (lobby.client, other):
        assert client.is_closed() is (verb in ("disconnect", "drop_connections"))
        if verb == "set_permissions":
            assert client.result("video.recording.list", room_session_id="nowhere")["code"] == "403"
    assert [each.fault.name for each in world.space.faults.active] == ["drop"] * (verb == "fault")
