"""A catalogue of what can be wrong in a trace: each legal trace, changed in one way, breaks a rule.

Where no rule can see a change it says why: another legal story explains the same frames.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from mockserver.contract import RULES, Trace, check

TRACES = Path(__file__).parents[2] / "fixtures" / "traces"
EVENT = "signalwire.event"
CONNECT = "signalwire.connect"
YEAR = 365 * 86_400
OTHER = "0a5e2b62-0000-4000-8000-000000000000"

Entry = dict[str, Any]


class Story:
    """A legal trace, to be changed: its entries, found by what they are."""

    def __init__(self, name: str) -> None:
        lines = (TRACES / f"{name}.jsonl").read_text("utf-8").splitlines()
        self.entries: list[Entry] = [json.loads(line) for line in lines]

    def of(self, name: str) -> list[Entry]:
        """The calls of a method, or the events of a type."""
        return [
            entry
            for entry in self.entries
            if entry["frame"].get("method") == name
            or entry["frame"].get("params", {}).get("event_type") == name
        ]

    def answer(self, name: str, nth: int = 0) -> Entry:
        """The answer to the n-th call of a method."""
        asked = self.of(name)[nth]["frame"]["id"]
        return next(
            entry
            for entry in self.entries
            if entry["frame"]["id"] == asked and "method" not in entry["frame"]
        )

    def result(self, name: str, nth: int = 0) -> dict[str, Any]:
        result: dict[str, Any] = self.answer(name, nth)["frame"]["result"]
        return result

    def lose(self, *entries: Entry) -> None:
        """Take frames out, with what answers them."""
        ids = [entry["frame"]["id"] for entry in entries]
        self.entries = [each for each in self.entries if each["frame"]["id"] not in ids]

    def again(self, *entries: Entry, **changed: Any) -> list[Entry]:
        """Put copies with other ids at the end, a second later than all that came before."""
        shift = self.entries[-1]["time"] + 1.0 - entries[0]["time"]
        copies = copy.deepcopy(list(entries))
        for each in copies:
            each["time"] += shift
            each["frame"]["id"] += "-again"
            each |= changed
            if "timestamp" in each["frame"].get("params", {}):
                each["frame"]["params"]["timestamp"] += shift
        self.entries += copies
        return copies

    def move(self, entry: Entry, before: Entry) -> None:
        """Put a frame before another, at the same time."""
        self.entries.remove(entry)
        self.entries.insert(self.entries.index(before), entry)
        entry["time"] = before["time"]

    def broken(self) -> set[str]:
        for number, entry in enumerate(self.entries, 1):
            entry["n"] = number
        return {each.rule for each in check(Trace.from_entries(self.entries))}


def body(entry: Entry) -> dict[str, Any]:
    """What an event tells."""
    told: dict[str, Any] = entry["frame"]["params"]["params"]
    return told


def rename(value: Any, old: str, new: str) -> Any:
    """The same value with one text in place of another."""
    return json.loads(json.dumps(value).replace(old, new))


class Mutation(NamedTuple):
    """A change, and the rule that sees it; None where none can, for the reason that is given."""

    about: str
    story: str
    change: Callable[[Story], Any]
    rule: str | None
    reason: str = ""


PAUSE, STREAM, MEMBERS = "good-pause-resume", "good-stream", "good-members"
RESUMED, TWO, AGAIN = "good-resumed-session", "good-two-recordings", "good-sent-again"
PLAYBACK = "good-playback"
R, S, ROOM = "video.recording", "video.stream", "video.room"


def accept(story: Story, method: str, nth: int = 0) -> None:
    story.answer(method, nth)["frame"]["result"] = {"code": "200", "message": "OK"}


def refuse(story: Story, method: str, nth: int = 0) -> None:
    story.answer(method, nth)["frame"]["result"] = {"code": "409", "message": "not now"}


def shift_recording(story: Story, name: str, by: float, event: str = "ended") -> None:
    body(story.of(f"{R}.{event}")[0])["recording"][name] += by


def ended_too_soon(story: Story) -> None:
    body(story.of(f"{S}.ended")[0])["stream"]["ended_at"] -= 2.0


def sent_another(story: Story) -> None:
    """What was not acknowledged is not sent again after the resume: something else comes."""
    story.entries.pop()
    story.again(story.entries.pop())


def end_early(story: Story) -> None:
    del story.entries[-2:]


def shift_everything(story: Story) -> None:
    for entry in story.of(EVENT):
        entry["frame"]["params"]["timestamp"] -= 3 * YEAR


def other_room(story: Story) -> None:
    told = body(story.of(f"{R}.updated")[0])
    told["room_session_id"] = OTHER


def another_protocol(story: Story) -> None:
    result = story.result(CONNECT, 1)
    result["protocol"] = f"signalwire_x_{OTHER}_demo"


def another_session(story: Story, field: str) -> None:
    _, answer = story.again(story.of(CONNECT)[0], story.answer(CONNECT))
    answer["session"] = "s2"
    for name in {"protocol", "identity"} - {field}:
        answer["frame"]["result"][name] += OTHER


def second_connect(story: Story) -> None:
    story.again(story.of(CONNECT)[0], story.answer(CONNECT))


def event_after_goodbye(story: Story) -> None:
    call, answer = story.again(story.of(CONNECT)[0], story.answer(CONNECT))
    call["session"] = answer["session"]
    call["frame"] |= {"method": "signalwire.disconnect", "params": {}}
    answer["frame"]["result"] = {}
    story.again(story.of(f"{ROOM}.started")[0])


def room_id_changes(story: Story) -> None:
    ended = story.of(f"{ROOM}.ended")[0]
    room = body(ended)["room_id"]
    ended["frame"] = rename(ended["frame"], room, OTHER)


def channel_of_another(story: Story) -> None:
    started = story.of(f"{R}.updated")[0]
    channel = started["frame"]["params"]["event_channel"]
    subscribes = [
        each
        for each in story.of("signalwire.subscribe")
        if each["frame"]["params"]["event_channel"] == channel
    ]
    ask, answer = copy.deepcopy([subscribes[0], story.answer("signalwire.subscribe", 1)])
    for each in (ask, answer):
        each["frame"]["id"] = OTHER
        each["time"] = subscribes[0]["time"]
    ask["frame"]["params"]["event_channel"] = "EC_other"
    place = story.entries.index(story.answer("signalwire.subscribe", 1)) + 1
    story.entries[place:place] = [ask, answer]
    started["frame"]["params"]["event_channel"] = "EC_other"


def accept_elsewhere(story: Story) -> None:
    story.of(f"{R}.pause")[0]["frame"]["params"]["room_session_id"] = OTHER


def list_says_running(story: Story) -> None:
    for told in story.result(f"{S}.list")["streams"]:
        if told["state"] == "completed":
            told["state"] = "streaming"
            del told["ended_at"], told["duration"]


def time_runs_back(story: Story) -> None:
    for entry in story.entries[-2:]:
        entry["time"] -= 5


def flag_updates_lost(story: Story) -> None:
    story.lose(*story.of(f"{ROOM}.updated"))


def lose_for_one(story: Story, event_type: str) -> None:
    """A second session hears the same, but for one event; both connected long before."""
    first = story.entries.index(story.of(EVENT)[0])
    for entry in story.entries[:first]:
        entry["time"] -= 5
    of_first = copy.deepcopy(story.entries)
    lost = story.of(event_type)[0]["frame"]["id"]
    protocol = story.result(CONNECT)["protocol"]
    for place in range(len(of_first) - 1, -1, -1):
        twin = rename(of_first[place], protocol, f"{protocol}x")
        twin["session"] = "s2" if twin["session"] else None
        if twin["frame"].get("result", {}).get("identity"):
            twin["frame"]["result"]["identity"] = "another"
        if twin["frame"].get("method", "").startswith("video.") or not _is_shared(story, twin):
            continue
        if twin["frame"]["id"] != lost:
            story.entries.insert(place + 1, twin)


def _is_shared(story: Story, entry: Entry) -> bool:
    """Whether a frame is about the session, or an event: no answer to a call of video."""
    asked = [each for each in story.entries if each["frame"]["id"] == entry["frame"]["id"]]
    return not asked[0]["frame"].get("method", "").startswith("video.")


CATALOGUE = [
    # Calls and what comes of them
    Mutation(
        "an accepted call has no effect",
        PAUSE,
        lambda s: s.lose(s.of(f"{R}.updated")[0]),
        "action-takes-effect",
    ),
    Mutation("an accepted call on another room", PAUSE, accept_elsewhere, "in-one-room"),
    Mutation(
        "an accepted call on a room that is gone",
        PAUSE,
        lambda s: s.again(s.of(f"{R}.start")[0], s.answer(f"{R}.start")),
        "refused-after-room-ended",
    ),
    Mutation(
        "a call is answered twice",
        PAUSE,
        lambda s: s.entries.append(copy.deepcopy(s.answer(f"{R}.pause"))),
        "answered-once",
    ),
    Mutation(
        "an answer to no call", PAUSE, lambda s: s.again(s.answer(f"{R}.pause")), "answered-once"
    ),
    Mutation(
        "a refused call had its effect",
        PAUSE,
        lambda s: refuse(s, f"{R}.pause"),
        None,
        "the service may have paused it by itself at that moment",
    ),
    Mutation(
        "a call is never answered",
        PAUSE,
        lambda s: s.entries.remove(s.answer(f"{R}.pause")),
        None,
        "the answer may have been lost with the connection, or not come yet",
    ),
    # Dates
    Mutation(
        "ended_at before started_at",
        PAUSE,
        lambda s: shift_recording(s, "ended_at", -60.0),
        "times-in-order",
    ),
    Mutation(
        "ended_at after the event that tells it",
        PAUSE,
        lambda s: shift_recording(s, "ended_at", 30.0),
        "dates-match-clock",
    ),
    Mutation("ended_at too soon for the duration", STREAM, ended_too_soon, "dates-match-clock"),
    Mutation(
        "started_at that is not when it started",
        PAUSE,
        lambda s: shift_recording(s, "started_at", 5.0, "started"),
        "dates-match-clock",
    ),
    Mutation(
        "a duration that is too long",
        PAUSE,
        lambda s: shift_recording(s, "duration", 3.0),
        "durations-add-up",
    ),
    Mutation(
        "a duration that is too short",
        PAUSE,
        lambda s: shift_recording(s, "duration", -3.0),
        "durations-add-up",
    ),
    Mutation("timestamps of other years", PAUSE, shift_everything, "clocks-agree"),
    Mutation("trace time that runs back", TWO, time_runs_back, "trace-time-forward"),
    # Places
    Mutation("an event on the channel of another room", PAUSE, channel_of_another, "own-channel"),
    Mutation("an event that names another room's recording", PAUSE, other_room, "in-one-room"),
    Mutation("a room_id that changes", PAUSE, room_id_changes, "room-id-stays"),
    # What is lost
    Mutation(
        "room.started is lost for one subscriber",
        PAUSE,
        lambda s: lose_for_one(s, f"{ROOM}.started"),
        "told-to-all",
    ),
    Mutation(
        "recording.updated is lost for one subscriber",
        PAUSE,
        lambda s: lose_for_one(s, f"{R}.updated"),
        "told-to-all",
    ),
    Mutation(
        "room.started is lost for all",
        PAUSE,
        lambda s: s.lose(s.of(f"{ROOM}.started")[0]),
        None,
        "the room may have been there before anybody subscribed",
    ),
    Mutation(
        "room.ended is lost for all",
        PAUSE,
        lambda s: s.lose(s.of(f"{ROOM}.ended")[0]),
        None,
        "the room may still be there when the trace ends",
    ),
    Mutation(
        "room.subscribed is lost",
        STREAM,
        lambda s: s.lose(s.of(f"{ROOM}.subscribed")[0]),
        "initial-state-comes",
    ),
    Mutation("all updates of a flag are lost", STREAM, flag_updates_lost, "flag-change-told"),
    Mutation(
        "the end of a recording is lost",
        PAUSE,
        lambda s: s.lose(s.of(f"{R}.ended")[0]),
        "room-ended-last",
    ),
    Mutation(
        "what was not acknowledged is not sent again",
        AGAIN,
        sent_another,
        "nothing-lost",
    ),
    Mutation(
        "the last event of all is lost",
        AGAIN,
        end_early,
        None,
        "it may still be under way when the trace ends",
    ),
    Mutation(
        "an event that is never acknowledged",
        PAUSE,
        lambda s: s.entries.pop(),
        None,
        "it may still be under way when the trace ends",
    ),
    # What comes twice
    Mutation(
        "room.started comes twice",
        PAUSE,
        lambda s: s.again(s.of(f"{ROOM}.started")[0]),
        "room-started-once",
    ),
    Mutation(
        "recording.started comes twice",
        TWO,
        lambda s: s.again(s.of(f"{R}.started")[0]),
        "started-once",
    ),
    Mutation(
        "an acknowledged event comes again",
        PAUSE,
        lambda s: s.entries.append(copy.deepcopy(s.of(f"{R}.started")[0])),
        "event-once",
    ),
    Mutation(
        "an acknowledgement comes twice",
        PAUSE,
        lambda s: s.entries.append(copy.deepcopy(s.answer(f"{R}.started"))),
        "acknowledged-once",
    ),
    # Lists and answers
    Mutation(
        "a list shows another state than the events", STREAM, list_says_running, "answers-agree"
    ),
    Mutation(
        "a room says that it does not record",
        STREAM,
        lambda s: s.result(f"{ROOM}.get")["room"].update(recording=False),
        "running-flag",
    ),
    # Sessions
    Mutation("a second connect is accepted", PAUSE, second_connect, "connected-once"),
    Mutation("a resume with another protocol", RESUMED, another_protocol, "resume-keeps-protocol"),
    Mutation(
        "two sessions with one protocol",
        PAUSE,
        lambda s: another_session(s, "protocol"),
        "sessions-apart",
    ),
    Mutation(
        "two sessions with one identity",
        PAUSE,
        lambda s: another_session(s, "identity"),
        "sessions-apart",
    ),
    Mutation(
        "an authorization of a foreign project",
        PAUSE,
        lambda s: s.result(CONNECT)["authorization"].update(project="another"),
        "own-project",
    ),
    Mutation("an event after goodbye", PAUSE, event_after_goodbye, "silent-after-disconnect"),
    Mutation(
        "an event after a disconnect",
        RESUMED,
        lambda s: s.move(s.of(f"{ROOM}.ended")[0], s.of(CONNECT)[2]),
        "silent-after-disconnect",
    ),
    Mutation(
        "an event before connect",
        PAUSE,
        lambda s: s.move(s.of(f"{ROOM}.started")[0], s.answer(CONNECT)),
        "connect-first",
    ),
    Mutation(
        "an event that nobody subscribed",
        PAUSE,
        lambda s: s.lose(s.of("signalwire.subscribe")[1]),
        "subscribed-only",
    ),
    Mutation(
        "no pings for an hour",
        PAUSE,
        lambda s: s.lose(*s.of("signalwire.ping")),
        None,
        "a trace may be kept by a clock that a test moves by hours at once",
    ),
    # States
    Mutation(
        "an update that changes nothing",
        PAUSE,
        lambda s: body(s.of(f"{R}.updated")[0])["recording"].update(state="recording"),
        "legal-transitions",
    ),
    Mutation(
        "an update after the end",
        PAUSE,
        lambda s: s.again(s.of(f"{R}.updated")[0]),
        "nothing-after-ended",
    ),
    Mutation(
        "a frame that does not fit its schema",
        PAUSE,
        lambda s: body(s.of(f"{R}.started")[0])["recording"].pop("state"),
        "frames-valid",
    ),
]


@pytest.mark.parametrize("mutation", CATALOGUE, ids=lambda mutation: mutation.about)
def test_each_change_breaks_its_rule(mutation: Mutation) -> None:
    story = Story(mutation.story)
    assert story.broken() == set()
    mutation.change(story)
    if mutation.rule is None:
        assert mutation.reason
        assert story.broken() == set()
    else:
        assert mutation.rule in story.broken()


def test_the_catalogue_names_rules_that_there_are() -> None:
    names = {rule.name for rule in RULES}
    assert {each.rule for each in CATALOGUE if each.rule is not None} <= names
