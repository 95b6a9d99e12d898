"""One pass over a trace that puts together what belongs together, for all rules to use.

Traces may hold anything, also what no server and no client should send: here nothing is judged and
nothing raises. What has not the expected type counts as absent.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from mockserver.protocol.catalogue import SUBSCRIBED_AS
from mockserver.protocol.frames import EVENT_METHOD, is_answer, is_call
from mockserver.protocol.lifecycles import LIFECYCLES, Lifecycle
from mockserver.protocol.validation import is_refusal

from .trace import Entry, Trace, is_number

CONNECT = "signalwire.connect"
SUBSCRIBE = "signalwire.subscribe"
UNSUBSCRIBE = "signalwire.unsubscribe"
ROOM_STARTED = "video.room.started"
ROOM_ENDED = "video.room.ended"
ROOM_UPDATED = "video.room.updated"
ROOM_SUBSCRIBED = "video.room.subscribed"
ALL_ROOMS = "video.rooms"
MEMBER_PREFIX = "video.member."

SpaceKey = tuple[str, str | None]
"""What tells spaces apart: ``("space", name)``, or ``("project", id)`` where names are unknown."""


@dataclass(slots=True, eq=False)
class Call:
    """A call of either side, with its answer once that was seen."""

    entry: Entry
    method: str
    params: Mapping[str, Any]
    session: Session
    answer: Entry | None = None

    @property
    def failed(self) -> bool:
        """Whether it was answered, and not with success."""
        return self.answer is not None and not self.succeeded

    @property
    def succeeded(self) -> bool:
        """Whether it was answered with a result that is no refusal [W]."""
        if self.answer is None or self.answer.frame is None:
            return False
        result = self.answer.frame.get("result")
        # signalwire.connect knows no refusal: any result of it is success [W].
        return isinstance(result, Mapping) and (self.method == CONNECT or not is_refusal(result))


@dataclass(slots=True, eq=False)
class Event(Call):
    """An event as it was sent to one session. Its answer is the client's acknowledgement.

    Attributes:
        type: such as ``video.recording.started``.
        channel: its ``event_channel``.
        timestamp: unix seconds on the server's clock; None when it has none.
        body: the event's own ``params``.
        room: the id of the room session that it is about.
        lifecycle: the table of what it tells; None when that has none.
        media: the recording, playback or stream that it tells; empty when it is not about one.
    """

    id: str = ""
    type: str = ""
    channel: str = ""
    timestamp: float | None = None
    body: Mapping[str, Any] = field(default_factory=dict)
    room: str | None = None
    lifecycle: Lifecycle | None = None
    media: Mapping[str, Any] = field(default_factory=dict)

    @property
    def suffix(self) -> str:
        """The last word of the type: ``started``, ``updated`` or ``ended``."""
        return self.type.rpartition(".")[2]

    @property
    def media_id(self) -> str | None:
        """The id of the recording, playback or stream it tells, if it is an event about one."""
        return string(self.media.get("id"))

    @property
    def state(self) -> str | None:
        """The state of the recording, playback or stream that it tells."""
        return string(self.media.get("state"))

    @property
    def member_id(self) -> str | None:
        """The id of the member it tells, if it is an event about one."""
        if not self.type.startswith(MEMBER_PREFIX):
            return None
        return string(mapping(self.body.get("member")).get("id"))


class Answer(NamedTuple):
    """An answer of either side.

    Attributes:
        entry: where it stands.
        call: the call that it answers; None when there is none before it.
        earlier: the answer that the same call had already.
    """

    entry: Entry
    call: Call | None
    earlier: Entry | None


class Subscriptions:
    """Which events a session had subscribed on which channel, and from when to when.

    When the server begins or ceases to tell, between a call and its answer, a trace does not say.

    Args:
        calls: the calls of the session.
        surely: whether only the time counts in which the events must have come: from the answer to
            what asks for them until the call that ends it. Otherwise it is the time in which they
            may come: from the call that asks, unless it is refused, until the answer that ends it.
            What asks and what ends at the same time may be done in either order.
    """

    def __init__(self, calls: Iterable[Call], *, surely: bool = False) -> None:
        self._periods: dict[tuple[str, str], list[tuple[Entry, Entry | None]]] = defaultdict(list)
        self._open: dict[str, set[str]] = defaultdict(set)
        self._asked: dict[tuple[str, str], float] = {}
        self._lost: set[tuple[str, str]] = set()
        changes: list[tuple[Entry, Call]] = []
        for call in calls:
            if call.method == SUBSCRIBE and not call.failed:
                begin = call.answer if surely else call.entry
                changes += () if begin is None else ((begin, call),)
            elif call.method == UNSUBSCRIBE and not call.failed:
                ends = (call.entry, call.answer) if surely else (call.answer,)
                changes += ((end, call) for end in ends if end is not None)
        for at, call in sorted(changes, key=lambda change: change[0].n):
            channel = string(call.params.get("event_channel")) or ""
            types = {
                SUBSCRIBED_AS.get(type_, type_)
                for type_ in items(call.params.get("events"))
                if isinstance(type_, str)
            }
            if call.method == SUBSCRIBE:
                initial = call.params.get("get_initial_state") is True
                self._begin(channel, types, at, call.answer, initial=initial)
            else:
                self._end(channel, types, at, call, surely=surely)

    def _begin(
        self, channel: str, types: set[str], at: Entry, answer: Entry | None, *, initial: bool
    ) -> None:
        # The initial state comes to who asked for it, whether or not `events` names it [T].
        types.discard(ROOM_SUBSCRIBED)
        if initial:
            types.add(ROOM_SUBSCRIBED)
        for type_ in types:
            key = channel, type_
            done = answer.n if answer is not None else float("inf")
            self._asked[key] = max(self._asked.get(key, done), done)
            if type_ not in self._open[channel] and key not in self._lost:
                self._periods[key].append((at, None))
                self._open[channel].add(type_)

    def _end(self, channel: str, types: set[str], at: Entry, call: Call, *, surely: bool) -> None:
        still_open = self._open[channel]
        if surely:
            if call.answer is None:
                # It may still be done at any time.
                self._lost |= {(channel, type_) for type_ in types}
        else:
            types = {each for each in types if self._asked.get((channel, each), 0) < call.entry.n}
        if still_open <= types | {ROOM_SUBSCRIBED}:
            types.add(ROOM_SUBSCRIBED)
        for type_ in types & still_open:
            periods = self._periods[channel, type_]
            periods[-1] = (periods[-1][0], at)
        still_open -= types

    def since(
        self, channel: str, type_: str, at: Entry, until: Entry | None = None
    ) -> Entry | None:
        """Where the subscription began that is in force at ``at``, without a gap to ``until``."""
        periods = self._periods.get((channel, type_))
        if not periods:
            return None
        place = bisect_right(periods, at.n, key=lambda period: period[0].n) - 1
        if place < 0:
            return None
        begin, end = periods[place]
        last = at if until is None else until
        return begin if end is None or end.n > max(last.n, at.n) else None

    def covers(self, channel: str, type_: str, at: Entry, until: Entry | None = None) -> bool:
        """Whether the events were subscribed at ``at``, and without a gap to ``until``."""
        return self.since(channel, type_, at, until) is not None

    def types(self, channel: str, at: Entry) -> list[str]:
        """The event types subscribed on a channel at ``at``, sorted."""
        there = [type_ for known, type_ in self._periods if known == channel]
        return sorted(type_ for type_ in there if self.covers(channel, type_, at))


@dataclass(slots=True, eq=False)
class Session:
    """What the trace tells about one session, over all its connections.

    Attributes:
        name: as in the trace; None for what came before a session had a name.
        label: the name, with the space's before it where the trace has several spaces.
        whole: whether its beginning is in the trace.
        project: the project of its connect.
        calls: the client's calls, in order.
        connected: the first answer that accepted a connect.
        events: what it was sent, in order.
        answers: the server's answers.
        replies: the client's answers: acknowledgements, and answers to pings and the like.
        said: the entries that the server sent it, in order.
        media: kind and id of a recording, playback or stream -> the events about it, in order.
        rooms: room session id -> the events about it, in order.
        unreadable: the client's frames that need no answer with an id of their own.
        subscriptions: what it may be told, and when.
        sure: what it must be told, and when.
    """

    name: str | None
    whole: bool
    label: str | None = None
    project: str | None = None
    calls: list[Call] = field(default_factory=list)
    connected: Entry | None = None
    events: list[Event] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)
    replies: list[Answer] = field(default_factory=list)
    said: list[Entry] = field(default_factory=list)
    media: dict[tuple[str, str], list[Event]] = field(default_factory=lambda: defaultdict(list))
    rooms: dict[str, list[Event]] = field(default_factory=lambda: defaultdict(list))
    unreadable: list[Entry] = field(default_factory=list)
    subscriptions: Subscriptions = field(default_factory=lambda: Subscriptions(()))
    sure: Subscriptions = field(default_factory=lambda: Subscriptions(()))

    def __str__(self) -> str:
        return f"session {self.label}" if self.name is not None else "a nameless connection"

    def subscribed(self, event: Event) -> bool:
        """Whether the session had asked for this event when it was sent."""
        covers = self.subscriptions.covers
        if covers(event.channel, event.type, event.entry):
            return True
        if not event.channel.startswith(f"{ALL_ROOMS}."):
            return False
        if covers(ALL_ROOMS, event.type, event.entry):
            return True
        room_channel = string(mapping(event.body.get("room_session")).get("event_channel"))
        return (
            event.type in (ROOM_STARTED, ROOM_ENDED)
            and room_channel is not None
            and covers(room_channel, event.type, event.entry)
        )


class Telling(NamedTuple):
    """One mention of a recording, playback or stream to a session, in an event or an answer."""

    entry: Entry
    media: Mapping[str, Any]


@dataclass(slots=True, eq=False)
class Media:
    """What the trace tells about one recording, playback or stream, to whomever.

    Attributes:
        lifecycle: the table by which it lives.
        id: its id.
        tellings: every mention by the server, in order; never empty.
        actions: the client calls that name it, in order.
        started_by: the first call whose answer told of it without having named it.
        channel: the channel its events come on, or its room session's; None if neither was seen.
    """

    lifecycle: Lifecycle
    id: str
    tellings: list[Telling] = field(default_factory=list)
    actions: list[Call] = field(default_factory=list)
    started_by: Call | None = None
    channel: str | None = None


class Index:
    """A trace, put together.

    Attributes:
        trace: the trace itself.
        start: the time of its first entry.
        sessions: (space, session name) -> session; also nameless ones.
        media: (space, kind, id) -> recording, playback or stream.
        calls: entry number of an answer -> the call that it answers.
        told: kind and id of a room session, recording, … -> space -> where it was told there first.
    """

    def __init__(self, trace: Trace) -> None:
        self.trace = trace
        self.start = trace.entries[0].time if len(trace) else 0.0
        self.sessions: dict[tuple[str | None, str | None], Session] = {}
        self.media: dict[tuple[SpaceKey, str, str], Media] = {}
        self.calls: dict[int, Call] = {}
        self.told: dict[tuple[str, str], dict[SpaceKey, Entry]] = defaultdict(dict)
        self._channels: dict[tuple[SpaceKey, str], str] = {}
        self._awaiting: dict[tuple[Session, bool, str], deque[Call]] = defaultdict(deque)
        self._answered: dict[tuple[Session, bool, str], Call] = {}
        for entry in trace:
            self._read(entry)
        several = len({space for space, _ in self.sessions}) > 1
        for (space, name), session in self.sessions.items():
            session.subscriptions = Subscriptions(session.calls)
            session.sure = Subscriptions(session.calls, surely=True)
            session.label = f"{space}/{name}" if several and space is not None else name
        for (space_key, _, _), media in self.media.items():
            start = media.started_by
            if media.channel is None and start is not None:
                room = string(start.params.get("room_session_id")) or ""
                media.channel = self._channels.get((space_key, room))

    def rooms(self) -> Iterator[tuple[Session, str, list[Event]]]:
        """Every room session as one session saw it: its id, and the events about it in order."""
        for session in self.sessions.values():
            for room, events in session.rooms.items():
                yield session, room, events

    def space_of(self, session: Session, entry: Entry) -> SpaceKey:
        """The space that an entry belongs to."""
        if entry.space is not None:
            return ("space", entry.space)
        return ("project", session.project)

    def _session(self, space: str | None, name: str | None) -> Session:
        session = self.sessions.get((space, name))
        if session is None:
            session = self.sessions[space, name] = Session(name, whole=not self.trace.cut)
        return session

    def _read(self, entry: Entry) -> None:
        session = self._session(entry.space, entry.session)
        if entry.to_client:
            session.said.append(entry)
        frame = entry.frame
        if frame is None:
            if not entry.to_client:
                session.unreadable.append(entry)
            return
        if not entry.to_client and (entry.problem is not None or frame.get("jsonrpc") != "2.0"):
            session.unreadable.append(entry)
        method = frame.get("method")
        if is_call(frame) and isinstance(method, str) and frame.get("id") is not None:
            self._read_call(entry, frame, session, method)
        elif is_answer(frame):
            self._read_answer(entry, frame, session)
        elif not entry.to_client:
            session.unreadable.append(entry)

    def _read_call(
        self, entry: Entry, frame: Mapping[str, Any], session: Session, method: str
    ) -> None:
        params = mapping(frame.get("params"))
        call: Call
        if not entry.to_client:
            call = Call(entry, method, params, session)
            session.calls.append(call)
            if method == CONNECT:
                self._note_project(call)
            for lifecycle in LIFECYCLES.values():
                media_id = string(params.get(f"{lifecycle.kind}_id"))
                if media_id is not None:
                    self._media(session, entry, lifecycle, media_id).actions.append(call)
        elif method == EVENT_METHOD:
            call = self._event(entry, frame, params, session)
        else:
            call = Call(entry, method, params, session)
        self._awaiting[session, entry.to_client, frame_id(frame)].append(call)

    def _event(
        self, entry: Entry, frame: Mapping[str, Any], params: Mapping[str, Any], session: Session
    ) -> Event:
        body = mapping(params.get("params"))
        type_ = string(params.get("event_type")) or ""
        lifecycle = lifecycle_of(type_)
        media = mapping(body.get(lifecycle.kind)) if lifecycle is not None else {}
        room = (
            string(body.get("room_session_id"))
            or room_id(mapping(body.get("room_session")))
            or room_id(mapping(body.get("room")))
            or string(media.get("room_session_id"))
        )
        event = Event(
            entry,
            EVENT_METHOD,
            params,
            session,
            id=frame_id(frame),
            type=type_,
            channel=string(params.get("event_channel")) or "",
            timestamp=number(params.get("timestamp")),
            body=body,
            room=room,
            lifecycle=lifecycle,
            media=media,
        )
        session.events.append(event)
        if room is not None:
            session.rooms[room].append(event)
        self._note_told(session, entry, body)
        media_id = event.media_id
        if lifecycle is not None and media_id is not None:
            session.media[lifecycle.kind, media_id].append(event)
            known = self._media(session, entry, lifecycle, media_id)
            known.channel = known.channel or event.channel
        return event

    def _read_answer(self, entry: Entry, frame: Mapping[str, Any], session: Session) -> None:
        of_server = entry.to_client
        call, earlier = self._answered_call(frame, session, of_server, entry)
        (session.answers if of_server else session.replies).append(Answer(entry, call, earlier))
        if call is None:
            return
        self.calls[entry.n] = call
        if earlier is not None or not of_server:
            return
        if call.session is not session:
            # The connection had no session yet when it called.
            call.session.calls.remove(call)
            call.session = session
            session.calls.append(call)
        if call.method == CONNECT:
            self._note_project(call)
            if call.succeeded and session.connected is None:
                session.connected = entry
        body = mapping(frame.get("result"))
        self._note_told(session, entry, body)
        for lifecycle in LIFECYCLES.values():
            media_id = string(mapping(body.get(lifecycle.kind)).get("id"))
            if media_id is None or media_id == call.params.get(f"{lifecycle.kind}_id"):
                continue
            known = self._media(session, entry, lifecycle, media_id)
            known.started_by = known.started_by or call

    def _answered_call(
        self, frame: Mapping[str, Any], session: Session, of_server: bool, entry: Entry
    ) -> tuple[Call | None, Entry | None]:
        """The call that an answer answers, and the answer that this call had already."""
        id_ = frame_id(frame)
        key = (session, not of_server, id_)
        nameless = (self._session(entry.space, None), not of_server, id_)
        waiting = self._awaiting.get(key)
        if waiting:
            # A client that counts its ids from 1 again after a reconnect means the newest.
            call = waiting.pop()
        else:
            early = self._awaiting.get(nameless)
            if not early:
                answered = self._answered.get(key)
                return answered, answered.answer if answered is not None else None
            call = early.popleft()
        call.answer = entry
        self._answered[key] = call
        return call, None

    def _note_project(self, call: Call) -> None:
        project = string(mapping(call.params.get("authentication")).get("project"))
        session = call.session
        if project is not None and (session.project is None or call.succeeded):
            session.project = project
        if session.name is not None and "protocol" not in call.params and len(session.calls) == 1:
            session.whole = True

    def _note_told(self, session: Session, entry: Entry, body: Mapping[str, Any]) -> None:
        space = self.space_of(session, entry)
        for told in told_rooms(body):
            id_ = room_id(told)
            if id_ is not None:
                self.told["room session", id_].setdefault(space, entry)
                channel = string(told.get("event_channel"))
                if channel is not None:
                    self._channels[space, id_] = channel
        for lifecycle, told in told_media(body):
            id_ = string(told.get("id"))
            if id_ is not None:
                self.told[lifecycle.kind, id_].setdefault(space, entry)
                self._media(session, entry, lifecycle, id_).tellings.append(Telling(entry, told))

    def _media(self, session: Session, entry: Entry, lifecycle: Lifecycle, id_: str) -> Media:
        key = (self.space_of(session, entry), lifecycle.kind, id_)
        media = self.media.get(key)
        if media is None:
            media = self.media[key] = Media(lifecycle, id_)
        return media


def lifecycle_of(name: str) -> Lifecycle | None:
    """The table of what a call or an event is about, by its name: ``video.recording.started``."""
    namespace, _, rest = name.partition(".")
    return LIFECYCLES.get(rest.partition(".")[0]) if namespace == "video" else None


def told_rooms(body: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The room sessions that an event or a result describes."""
    for told in (body.get("room_session"), body.get("room"), *items(body.get("rooms"))):
        if isinstance(told, Mapping):
            yield told


def told_media(body: Mapping[str, Any]) -> Iterator[tuple[Lifecycle, Mapping[str, Any]]]:
    """The recordings, playbacks and streams that an event or a result describes.

    Also those inside a room session; the older ``room`` beside one tells the same once more.
    """
    room = body.get("room_session", body.get("room"))
    places = (body, *map(mapping, (room, *items(body.get("rooms")))))
    for kind, lifecycle in LIFECYCLES.items():
        single = body.get(kind)
        if isinstance(single, Mapping):
            yield lifecycle, single
        for place in places:
            for told in items(place.get(f"{kind}s")):
                if isinstance(told, Mapping):
                    yield lifecycle, told


def room_channel(events: Iterable[Event]) -> str | None:
    """The channel of a room session, by the events about it; None when none tells it."""
    for event in events:
        # Whatever happens within a room comes on its channel; its start and end need not.
        if event.lifecycle is not None or event.member_id is not None:
            return event.channel
        channel = string(mapping(event.body.get("room_session")).get("event_channel"))
        if channel is not None:
            return channel
    return None


def room_id(room: Mapping[str, Any]) -> str | None:
    """The id of a room session; older ``room`` objects call it ``room_session_id`` [T]."""
    return string(room.get("room_session_id")) or string(room.get("id"))


def frame_id(frame: Mapping[str, Any]) -> str:
    """A frame's id as text that tells ``1`` from ``"1"``; ``"null"`` when it has none."""
    id_ = frame.get("id")
    if isinstance(id_, str):
        return f'"{id_}"'
    return "null" if id_ is None else repr(id_)


def mapping(value: Any) -> Mapping[str, Any]:
    """The value, if it is an object; else an empty one."""
    return value if isinstance(value, Mapping) else {}


def items(value: Any) -> list[Any]:
    """The value, if it is an array; else an empty one."""
    return value if isinstance(value, list) else []


def string(value: Any) -> str | None:
    """The value, if it is a string."""
    return value if isinstance(value, str) else None


def number(value: Any) -> float | None:
    """The value, if it is a number that one can count with."""
    return float(value) if is_number(value) else None
