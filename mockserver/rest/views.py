"""What the engine keeps, as REST shows it."""

from __future__ import annotations

from hashlib import sha1
from typing import Any
from uuid import NAMESPACE_URL

from mockserver.engine import MICROSECONDS, Activity, Happened, Member, RoomSession

from . import mp4
from .state import CONFERENCE_SIZES, ConferenceToken, RestSpace, Room, Stream
from .times import iso, iso_or_none, whole_seconds

_LOG_NAMESPACE = NAMESPACE_URL.bytes

CHARGED = "Video room session"
"""What a charge of a log entry is for [A]."""

FPS = 20
PICTURE_SIZES = {"720p": (1280, 720), "1080p": (1920, 1080)}
"""Quality -> width and height of a stream's picture, in pixels [A]."""

USUAL = {
    "description": None,
    "quality": "720p",
    "tone_on_entry_and_exit": True,
    "room_join_video_off": False,
    "user_join_video_off": False,
    "enable_room_previews": False,
    "sync_audio_video": None,
}
"""What a room shows where nobody has set anything else [R]; where R says nothing, [A]."""

MOST_MEMBERS = 20
"""What ``max_members`` of a room says that has no limit of its own [R]."""


def recording(
    state: RestSpace, found: tuple[RoomSession, Activity], origin: str, ttl_s: int
) -> dict[str, Any]:
    """A room recording."""
    room, media = found
    status = state.status_of(media)
    ready = state.completed_at(media)
    done = status == "completed"
    changed = ready if done and ready is not None else media.changed_at
    return {
        "id": media.id,
        "room_session_id": room.id,
        "status": status,
        "started_at": iso(media.started_at),
        "finished_at": iso_or_none(media.ended_at),
        "duration": whole_seconds(media.running_us) if media.has_ended else None,
        "size_in_bytes": len(mp4.video()) if done else None,
        "format": "video/mp4" if done else None,
        "cost_in_dollars": _cost(state, media.has_ended),
        "uri": state.media_link(origin, media, ttl_s) if done else None,
        "created_at": iso(media.started_at),
        "updated_at": iso(changed),
    }


def _limits(room: Room) -> dict[str, Any]:
    limits = room.settings.limits
    after = limits.remove_after_us
    return {
        "join_from": iso_or_none(limits.join_from),
        "join_until": iso_or_none(limits.join_until),
        "remove_at": iso_or_none(limits.remove_at),
        "remove_after_seconds_elapsed": None if after is None else whole_seconds(after),
    }


def _status(room: RoomSession) -> str:
    return "completed" if room.ended else "in-progress"


def _duration(begin: int, end: int | None) -> int | None:
    return None if end is None else whole_seconds(end - begin)


def _cost(state: RestSpace, has_ended: bool) -> float:
    """What something costs, in dollars: nothing before its end [A]."""
    return state.space.script.rest.dollars if has_ended else 0.0


def session(state: RestSpace, room: RoomSession) -> dict[str, Any]:
    """A room session by itself."""
    begun = state.begun_with(room)
    shown = {**USUAL, **begun.shown}
    return {
        "id": room.id,
        "room_id": room.room_id if state.is_room_there(room) else None,
        "name": room.name,
        "display_name": room.display_name,
        "max_members": begun.settings.max_members,
        "quality": shown["quality"],
        "fps": FPS,
        **_limits(begun),
        "layout": room.properties["layout_name"],
        "record_on_start": begun.settings.record_on_start,
        "tone_on_entry_and_exit": shown["tone_on_entry_and_exit"],
        "room_join_video_off": shown["room_join_video_off"],
        "user_join_video_off": shown["user_join_video_off"],
        "locked": room.properties["locked"],
        "start_time": iso(room.started_at),
        "end_time": iso_or_none(room.ended_at),
        "duration": _duration(room.started_at, room.ended_at),
        "status": _status(room),
        "created_at": iso(room.started_at),
        "updated_at": iso(room.changed_at),
        "preview_url": None,
        "prioritize_handraise": room.properties["prioritize_handraise"],
        "sync_audio_video": shown["sync_audio_video"],
    }


def session_in_list(state: RestSpace, room: RoomSession) -> dict[str, Any]:
    """A room session in a list: three fields more [R]."""
    shown = {**USUAL, **state.begun_with(room).shown}
    return {
        **session(state, room),
        "cost_in_dollars": _cost(state, room.ended),
        "enable_room_previews": shown["enable_room_previews"],
        "locked_cover": "",
    }


def active_session(state: RestSpace, room: RoomSession) -> dict[str, Any]:
    """The running session of a room, as the room shows it; without what has no value."""
    shown = session_in_list(state, room)
    names = (
        "id", "room_id", "name", "display_name", "join_from", "join_until", "remove_at",
        "remove_after_seconds_elapsed", "layout", "max_members", "fps", "quality", "start_time",
        "end_time", "duration", "status", "record_on_start", "enable_room_previews", "preview_url",
    )  # fmt: skip
    renamed = {"audio_video_sync": shown["sync_audio_video"]}
    values = {name: shown[name] for name in names} | renamed
    return {name: value for name, value in values.items() if value is not None}


def member(state: RestSpace, room: RoomSession, who: Member) -> dict[str, Any]:
    """Somebody who is or was in a room session."""
    left = room.ended_at if who.left_at is None else who.left_at
    return {
        "id": who.id,
        "room_session_id": room.id,
        "name": who.name,
        "join_time": iso(who.joined_at),
        "leave_time": iso_or_none(left),
        "duration": _duration(who.joined_at, state.now if left is None else left),
        "cost_in_dollars": _cost(state, left is not None),
    }


def event(happened: Happened, project: str) -> dict[str, Any]:
    """Something that happened in a room session: the realtime event in REST's notation."""
    told = happened.frame["params"]
    payload = told["params"]
    shown: dict[str, Any] = {
        "id": happened.frame["id"],
        "project_id": project,
        "room_id": payload["room_id"],
        "room_session_id": payload["room_session_id"],
    }
    if "recording" in payload:
        shown["room_recording_id"] = payload["recording"]["id"]
    who = payload["member"]["id"] if "member" in payload else payload.get("member_id")
    if who is not None:
        shown["room_participant_id"] = who
    return {
        **shown,
        "level": "info",
        "name": told["event_type"].removeprefix("video."),
        "payload": payload,
        "created_at": iso(round(told["timestamp"] * MICROSECONDS)),
    }


def room(state: RestSpace, found: Room, *, active: bool = False) -> dict[str, Any]:
    """A room.

    Args:
        state: of its space.
        found: the room.
        active: whether its running session is shown, too.
    """
    settings = found.settings
    shown = {**USUAL, **found.shown}
    told = {
        "id": settings.room_id,
        "name": settings.name,
        "display_name": settings.display_name or settings.name,
        "description": shown["description"],
        "max_members": settings.max_members or MOST_MEMBERS,
        "quality": shown["quality"],
        "fps": FPS,
        **_limits(found),
        "layout": settings.layout or "grid-responsive",
        "record_on_start": settings.record_on_start,
        "tone_on_entry_and_exit": shown["tone_on_entry_and_exit"],
        "room_join_video_off": shown["room_join_video_off"],
        "user_join_video_off": shown["user_join_video_off"],
        "enable_room_previews": shown["enable_room_previews"],
        "sync_audio_video": shown["sync_audio_video"],
        "meta": settings.meta,
        "prioritize_handraise": settings.prioritize_handraise,
        "created_at": iso(settings.created_at),
        "updated_at": iso(found.updated_at),
    }
    return told | _active(state, found, active)


def conference(state: RestSpace, found: Room, *, active: bool = False) -> dict[str, Any]:
    """A conference; its arguments are those of ``room``."""
    settings = found.settings
    shown = {**USUAL, **found.shown}
    sizes = {members: size for size, members in CONFERENCE_SIZES.items()}
    told = {
        "id": settings.room_id,
        "name": settings.name,
        "display_name": settings.display_name,
        **{name: value for name, value in shown.items() if name != "sync_audio_video"},
        **{name: value for name, value in _limits(found).items() if name.startswith("join_")},
        "layout": settings.layout or "grid-responsive",
        "size": sizes.get(settings.max_members or 0),
        "record_on_start": settings.record_on_start,
        "meta": None,
        "created_at": iso(settings.created_at),
        "updated_at": iso(found.updated_at),
    }
    return told | _active(state, found, active)


def _active(state: RestSpace, found: Room, wanted: bool) -> dict[str, Any]:
    running = state.running(found) if wanted else None
    return {} if running is None else {"active_session": active_session(state, running)}


def stream(found: tuple[Room, Stream]) -> dict[str, Any]:
    """A stream as a setting of a room."""
    owner, setting = found
    url = owner.settings.streams[setting.id]
    width, height = PICTURE_SIZES[{**USUAL, **owner.shown}["quality"]]
    return {
        "id": setting.id,
        "url": url,
        "stream_type": url.partition(":")[0].lower(),
        "width": width,
        "height": height,
        "fps": FPS,
        "created_at": iso(setting.created_at),
        "updated_at": iso(setting.updated_at),
    }


def conference_token(found: ConferenceToken) -> dict[str, Any]:
    """A token of a conference."""
    return {
        "id": found.id,
        "name": found.name,
        "token": found.token,
        "scopes": list(found.scopes),
    }


def log_id(room: RoomSession) -> str:
    """The id of the log entry of a room session."""
    # As `uuid.uuid5` makes it, in a fifth of the time: a list needs those of all rooms.
    digest = _log_digest(room)
    variant = "89ab"[int(digest[16], 16) & 3]
    third, fourth = f"5{digest[13:16]}", f"{variant}{digest[17:20]}"
    return f"{digest[:8]}-{digest[8:12]}-{third}-{fourth}-{digest[20:32]}"


def has_log_id(room: RoomSession, wanted: str) -> bool:
    """Whether the log entry of a room session has this id."""
    return _log_digest(room)[:8] == wanted[:8] and log_id(room) == wanted


def _log_digest(room: RoomSession) -> str:
    name = _LOG_NAMESPACE + f"log of {room.id}".encode()
    return sha1(name, usedforsecurity=False).hexdigest()


def log(state: RestSpace, room: RoomSession, base: str) -> dict[str, Any]:
    """The log entry of a room session."""
    charge = _cost(state, room.ended)
    return {
        "id": log_id(room),
        "source": "realtime_api",
        "type": f"video_{room.settings.kind}_session",
        "url": f"{base}/api/video/room_sessions/{room.id}",
        "room_name": room.name,
        "status": _status(room),
        "locked": room.properties["locked"],
        "started_at": iso(room.started_at),
        "ended_at": iso_or_none(room.ended_at),
        "charge": charge,
        "created_at": iso(room.started_at),
        "charge_details": [{"description": CHARGED, "charge": charge}] if charge else [],
    }
