"""Recordings as an application with the vendor's current client (4.2.1) sees them."""

from __future__ import annotations

from .checking import check
from .runs import NodeRunner, Server, calls, methods, recording_states, timeline, unacknowledged

STATES = [
    ("started", "recording"),
    ("updated", "paused"),
    ("updated", "recording"),
    ("ended", "completed"),
]


def test_life_of_a_recording(node: NodeRunner, server: Server) -> None:
    trace = check(node, server, "life-4")
    assert recording_states(trace) == STATES, timeline(trace)


def test_listeners_on_recording_and_room(node: NodeRunner, server: Server) -> None:
    trace = check(node, server, "listeners-4")
    # Three listeners of the room, one delivery each.
    assert recording_states(trace) == STATES, timeline(trace)
    assert unacknowledged(trace) == [], timeline(trace)


def test_lists_of_recordings(node: NodeRunner, server: Server) -> None:
    check(node, server, "lists-4")


def test_action_has_ended_without_a_frame(node: NodeRunner, server: Server) -> None:
    trace = check(node, server, "ended-4", scenario="service-stops-recording")
    sent = [method for method in methods(trace) if method.startswith("video.")]
    assert sent == ["video.recording.start"], timeline(trace)


def test_refusals_reach_the_application(node: NodeRunner, server: Server) -> None:
    refused = ("Execute error", "Execute error")
    check(node, server, "refused-4", scenario="start-refused", logged=refused)


def test_lost_connection_is_resumed(node: NodeRunner, server: Server) -> None:
    trace = check(node, server, "session-4", scenario="resume-after-drop")
    first, second = [call for call in calls(trace) if call["method"] == "signalwire.connect"]
    assert "protocol" not in first["params"], timeline(trace)
    assert second["params"]["protocol"], timeline(trace)
    # The subscriptions stand: the client relies on it, and does not repeat them.
    after = methods(trace)[calls(trace).index(second) + 1 :]
    assert after == ["video.recording.resume", "video.recording.stop"], timeline(trace)
    assert unacknowledged(trace) == [], timeline(trace)


def test_credentials_are_refused(node: NodeRunner, server: Server) -> None:
    trace = check(node, server, "credentials-4", scenario="bad-credentials", logged=("Auth Error",))
    assert methods(trace) == ["signalwire.connect"], timeline(trace)
