"""All operations of the REST API: one row each."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .call import Call
from .handlers import (
    applications,
    conferences,
    logs,
    recordings,
    rooms,
    sessions,
    streams,
    tokens,
)

Handler = Callable[[Call], Any]

VIDEO = "/api/video"
RECORDING = f"{VIDEO}/room_recordings/{{id}}"
SESSION = f"{VIDEO}/room_sessions/{{id}}"
ROOM = f"{VIDEO}/rooms/{{id}}"
STREAM = f"{VIDEO}/streams/{{id}}"
CONFERENCE = f"{VIDEO}/conferences/{{id}}"
CONFERENCE_TOKEN = f"{VIDEO}/conference_tokens/{{id}}"
LOG = f"{VIDEO}/logs/{{id}}"
APPLICATIONS = "/api/relay/rest/domain_applications"
APPLICATION = f"{APPLICATIONS}/{{id}}"


@dataclass(frozen=True, slots=True)
class Operation:
    """One row: a method on a path, and what goes in and comes out.

    Attributes:
        method: of HTTP.
        path: ``{id}`` or ``{name}`` for what varies.
        handler: does it; returns the answer's body. Its name is the operation's id in the vendor's
            specification [R], and its docstring tells people what it does here.
        errors: the statuses of errors that the specification lists, besides 401 and 500 [R].
        answer: the schema of the answer; None when it has no body.
        query: the schema of the query.
        body: the schema of the body; None when it takes none.
        status: of the answer [R].
        wants_uuid: whether an id that is not a UUID is a 422 of its own: for the operations
            that list 422 and take nothing else that could be wrong [A].
        older: whether problems are reported in the form of the older Relay REST API [R].
    """

    method: str
    path: str
    handler: Handler
    errors: tuple[int, ...] = ()
    answer: str | None = None
    query: str | None = None
    body: str | None = None
    status: int = 200
    wants_uuid: bool = False
    older: bool = False

    @property
    def id(self) -> str:
        """The name that programs may know it by: ``list_room_recordings``."""
        return self.handler.__name__

    @property
    def reads_body(self) -> bool:
        """Whether a body has to be JSON at least."""
        return self.body is not None or 400 in self.errors

    @property
    def summary(self) -> str:
        """What it does, in one paragraph."""
        return " ".join(inspect.cleandoc(self.handler.__doc__ or "").split())

    @property
    def statuses(self) -> tuple[int, ...]:
        """The statuses of all errors that it can answer with, sorted.

        Those that the specification leaves out are 404 for an id in the path, and 400 and 422 for
        a body that is not JSON, or does not fit [A].
        """
        found = {401, 500, *self.errors}
        if "{" in self.path:
            found.add(404)
        if self.body is not None:
            found |= {400, 422}
        return tuple(sorted(found))


SECTIONS: dict[str, tuple[Operation, ...]] = {
    "Tokens": (
        Operation(
            "POST",
            f"{VIDEO}/room_tokens",
            tokens.create_room_token,
            (400, 422),
            "rest_token",
            body="create_video_room_token",
        ),
        Operation(
            "POST",
            "/api/chat/tokens",
            tokens.create_chat_token,
            (400, 422),
            "rest_token",
            body="create_chat_channel_token",
        ),
        Operation(
            "POST",
            "/api/pubsub/tokens",
            tokens.create_token,
            (400, 422),
            "rest_token",
            body="create_pubsub_channel_token",
        ),
    ),
    "Room recordings": (
        Operation(
            "GET",
            f"{VIDEO}/room_recordings",
            recordings.list_room_recordings,
            (400, 422),
            "video_recordings_page",
            query="media_paging_query",
        ),
        Operation(
            "GET",
            RECORDING,
            recordings.get_room_recording,
            (400, 404, 422),
            "video_recording_resource",
            query="media_query",
        ),
        Operation(
            "DELETE", RECORDING, recordings.delete_room_recording, (400, 404, 422), status=204
        ),
        Operation(
            "GET",
            f"{RECORDING}/events",
            recordings.list_room_recording_events,
            (400, 422),
            "video_events_page",
            query="paging_query",
        ),
    ),
    "Room sessions": (
        Operation(
            "GET",
            f"{VIDEO}/room_sessions",
            sessions.list_room_sessions,
            (400, 422),
            "video_sessions_page",
            query="video_sessions_query",
        ),
        Operation("GET", SESSION, sessions.get_room_session, (400, 404), "video_session_resource"),
        Operation(
            "GET",
            f"{SESSION}/recordings",
            recordings.list_room_session_recordings,
            (400, 422),
            "video_recordings_page",
            query="media_paging_query",
        ),
        Operation(
            "GET",
            f"{SESSION}/members",
            sessions.list_room_session_members,
            (400, 422),
            "video_members_page",
            query="paging_query",
        ),
        Operation(
            "GET",
            f"{SESSION}/events",
            sessions.list_room_session_events,
            (400, 422),
            "video_events_page",
            query="paging_query",
        ),
    ),
    "Rooms": (
        Operation(
            "GET",
            f"{VIDEO}/rooms",
            rooms.list_rooms,
            (400, 422),
            "video_rooms_page",
            query="video_rooms_query",
        ),
        Operation(
            "POST",
            f"{VIDEO}/rooms",
            rooms.create_room,
            (400, 422),
            "video_room_resource",
            body="create_video_room",
        ),
        Operation(
            "GET",
            ROOM,
            rooms.get_room,
            (400, 404, 422),
            "video_room_resource",
            query="active_session_query",
        ),
        Operation(
            "GET",
            f"{VIDEO}/rooms/{{name}}",
            rooms.get_room_by_name,
            (400, 404, 422),
            "video_room_resource",
            query="active_session_query",
        ),
        Operation(
            "PUT",
            ROOM,
            rooms.update_room,
            (400, 404, 422),
            "video_room_resource",
            body="update_video_room",
        ),
        Operation("DELETE", ROOM, rooms.delete_room, (400, 404), status=204),
    ),
    "Streams": (
        Operation(
            "GET",
            f"{ROOM}/streams",
            streams.list_room_streams,
            (422,),
            "video_streams_page",
            wants_uuid=True,
        ),
        Operation(
            "POST",
            f"{ROOM}/streams",
            streams.create_room_stream,
            (404, 422),
            "video_stream_resource",
            body="video_stream_url",
            status=201,
        ),
        Operation("GET", STREAM, streams.get_stream, (404,), "video_stream_resource"),
        Operation(
            "PUT",
            STREAM,
            streams.update_stream,
            (404, 422),
            "video_stream_resource",
            body="video_stream_url",
        ),
        Operation("DELETE", STREAM, streams.delete_stream, (404,), status=204),
    ),
    "Conferences": (
        Operation(
            "GET",
            f"{VIDEO}/conferences",
            conferences.list_video_conferences,
            (400, 422),
            "video_conferences_page",
            query="video_rooms_query",
        ),
        Operation(
            "POST",
            f"{VIDEO}/conferences",
            conferences.create_video_conference,
            (400, 422),
            "video_conference_resource",
            body="create_conference",
        ),
        Operation(
            "GET",
            CONFERENCE,
            conferences.get_video_conference,
            (400, 404, 422),
            "video_conference_resource",
            query="active_session_query",
        ),
        Operation(
            "PUT",
            CONFERENCE,
            conferences.update_video_conference,
            (400, 404, 422),
            "video_conference_resource",
            body="update_conference",
        ),
        Operation(
            "DELETE", CONFERENCE, conferences.delete_video_conference, (400, 404), status=204
        ),
        Operation(
            "GET",
            f"{CONFERENCE}/streams",
            streams.list_conference_streams,
            (422,),
            "video_streams_page",
            wants_uuid=True,
        ),
        Operation(
            "POST",
            f"{CONFERENCE}/streams",
            streams.create_conference_stream,
            (422,),
            "video_stream_resource",
            body="video_stream_url",
        ),
        Operation(
            "GET",
            f"{CONFERENCE}/conference_tokens",
            conferences.list_conference_tokens,
            (400, 404, 422),
            "video_conference_tokens_page",
            query="paging_query",
        ),
        Operation(
            "GET",
            CONFERENCE_TOKEN,
            conferences.get_conference_token,
            (400, 404),
            "video_conference_token",
        ),
        Operation(
            "POST",
            f"{CONFERENCE_TOKEN}/reset",
            conferences.reset_conference_token,
            (400, 404),
            "video_conference_token",
        ),
    ),
    "Logs": (
        Operation(
            "GET",
            f"{VIDEO}/logs",
            logs.list_logs,
            (400, 403, 422),
            "video_logs_page",
            query="video_logs_query",
        ),
        Operation("GET", LOG, logs.get_log, (400, 403, 404, 422), "video_log", wants_uuid=True),
    ),
    "Domain applications": (
        Operation(
            "GET",
            APPLICATIONS,
            applications.list_domain_applications,
            (422,),
            "domain_applications_page",
            query="domain_applications_query",
            older=True,
        ),
        Operation(
            "POST",
            APPLICATIONS,
            applications.create_domain_application,
            (422,),
            "domain_application",
            body="create_domain_application",
            status=201,
            older=True,
        ),
        Operation(
            "GET",
            APPLICATION,
            applications.retrieve_domain_application,
            (404, 422),
            "domain_application",
            wants_uuid=True,
            older=True,
        ),
        Operation(
            "PUT",
            APPLICATION,
            applications.update_domain_application,
            (404, 422),
            "domain_application",
            body="update_domain_application",
            older=True,
        ),
        Operation(
            "DELETE",
            APPLICATION,
            applications.delete_domain_application,
            (400, 404),
            status=204,
            older=True,
        ),
    ),
}

OPERATIONS: tuple[Operation, ...] = tuple(row for rows in SECTIONS.values() for row in rows)
