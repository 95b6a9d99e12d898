"""Recordings as an application with the vendor's older client (3.13.0) sees them."""

from __future__ import annotations

from .checking import check
from .runs import NodeRunner, Server, calls, methods, recording_states, timeline, unacknowledged


def test_life_of_a_recording(node: NodeRunner, server: Server) -> None:
    trace = check(node, server, "life-3")
    assert recording_states(trace) == [
        ("started", "recording"),
        ("updated", "paused"),
        ("updated", "recording"),
        ("ended", "completed"),
    ], timeline(trace)
    # This client has not asked for acknowledgements, and the server does not wait for any.
    (connect,) = [call for call in calls(trace) if call["method"] == "signalwire.connect"]
    assert "event_acks" not in connect["params"], timeline(trace)
    assert len(unacknowledged(trace)) > 4, timeline(trace)


def test_actions_after_the_end_are_refused(node: NodeRunner, server: Server) -> None:
    trace = check(
        node,
        server,
        "ended-3",
        scenario="service-stops-recording",
        logged=("Execute error",) * 3,
    )
    assert methods(trace)[-3:] == [
        "video.recording.pause",
        "video.recording.resume",
        "video.recording.stop",
    ], timeline(trace)


def test_lost_connection_is_resumed(node: NodeRunner, server: Server) -> None:
    trace = check(node, server, "session-3", scenario="resume-after-drop")
    first, second = [call for call in calls(trace) if call["method"] == "signalwire.connect"]
    assert "protocol" not in first["params"], timeline(trace)
    assert second["params"]["protocol"], timeline(trace)


def test_credentials_are_refused(node: NodeRunner, server: Server) -> None:
    told = ("Auth Error", "Wrong credentials")
    trace = check(node, server, "credentials-3", scenario="bad-credentials", logged=told)
    assert methods(trace) == ["signalwire.connect"], timeline(trace)
