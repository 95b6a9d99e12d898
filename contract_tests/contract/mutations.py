"""A catalogue of what can be wrong in a trace: each legal trace, changed in one way, breaks a rule.

Where no rule can see a change it says why: another legal story explains the same frames.
docs/RULES.md has these.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from mockserver.contract import Trace, check
from mockserver.protocol.frames import error_answer

TRACES = Path(__file__).parents[2] / "fixtures" / "traces"
EVENT = "signalwire.event"
CONNECT = "signalwire.connect"
PING = "signalwire.ping"
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
P, R, S, ROOM = "video.playback", "video.recording", "video.stream", "video.room"


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


def room_at_end(story: Story, name: str, value: str) -> None:
    body(story.of(f"{ROOM}.ended")[0])["room_session"][name] = value


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


def list_of_another_volume(story: Story) -> None:
    """The second playback is listed some seconds after its start, by a volume that nobody set."""
    refused = story.of(f"{P}.seek_absolute")[1]
    for entry in (story.of(f"{P}.list")[0], story.answer(f"{P}.list")):
        story.move(entry, refused)
    started = story.result(f"{P}.start", 1)["playback"]
    story.result(f"{P}.list")["playbacks"] = [{**started, "position": 4_000, "volume": 5}]


def time_runs_back(story: Story) -> None:
    for entry in story.entries[-2:]:
        entry["time"] -= 5


def join_locked(story: Story) -> None:
    """Somebody joins once more, right after the room has been reported as locked."""
    locked = next(
        each
        for each in story.of(f"{ROOM}.updated")
        if body(each)["room_session"]["locked"] and each["session"] == "s1"
    )
    joined = next(
        each for each in story.of("video.member.joined") if each["session"] == locked["session"]
    )
    again = rename(joined, body(joined)["member"]["id"], OTHER)
    again["time"] = locked["time"]
    again["frame"]["params"]["timestamp"] = locked["frame"]["params"]["timestamp"] + 0.01
    again["frame"]["id"] += "-again"
    story.entries.insert(story.entries.index(locked) + 1, again)


def give_id_of_pause(story: Story, *, at_once: bool) -> None:
    """Another call has the id of the pause; ``at_once``: it is made before that is answered."""
    call, answer = story.of(f"{ROOM}.get")[0], story.answer(f"{ROOM}.get")
    paused = story.answer(f"{R}.pause")
    call["frame"]["id"] = answer["frame"]["id"] = paused["frame"]["id"]
    if at_once:
        story.move(call, paused)


def acknowledge_by_error(story: Story, sent: Entry) -> None:
    id_ = sent["frame"]["id"]
    (answer,) = (each for each in story.entries if each["frame"]["id"] == id_ and each is not sent)
    answer["frame"] = error_answer(id_, -32601, "nobody listens")


def ping_again(story: Story, after: Entry) -> None:
    """The same ping comes, and is answered, once more."""
    place = story.entries.index(after) + 1
    story.entries[place:place] = copy.deepcopy([story.of(PING)[0], story.answer(PING)])


def seek_elsewhere(story: Story) -> None:
    """The first playback is a second less far from its first seek on."""
    told = [*story.of(f"{P}.updated")[2:6], story.of(f"{P}.ended")[0]]
    shown = [body(each)["playback"] for each in told]
    for playback in (*shown, *story.result(f"{P}.list")["playbacks"]):
        playback["position"] -= 1_000


def set_volume_wrongly(story: Story) -> None:
    """Who was muted is turned down instead, but not as far as was asked for."""
    call = story.of("video.member.audio_mute")[0]["frame"]
    call["method"] = "video.member.set_input_volume"
    call["params"]["volume"] = -10
    for entry in story.of("video.member.updated")[:2]:
        member = body(entry)["member"]
        if member["id"] == call["params"]["member_id"]:
            member["input_volume"] = -20
    told = body(story.of("video.member.updated")[0])["member"]
    told["audio_muted"], told["updated"] = False, ["input_volume"]


def told_otherwise(story: Story, old: str, new: str) -> None:
    """All that the server says has one text in place of another."""
    story.entries = [
        rename(entry, old, new) if entry["direction"] == "to_client" else entry
        for entry in story.entries
    ]


def deaf_but_for_one(story: Story) -> None:
    """Of two who are told to be deaf nothing is told of one, who stays as he was."""
    lost = story.of("video.member.updated")[2]
    other = body(lost)["member"]["id"]
    story.lose(lost)

    def as_he_was(value: Any) -> None:
        if isinstance(value, dict):
            if value.get("id") == other and "deaf" in value:
                value["deaf"] = value["audio_muted"] = False
            value = list(value.values())
        for each in value if isinstance(value, list) else ():
            as_he_was(each)

    as_he_was(story.entries)


def nobody_leaves(story: Story, method: str) -> None:
    """A call that takes somebody out is answered last of all, and nobody leaves."""
    call = story.of(method)[0]
    del story.entries[story.entries.index(story.answer(method)) + 1 :]
    talking = story.of("video.member.talking")[0]
    body(talking)["member"]["id"] = call["frame"]["params"]["member_id"]
    for _ in range(2):
        story.again(talking)


def nobody_joins(story: Story) -> None:
    """Who is promoted does not join, and was seen to leave before."""
    del story.entries[story.entries.index(story.answer("video.member.promote")) + 1 :]
    talking = story.of("video.member.talking")[0]
    body(talking)["member"]["id"] = body(story.of("video.member.updated")[3])["member"]["id"]
    for _ in range(2):
        story.again(talking)


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
        "a call has the id of one that is not answered yet",
        PAUSE,
        lambda s: give_id_of_pause(s, at_once=True),
        "client-ids-apart",
    ),
    Mutation(
        "a call has the id of an earlier one, which was answered",
        PAUSE,
        lambda s: give_id_of_pause(s, at_once=False),
        None,
        "ids tell apart what is open (JSON-RPC 2.0); that call is over",
    ),
    Mutation(
        "a ping comes again before it is answered",
        PAUSE,
        lambda s: ping_again(s, s.of(PING)[0]),
        "ids-apart",
    ),
    Mutation(
        "a ping has the id of an earlier one, which was answered",
        PAUSE,
        lambda s: ping_again(s, s.answer(PING)),
        None,
        "ids tell apart what is open (JSON-RPC 2.0); that ping is over",
    ),
    Mutation(
        "a playback gets another volume than the one that was set",
        PLAYBACK,
        lambda s: body(s.of(f"{P}.updated")[-2])["playback"].update(volume=-21),
        "action-takes-effect",
    ),
    Mutation(
        "a playback that is paused has another volume than before",
        PLAYBACK,
        lambda s: body(s.of(f"{P}.updated")[0])["playback"].update(volume=0),
        "volume-stays",
    ),
    Mutation(
        "a playback starts with another volume than was asked for",
        PLAYBACK,
        lambda s: body(s.of(f"{P}.started")[0])["playback"].update(volume=5),
        "action-takes-effect",
    ),
    Mutation(
        "a member gets another volume than the one that was set",
        MEMBERS,
        set_volume_wrongly,
        "change-is-told",
    ),
    Mutation(
        "a member gets another meta than the one that was asked for",
        MEMBERS,
        lambda s: told_otherwise(s, '"host"', '"guest"'),
        "change-is-told",
    ),
    Mutation(
        "a room gets another layout than the one that was set",
        MEMBERS,
        lambda s: told_otherwise(s, '"2x1"', '"3x3"'),
        "change-is-told",
    ),
    Mutation(
        "of all who are told to be deaf one is not", MEMBERS, deaf_but_for_one, "change-is-told"
    ),
    Mutation(
        "who is removed does not leave",
        MEMBERS,
        lambda s: nobody_leaves(s, "video.member.remove"),
        "change-is-told",
    ),
    Mutation(
        "who is demoted does not leave",
        MEMBERS,
        lambda s: nobody_leaves(s, "video.member.demote"),
        "change-is-told",
    ),
    Mutation("who is promoted does not join", MEMBERS, nobody_joins, "change-is-told"),
    Mutation(
        "a member gets another position than the one that was asked for",
        MEMBERS,
        lambda s: told_otherwise(s, '"reserved-1"', '"reserved-2"'),
        None,
        "who gets which position is for the service to say",
    ),
    Mutation(
        "a seek leads to another position",
        PLAYBACK,
        seek_elsewhere,
        None,
        "it ends at the length of what is played, which no frame tells",
    ),
    Mutation(
        "a call is never answered",
        PAUSE,
        lambda s: s.entries.remove(s.answer(f"{R}.pause")),
        None,
        "the answer may have been lost with the connection, or not come yet",
    ),
    Mutation(
        "an accepted call on a recording that nobody knows",
        PAUSE,
        lambda s: s.of(f"{R}.pause")[0]["frame"]["params"].update(recording_id=OTHER),
        "action-takes-effect",
    ),
    Mutation(
        "an accepted start in a room that nobody knows",
        PAUSE,
        lambda s: s.of(f"{R}.start")[0]["frame"]["params"].update(room_session_id=OTHER),
        "in-one-room",
    ),
    Mutation(
        "an answer about another room than the one asked for",
        PAUSE,
        lambda s: s.of(f"{ROOM}.get")[0]["frame"]["params"].update(room_session_id=OTHER),
        "in-one-room",
    ),
    Mutation(
        "a refused start had its effect",
        PAUSE,
        lambda s: refuse(s, f"{R}.start"),
        None,
        "somebody else, or the service, may have started it at that moment",
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
    Mutation(
        "a room that is called otherwise when it ends",
        PAUSE,
        lambda s: room_at_end(s, "name", "another"),
        "address-stays",
    ),
    Mutation(
        "a room that has another channel when it ends",
        PAUSE,
        lambda s: room_at_end(s, "event_channel", "EC_another"),
        "address-stays",
    ),
    Mutation(
        "a playback of another url",
        PLAYBACK,
        lambda s: body(s.of(f"{P}.updated")[0])["playback"].update(url="https://b.test/"),
        "address-stays",
    ),
    Mutation(
        "a stream that goes elsewhere than the answer said",
        STREAM,
        lambda s: s.result(f"{S}.start")["stream"].update(url="rtmp://b.test/live"),
        "address-stays",
    ),
    Mutation(
        "an event that names two room sessions",
        PAUSE,
        lambda s: body(s.of(f"{ROOM}.started")[0])["room_session"].update(id=OTHER),
        "in-one-room",
    ),
    Mutation(
        "an event about a member of another room session",
        MEMBERS,
        lambda s: body(s.of("video.member.joined")[0])["member"].update(room_session_id=OTHER),
        "in-one-room",
    ),
    Mutation(
        "a list that has a recording twice",
        TWO,
        lambda s: s.result(f"{R}.list")["recordings"].append(
            s.result(f"{R}.list")["recordings"][0]
        ),
        "answers-agree",
    ),
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
        "recording.ended is lost for the subscriber that hears of the room's end last",
        PAUSE,
        lambda s: lose_for_one(s, f"{R}.ended"),
        "room-ended-last",
    ),
    Mutation(
        "the updates of a flag are lost for one subscriber",
        PAUSE,
        lambda s: lose_for_one(s, f"{ROOM}.updated"),
        "flag-change-told",
    ),
    Mutation(
        "the last update of a flag is lost for all, and then the room ends",
        PAUSE,
        lambda s: s.lose(s.of(f"{ROOM}.updated")[-1]),
        "flag-change-told",
    ),
    Mutation(
        "the last update of a flag is lost for all at the moment at which the room ends",
        STREAM,
        lambda s: s.lose(s.of(f"{ROOM}.updated")[-1]),
        None,
        "the service may not report the flags of a room that ends",
    ),
    Mutation(
        "room.subscribed is lost for one subscriber",
        PAUSE,
        lambda s: lose_for_one(s, f"{ROOM}.subscribed"),
        "initial-state-comes",
    ),
    Mutation(
        "room.ended is lost for one subscriber",
        PAUSE,
        lambda s: lose_for_one(s, f"{ROOM}.ended"),
        None,
        "it may still be under way when the trace ends",
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
        "the acknowledgement may still be under way when the trace ends: `check` warns of it "
        "after ten seconds",
    ),
    Mutation(
        "an event that is acknowledged by an error",
        PAUSE,
        lambda s: acknowledge_by_error(s, s.of(f"{R}.started")[0]),
        None,
        "it has come, and that is all that an acknowledgement says: `check` warns of it",
    ),
    Mutation(
        "a ping that is answered with an error",
        PAUSE,
        lambda s: acknowledge_by_error(s, s.of(PING)[0]),
        None,
        "the client is there, and that is all that the answer says: `check` warns of it",
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
        "a list shows another volume than the events",
        PLAYBACK,
        list_of_another_volume,
        "answers-agree",
    ),
    Mutation(
        "a list lacks a recording that runs",
        TWO,
        lambda s: s.result(f"{R}.list")["recordings"].pop(),
        "answers-agree",
    ),
    Mutation(
        "the list of rooms lacks one that is there",
        PAUSE,
        lambda s: s.result("video.rooms.get").update(rooms=[]),
        "rooms-listed",
    ),
    Mutation(
        "the list of rooms has one that is over",
        PAUSE,
        lambda s: s.again(s.of("video.rooms.get")[0], s.answer("video.rooms.get")),
        "rooms-listed",
    ),
    Mutation(
        "a list of members lacks one who is there",
        MEMBERS,
        lambda s: s.result("video.members.get")["members"].pop(),
        "members-listed",
    ),
    Mutation(
        "a list of members shows another volume than they were told",
        MEMBERS,
        lambda s: s.result("video.members.get")["members"][0].update(input_volume=7),
        "settings-agree",
    ),
    Mutation("somebody joins a room that is locked", MEMBERS, join_locked, "locked-room-closed"),
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
        lambda s: s.lose(*s.of(PING)),
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
        "a recording is paused by the answer to its start",
        PAUSE,
        lambda s: s.result(f"{R}.start")["recording"].update(state="paused"),
        "legal-transitions",
    ),
    Mutation(
        "a recording has ended, and has no ended_at",
        PAUSE,
        lambda s: body(s.of(f"{R}.ended")[0])["recording"].pop("ended_at"),
        "times-in-order",
    ),
    Mutation(
        "a recording has ended, and has no duration",
        PAUSE,
        lambda s: body(s.of(f"{R}.ended")[0])["recording"].pop("duration"),
        None,
        'it is there "if available" (D, T): its file may not be measured yet',
    ),
    Mutation(
        "a stream has ended, and has no duration",
        STREAM,
        lambda s: body(s.of(f"{S}.ended")[0])["stream"].pop("duration"),
        None,
        'it is there "if available" (D, T)',
    ),
    Mutation(
        "a playback is seekable at first, and later not",
        PLAYBACK,
        lambda s: body(s.of(f"{P}.updated")[0])["playback"].update(seekable=False),
        None,
        "a player may learn only while it plays where it can go: nothing says that this stays",
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
