"""Steps that wait for the same thing: which of them are set off, and in what order."""

from __future__ import annotations

from mockserver import scenarios
from mockserver.engine import TABLES, ManualClock, Space, Video
from mockserver.scenarios import ScenarioScript

SCENARIO = """
scenario: triggers
about: Steps that wait for the same event, by its room and its number.
latency: 0s
rooms:
  lobby: {members: [Ann]}
  first-anywhere: {members: [Ann]}
  second-in-lobby: {members: [Ann]}
  each-in-lobby: {name: generated, members: [Ann]}
  second-anywhere: {members: [Ann]}
script:
  - {at: 0s, do: {start_room: lobby}}
  - when: {event: video.member.joined, room: lobby, every: true}
    do: {start_room: each-in-lobby}
  - when: {event: video.member.joined}
    do: {start_room: first-anywhere}
  - when: {event: video.member.joined, room: lobby, nth: 2}
    do: {start_room: second-in-lobby}
  - when: {event: video.member.joined, nth: 2}
    do: {start_room: second-anywhere}
"""


def test_steps_are_set_off_by_room_and_number_in_the_order_of_the_file() -> None:
    script = ScenarioScript(scenarios.loads(SCENARIO))
    clock = ManualClock()
    space = Space("p", TABLES, clock=clock, latency_us=0, script=script)
    video = Video.of(space)

    def started_by(*rooms: str) -> list[str | None]:
        """The keys of the rooms that start when somebody joins each of these."""
        before = set(video.rooms)
        for name in rooms:
            room = video.named(name)
            assert room is not None
            video.join(room, "Bob")
        space.tick()
        return [each.key for each in video.rooms.values() if each.id not in before]

    def waiting() -> list[str]:
        return [each.what for each in script.outlook() if each.when is None]

    space.tick()
    assert started_by("lobby") == ["each-in-lobby", "first-anywhere"]
    assert started_by("first-anywhere") == ["second-anywhere"]
    assert len(waiting()) == 2
    assert started_by("first-anywhere") == []
    generated = video.named("generated")
    assert generated is not None
    video.end_room(generated)
    assert started_by("lobby") == ["each-in-lobby", "second-in-lobby"]
    assert len(waiting()) == 1, "what comes each time can always come"
    assert script.failures == []
