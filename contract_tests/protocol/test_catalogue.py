"""The catalogue follows the schema files, and finds what a misspelt name meant."""

from __future__ import annotations

import pytest

from mockserver import schemas
from mockserver.protocol import catalogue

BASIC_CALLS = {
    "signalwire.connect",
    "signalwire.ping",
    "signalwire.subscribe",
    "signalwire.unsubscribe",
    "video.rooms.get",
    "video.room.get",
    "video.members.get",
    "video.recording.start",
    "video.recording.pause",
    "video.recording.resume",
    "video.recording.stop",
    "video.recording.list",
}
BASIC_EVENTS = {
    "video.room.started",
    "video.room.updated",
    "video.room.ended",
    "video.room.subscribed",
    "video.member.joined",
    "video.member.updated",
    "video.member.left",
    "video.member.talking",
    "video.recording.started",
    "video.recording.updated",
    "video.recording.ended",
}


def test_the_documented_calls_and_events_are_there() -> None:
    assert catalogue.CLIENT_CALLS >= BASIC_CALLS
    assert catalogue.EVENTS >= BASIC_EVENTS


def test_only_the_server_calls_event_and_both_sides_ping_and_disconnect() -> None:
    assert sorted(catalogue.SERVER_CALLS) == [
        "signalwire.disconnect",
        "signalwire.event",
        "signalwire.ping",
    ]
    both = catalogue.CLIENT_CALLS & catalogue.SERVER_CALLS
    assert sorted(both) == ["signalwire.disconnect", "signalwire.ping"]


def test_every_call_file_is_in_the_catalogue_and_the_other_way_round() -> None:
    files = {name[len("calls/") :] for name in schemas.names() if name.startswith("calls/")}
    assert files == catalogue.CLIENT_CALLS | catalogue.SERVER_CALLS


def test_an_unknown_name_of_the_module_is_an_ordinary_error() -> None:
    with pytest.raises(AttributeError, match="CLIENT_CALL"):
        catalogue.CLIENT_CALL  # type: ignore[attr-defined]  # noqa: B018


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("video.recording.puase", "video.recording.pause"),
        ("video.recordings.start", "video.recording.start"),
        ("VIDEO.RECORDING.STOP", "video.recording.stop"),
        ("startRecording", "video.recording.start"),
        ("recording.start", "video.recording.start"),
        ("video.room_get", "video.room.get"),
        ("signalwire.conect", "signalwire.connect"),
    ],
)
def test_what_a_misspelt_method_meant_comes_first(written: str, meant: str) -> None:
    assert catalogue.nearest(written, catalogue.CLIENT_CALLS)[0] == meant


@pytest.mark.parametrize("written", ["", "chat.publish", "💥", "x" * 100_000])
def test_nothing_is_offered_for_what_is_near_nothing(written: str) -> None:
    assert catalogue.nearest(written, catalogue.CLIENT_CALLS) == []


def test_no_more_names_than_asked_for_and_always_in_the_same_order() -> None:
    words = ["video.recording.start", "video.recording.stop", "video.recording.pause"]
    expected = ["video.recording.start", "video.recording.stop"]
    assert catalogue.nearest("video.recording.stat", words, 2) == expected
    assert catalogue.nearest("video.recording.stat", reversed(words), 2) == expected
