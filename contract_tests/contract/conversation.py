"""A conversation to be judged, written down step by step: one session, and what a room does."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from mockserver import contract
from mockserver.protocol import frames

START = 1_700_000_000.0
CHANNEL = "EC_lobby"
ROOMS_CHANNEL = "video.rooms.lobby"
ROOM = "room-session-1"
RECORDING = "recording-1"
TYPES = ("video.recording.started", "video.recording.updated", "video.recording.ended")
OK = {"code": "200", "message": "OK"}
MEMBER: dict[str, Any] = {
    "id": "bob",
    "room_id": "room-1",
    "room_session_id": ROOM,
    "name": "Bob",
    "type": "member",
    "visible": True,
    "audio_muted": False,
    "video_muted": False,
    "deaf": False,
    "input_volume": 0,
    "output_volume": 0,
    "input_sensitivity": 44,
}
PLAYING = {"url": "https://example.com/a.mp3", "position": 0, "seekable": True, "volume": 0}


def room_session(recording: bool = False, **more: Any) -> dict[str, Any]:
    return {
        "id": ROOM,
        "room_id": "room-1",
        "name": "lobby",
        "event_channel": CHANNEL,
        "recording": recording,
        "hide_video_muted": False,
        **more,
    }


class Conversation:
    """Entries, one after another. Seconds are counted from START; methods move the time on."""

    def __init__(self, session: str = "s1") -> None:
        self.entries: list[dict[str, Any]] = []
        self.session = session
        self.now = 0.0
        self._ids = 0

    def at(self, seconds: float) -> Conversation:
        self.now = seconds
        return self

    def id(self) -> str:
        self._ids += 1
        return f"id-{self._ids}"

    def frame(self, direction: str, frame: Mapping[str, Any] | None, **entry: Any) -> None:
        self.entries.append(
            {
                "n": len(self.entries) + 1,
                "time": START + self.now,
                "space": "demo",
                "session": self.session,
                "direction": direction,
                "frame": frame,
            }
            | entry
        )

    def call(self, method: str, params: Mapping[str, Any], **entry: Any) -> str:
        id_ = self.id()
        self.frame("to_server", frames.call(id_, method, params), **entry)
        return id_

    def answer(self, id_: str, result: Mapping[str, Any] = OK, **entry: Any) -> None:
        self.frame("to_client", frames.answer(id_, result), **entry)

    def ask(
        self, method: str, params: Mapping[str, Any], result: Mapping[str, Any] = OK, **entry: Any
    ) -> None:
        self.answer(self.call(method, params, **entry), result, **entry)

    def take_back_id(self) -> None:
        """Let the next frame have the id of the last one."""
        self._ids -= 1

    def call_connect(self, session: str | None = "", **params: Any) -> str:
        credentials = {"authentication": {"project": "demo", "token": "***"}}
        version = {"version": {"major": 3, "minor": 0, "revision": 0}}
        name = self.session if session == "" else session
        return self.call("signalwire.connect", {**version, **credentials, **params}, session=name)

    def answer_connect(self, id_: str) -> None:
        asked = next(
            each["frame"]
            for each in reversed(self.entries)
            if each["frame"]["id"] == id_ and each["frame"]["method"] == "signalwire.connect"
        )
        project = asked["params"]["authentication"].get("project", "demo")
        authorization = {"project": project, "signature": "a"}
        result = {"identity": self.session, "protocol": f"signalwire_a_{self.session}_demo"}
        self.answer(id_, {**result, "authorization": authorization})

    def connect(self, **params: Any) -> None:
        self.answer_connect(self.call_connect(**params))

    def subscribe(
        self, channel: str = CHANNEL, types: Iterable[str] = TYPES, *, initial: bool = False
    ) -> None:
        params = {"event_channel": channel, "events": list(types), "get_initial_state": initial}
        self.ask("signalwire.subscribe", params)

    def unsubscribe(self, channel: str = CHANNEL, types: Iterable[str] = TYPES) -> None:
        params = {"event_channel": channel, "events": list(types), "get_initial_state": False}
        self.ask("signalwire.unsubscribe", params)

    def event(
        self,
        type_: str,
        body: Mapping[str, Any],
        *,
        channel: str = CHANNEL,
        made: float | None = None,
        id_: str | None = None,
    ) -> str:
        id_ = id_ or self.id()
        timestamp = START + (self.now if made is None else made)
        self.frame("to_client", frames.event(id_, type_, channel, timestamp, body))
        return id_

    def acknowledge(self, id_: str) -> None:
        self.frame("to_server", frames.acknowledgement(id_))

    def room(
        self, what: str, recording: bool = False, *, made: float | None = None, **more: Any
    ) -> str:
        """An event about the room session; its start and end come on the channel of all rooms."""
        body = {
            "room_id": "room-1",
            "room_session_id": ROOM,
            "room_session": room_session(recording, **more),
        }
        channel = ROOMS_CHANNEL if what in ("started", "ended") else CHANNEL
        return self.event(f"video.room.{what}", body, channel=channel, made=made)

    def recording(
        self,
        what: str,
        state: str,
        *,
        recording: str = RECORDING,
        made: float | None = None,
        **times: float,
    ) -> str:
        """An event about a recording; ``times`` are its fields, in seconds from START."""
        return self.media("recording", what, state, id_=recording, made=made, **times)

    def media(
        self,
        kind: str,
        what: str,
        state: str,
        *,
        id_: str = "",
        made: float | None = None,
        **fields: Any,
    ) -> str:
        """An event about a recording, playback or stream; its times are in seconds from START."""
        told: dict[str, Any] = {"id": id_ or f"{kind}-1", "state": state}
        told |= PLAYING if kind == "playback" else {}
        if state == "completed":
            fields.setdefault("ended_at", self.now)
        for name, value in fields.items():
            told[name] = START + value if name in ("started_at", "ended_at") else value
        body = {"room_id": "room-1", "room_session_id": ROOM, kind: told}
        return self.event(f"video.{kind}.{what}", body, made=made)

    def member(self, what: str, **changed: Any) -> str:
        """An event about Bob, or whom ``changed`` says."""
        body = {"room_id": "room-1", "room_session_id": ROOM, "member": {**MEMBER, **changed}}
        return self.event(f"video.member.{what}", body)

    def initial_state(self, **told: Any) -> str:
        """What a session is told when it has subscribed a room's channel."""
        body = {"room_session": room_session(**{"members": [], **told})}
        return self.event("video.room.subscribed", body)

    def control(
        self, verb: str, result: Mapping[str, Any] = OK, *, recording: str = RECORDING
    ) -> None:
        self.act_on("recording", verb, result, recording_id=recording)

    def act_on(self, kind: str, verb: str, result: Mapping[str, Any] = OK, **params: Any) -> None:
        """A call about a recording, playback or stream, and its answer."""
        asked = {"room_session_id": ROOM, f"{kind}_id": f"{kind}-1", **params}
        self.ask(f"video.{kind}.{verb}", asked, result)

    def start(self, recording: str = RECORDING) -> None:
        result = {**OK, "recording": {"id": recording, "state": "recording"}}
        self.ask("video.recording.start", {"room_session_id": ROOM}, result)

    @property
    def trace(self) -> contract.Trace:
        return contract.Trace.from_entries(self.entries)

    def broken(self) -> list[str]:
        """The names of the rules it breaks, each as often as it does."""
        return [violation.rule for violation in contract.check(self.trace)]


def listening(types: Iterable[str] = TYPES, *, initial: bool = False) -> Conversation:
    """A session that has connected and subscribed all rooms and the room's channel."""
    talk = Conversation()
    talk.connect()
    talk.subscribe("video.rooms", ["video.room.started", "video.room.ended"])
    talk.subscribe(types=types, initial=initial)
    return talk.at(1.0)
