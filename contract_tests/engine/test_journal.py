"""The journal: what crossed the wire, with its time and session, without secrets, bounded."""

from __future__ import annotations

import tracemalloc
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockserver.engine import TABLES, Journal, Space
from mockserver.engine.journal import ENTRY_BYTES, TEXT_LIMIT, TO_CLIENT, TO_SERVER
from mockserver.protocol.secrets import MASK

from .harness import MakeWorld, S, World

SECRET = "PT5f0c3r3t"


def connect_frame(authentication: Any, **more: Any) -> dict[str, Any]:
    return {
        "jsonrpc": "2.0",
        "id": "c1",
        "method": "signalwire.connect",
        "params": {"authentication": authentication, **more},
    }


def traces(world: World) -> str:
    """All that any journal tells."""
    journals = [world.gate.strays, *(space.journal for space in world.gate)]
    return orjson.dumps([list(journal.entries()) for journal in journals]).decode()


# Secrets

GOOD = {
    "token": connect_frame({"project": "p", "token": SECRET}),
    "jwt_token": connect_frame({"jwt_token": SECRET}),
    "both": connect_frame({"project": "p", "token": SECRET, "jwt_token": SECRET}),
    "with a quote": connect_frame({"project": "p", "token": f'{SECRET}"{SECRET}\\'}),
    "like the frame around it": connect_frame({"project": "p", "token": f'x","a":"{SECRET}'}),
}


@pytest.mark.parametrize("frame", GOOD.values(), ids=GOOD)
@pytest.mark.parametrize("blanks", [False, True], ids=["compact", "indented"])
def test_a_connect_is_kept_without_its_token(
    world: World, frame: dict[str, Any], blanks: bool
) -> None:
    text = orjson.dumps(frame, option=orjson.OPT_INDENT_2 if blanks else None)
    client = world.client()
    client.send(text)
    assert "result" in client.frames[0]
    first, _ = world.entries(world.space)
    assert SECRET not in traces(world)
    shown = first["frame"]["params"]["authentication"]
    assert {shown[key] for key in shown if "token" in key} == {MASK}
    assert shown.get("project", "p") == "p"
    assert {**first["frame"], "params": {}} == {**frame, "params": {}}


def test_a_token_whose_key_is_spelt_with_escapes_is_masked(world: World) -> None:
    text = orjson.dumps(connect_frame({"project": "p", "token": SECRET}))
    world.client().send(text.replace(b'"token"', b'"\\u0074oken"'))
    assert len(world.space.sessions) == 1
    assert SECRET not in traces(world)


BAD = {
    "a number": connect_frame({"project": "p", "token": 7755331}),
    "a list": connect_frame({"project": "p", "token": [SECRET]}),
    "a longer list": connect_frame({"project": "p", "token": ["a", SECRET, {"b": SECRET}]}),
    "an object": connect_frame({"project": "p", "token": {"value": SECRET}}),
    "in a list": connect_frame([{"project": "p", "token": SECRET}]),
    "authentication is text": connect_frame(f"p:{SECRET}"),
    "authentication is a list": connect_frame(["p", SECRET]),
    "not under authentication": {**connect_frame({}), "params": {"project": "p", "token": SECRET}},
    "params is a list": {**connect_frame({}), "params": ["p", {"token": SECRET}]},
    "params is text": {**connect_frame({}), "params": f'{{"token": "{SECRET}"}}'},
    "beside params": {**connect_frame({}), "token": SECRET},
    "no project": connect_frame({"token": SECRET}),
    "another fault": connect_frame({"project": "p", "token": SECRET}, event_acks="yes"),
    "an old version": {**connect_frame({"project": "p", "token": SECRET}), "jsonrpc": "1.0"},
    "no id": {key: value for key, value in connect_frame({"token": SECRET}).items() if key != "id"},
    "params is the token": {**connect_frame({}), "params": SECRET},
    "in camel case": connect_frame({"project": 7, "jwtToken": SECRET, "Token": SECRET}),
    "by other names": connect_frame({"project": 7, "api_token": SECRET, "apiKey": SECRET}),
    "a password": connect_frame({"project": 7, "password": SECRET, "client_secret": SECRET}),
    "a header": connect_frame({"project": 7, "Authorization": f"Basic {SECRET}"}),
    "a header in a text": connect_frame({"project": 7, "x": f"Authorization: Bearer {SECRET}"}),
    "a JSON Web Token": connect_frame({"project": 7, "x": f"eyJhbGciOiJI.{SECRET}.{SECRET}"}),
    "a wrong method": {**connect_frame({"token": SECRET}), "method": "signalwire.conect"},
}


@pytest.mark.parametrize("frame", BAD.values(), ids=BAD)
@pytest.mark.parametrize("is_connected", [False, True], ids=["stray", "connected"])
def test_a_faulty_connect_is_kept_without_its_token(
    world: World, frame: dict[str, Any], is_connected: bool
) -> None:
    client = world.connected() if is_connected else world.client()
    client.send(frame)
    if "id" in frame:
        assert "error" in client.frames[-1]
    told = traces(world) + orjson.dumps(client.frames).decode()
    assert SECRET not in told
    assert "7755331" not in told


TEXTS = {
    "json cut off": f'{{"authentication": {{"project": "p", "token": "{SECRET}',
    "json cut off later": f'{{"authentication": {{"token": "{SECRET}", "project": ',
    "a batch": f'[{{"token": "{SECRET}"}}]',
    "json in a json string": orjson.dumps(orjson.dumps({"token": SECRET}).decode()).decode(),
    "json in json in json": orjson.dumps(
        orjson.dumps(orjson.dumps({"jwt_token": SECRET}).decode()).decode()
    ).decode(),
    "python": f"{{'project': 'p', 'token': '{SECRET}'}}",
    "python with odd characters": f"{{'token': '{SECRET},{SECRET} {SECRET}'}}",
    "javascript": f'{{token: "{SECRET}", project: "p"}}',
    "yaml": f"token: {SECRET}\nproject: p",
    "a query": f"project=p&token={SECRET}&jwt_token={SECRET}",
    "camel case": f'{{"jwtToken": "{SECRET}", oops',
    "another name": f'{{"api_token": "{SECRET}", oops',
    "an environment": f"API_TOKEN={SECRET} npm test",
    "a header": f"Authorization: Bearer {SECRET}\r\nHost: x",
    "a header in json": f'{{"headers": {{"Authorization": "Bearer {SECRET}"}}, oops',
    "a header in a json string": f'"{{\\"authorization\\": \\"Basic {SECRET}\\"}}" oops',
    "a bearer": f"curl -H 'Bearer {SECRET}'",
    "a JSON Web Token": f"the token is eyJhbGciOiJI.{SECRET}.{SECRET}, sir",
    "upper case": f'{{"TOKEN": "{SECRET}", oops',
    "a trailing comma": f'{{"token": "{SECRET}",}}',
    "bytes that are no text": f'\udcff{{"token": "{SECRET}"}}',
}


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
@pytest.mark.parametrize("is_connected", [False, True], ids=["stray", "connected"])
def test_what_is_no_frame_is_kept_without_its_token(
    world: World, text: str, is_connected: bool
) -> None:
    client = world.connected() if is_connected else world.client()
    client.send(text.encode("utf-8", "surrogateescape"))
    assert "error" in client.frames[-1]
    assert SECRET not in traces(world) + orjson.dumps(client.frames).decode()


def test_a_token_is_masked_also_where_the_text_is_cut(world: World) -> None:
    for size in range(TEXT_LIMIT - 40, TEXT_LIMIT + 5):
        world.client().send(f'["{"x" * size}", {{"token": "{SECRET}"}}'.encode())
    # Of a token that stands across the cut, not even the beginning may be left.
    assert SECRET[:2] not in traces(world)


def test_a_huge_faulty_frame_is_cut_and_still_masked(world: World) -> None:
    for size in range(7_950, 8_010, 3):
        frame = connect_frame({"x": "x" * size, "token": SECRET, "project": 7})
        world.client().send(orjson.dumps(frame))
    told = traces(world)
    assert SECRET[:2] not in told
    assert all(len(entry.data) <= 8_100 for entry in world.gate.strays.raw())


# What an entry tells


def test_entries_tell_time_direction_and_session(world: World) -> None:
    client = world.client()
    client.connect()
    world.wait(S)
    client.result("video.rooms.get")
    client.send(b"nonsense")
    entries = world.entries(world.space)
    start = entries[0]["time"]
    assert [
        (entry["n"], entry["time"] - start, entry["direction"], entry["session"], entry["valid"])
        for entry in entries
    ] == [
        (1, 0.0, TO_SERVER, None, True),
        (2, 0.0, TO_CLIENT, "s1", True),
        (3, 1.0, TO_SERVER, "s1", True),
        (4, 1.0, TO_CLIENT, "s1", True),
        (5, 1.0, TO_SERVER, "s1", False),
        (6, 1.0, TO_CLIENT, "s1", True),
    ]
    assert {entry["space"] for entry in entries} == {"p"}
    assert entries[1]["frame"] == client.frames[0]
    assert entries[4]["frame"] is None
    assert entries[4]["text"] == "nonsense"
    assert entries[4]["problem"] == entries[5]["frame"]["error"]["message"]
    assert [set(entry) & {"text", "problem"} for entry in entries[:4]] == [set()] * 4


def test_an_event_is_noted_for_each_session_when_it_is_sent(world: World) -> None:
    one, two = world.connected(), world.connected()
    for client in (one, two):
        client.subscribe("video.rooms", "video.room.started")
    two.lose()
    made = world.clock.now()
    world.start_room()
    world.wait(S)
    two.resume()
    sent = [
        (entry["session"], round(entry["time"] * S) - made)
        for entry in world.entries(world.space)
        if (entry["frame"] or {}).get("method") == "signalwire.event"
    ]
    assert sent == [("s1", 30_000), ("s2", S)]


def test_who_never_got_in_is_noted_with_the_strays(make_world: MakeWorld) -> None:
    world = make_world(credentials={"p": "right"})
    client = world.client(token="wrong")
    client.connect()
    client.error("video.rooms.get")
    entries = list(world.gate.strays.entries())
    assert [entry["direction"] for entry in entries] == [TO_SERVER, TO_CLIENT] * 2
    assert {entry["session"] for entry in entries} == {None}
    assert "wrong" not in traces(world)
    assert [entry["frame"].get("error", {}).get("code") for entry in entries][1::2] == [-32002] * 2


# Bounds


def test_it_keeps_the_newest_and_counts_what_it_dropped() -> None:
    journal = Journal("p", limit=3)
    for number in range(5):
        journal.add(number * S, TO_CLIENT, "s1", b'{"a":%d}' % number)
    assert len(journal) == 3
    assert journal.dropped == 2
    entries = list(journal.entries())
    assert [entry["n"] for entry in entries] == [3, 4, 5]
    assert [entry["frame"] for entry in entries] == [{"a": 2}, {"a": 3}, {"a": 4}]
    assert [entry["n"] for entry in journal.entries(after=4)] == [5]
    assert list(journal.entries(after=5)) == []


def test_it_may_grow_while_it_is_read() -> None:
    journal = Journal("p", limit=3)
    for _ in range(3):
        journal.add(0, TO_CLIENT, "s1", b"{}")
    seen = 0
    for _ in journal.entries():
        journal.add(0, TO_CLIENT, "s1", b"{}")
        seen += 1
    assert seen == 3


def test_a_space_bounds_its_journal(world: World) -> None:
    space = Space("p", TABLES, clock=world.clock, journal_limit=2)
    assert space.journal.limit == 2


def test_cleared_it_counts_on() -> None:
    journal = Journal("p", limit=1)
    for _ in range(2):
        journal.add(0, TO_CLIENT, None, b"{}")
    journal.clear()
    assert (len(journal), journal.dropped) == (0, 0)
    journal.add(0, TO_CLIENT, None, b"{}")
    assert [entry["n"] for entry in journal.entries()] == [3]


def test_listeners_hear_every_entry_until_they_have_enough() -> None:
    journal = Journal("p", limit=1)
    heard: list[int] = []
    stop = journal.listen(lambda entry: heard.append(entry.number))
    for _ in range(3):
        journal.add(0, TO_CLIENT, None, b"{}")
    stop()
    journal.add(0, TO_CLIENT, None, b"{}")
    assert heard == [1, 2, 3]


def test_a_long_text_is_cut(world: World) -> None:
    world.client().send(("ä" * 3 * TEXT_LIMIT).encode())
    (noted, _) = world.gate.strays.entries()
    assert noted["text"] == "ä" * TEXT_LIMIT


@given(
    limit=st.integers(1, 7),
    steps=st.lists(st.one_of(st.integers(1, 9), st.just("clear")), max_size=6),
    after=st.integers(0, 40),
    most=st.none() | st.integers(0, 9),
)
def test_entries_are_found_by_their_number(
    limit: int, steps: list[int | str], after: int, most: int | None
) -> None:
    """A ring that is read must give what a list would that has all entries."""
    journal = Journal("p", limit)
    kept: list[int] = []
    number = 0
    for step in steps:
        if step == "clear":
            journal.clear()
            kept.clear()
            continue
        for _ in range(int(step)):
            number += 1
            journal.add(number, TO_CLIENT, "s1", b"{}")
            kept = [*kept, number][-limit:]
    assert journal.last == number
    assert len(journal) == len(kept)
    wanted = [each for each in kept if each > after][:most]
    assert [entry.number for entry in journal.raw(after, most)] == wanted


LOOKS = {
    "len": len,
    "first": lambda journal: journal.first,
    "last": lambda journal: journal.last,
    "dropped": lambda journal: journal.dropped,
    "raw": lambda journal: journal.raw(),
    "next_slice": lambda journal: journal.next_slice(0),
    "candidates": lambda journal: journal.candidates(0, None, None),
    "newest": lambda journal: journal.newest(1),
    "slices": lambda journal: list(journal.slices()),
    "entries": lambda journal: list(journal.entries()),
}


@pytest.mark.parametrize("look", LOOKS.values(), ids=LOOKS)
def test_whoever_looks_sees_the_call_that_is_about_to_be_answered(look: Any) -> None:
    heard, added = Journal("p", limit=2), Journal("p", limit=2)
    for journal in (heard, added):
        journal.add(1, TO_SERVER, "s1", b'{"id":"1"}')
        journal.add(2, TO_CLIENT, "s1", b'{"id":"1"}')
    heard.hear(3, "s1", b'{"id":"2"}')
    added.add(3, TO_SERVER, "s1", b'{"id":"2"}')
    assert look(heard) == look(added)


def test_a_call_is_noted_before_whatever_comes_after_it() -> None:
    journal = Journal("p")
    journal.hear(1, "s1", b"{}")
    journal.hear(2, "s2", b"{}")
    journal.note(3, None, "a note")
    assert [(each.number, each.time) for each in journal.raw()] == [(1, 1), (2, 2), (3, 3)]
    journal.hear(4, "s3", b"{}")
    journal.clear()
    journal.add(5, TO_CLIENT, "s3", b"{}")
    assert [(each.number, each.time) for each in journal.raw()] == [(5, 5)]
    assert journal.dropped == 0


def test_whoever_listens_hears_of_a_call_before_it_is_answered() -> None:
    journal, news = Journal("p"), list[int]()
    journal.hear(1, "s1", b"{}")
    journal.listen(lambda entry: news.append(entry.time))
    assert news == []
    journal.hear(2, "s1", b"{}")
    assert news == [2]


@given(
    limit=st.integers(1, 7),
    most_bytes=st.integers(0, 3_000),
    sizes=st.lists(st.integers(0, 1_000) | st.just("same") | st.just("clear"), max_size=30),
)
def test_memory_is_bounded(limit: int, most_bytes: int, sizes: list[int | str]) -> None:
    """What many sessions got in a row counts once; the newest entry is kept whatever its size."""
    journal = Journal("p", limit, most_bytes)
    kept: list[tuple[int, bytes]] = []
    dropped = number = 0
    data = b"first"

    def cost() -> int:
        runs = [each for at, (_, each) in enumerate(kept) if not at or kept[at - 1][1] is not each]
        return len(kept) * ENTRY_BYTES + sum(map(len, runs))

    for size in sizes:
        if size == "clear":
            journal.clear()
            kept, dropped = [], 0
            continue
        data = data if size == "same" else bytearray(int(size)).hex().encode()
        number += 1
        journal.add(number, TO_CLIENT, "s1", data)
        kept.append((number, data))
        while len(kept) > limit or (len(kept) > 1 and cost() > most_bytes):
            kept.pop(0)
            dropped += 1
        assert [(entry.number, entry.data) for entry in journal.raw()] == kept
        assert (journal.bytes, journal.dropped, len(journal)) == (cost(), dropped, len(kept))


def test_kept_frames_take_little_more_than_their_own_length(world: World) -> None:
    client = world.connected()
    answers = 2_000
    client.call("signalwire.ping", timestamp=1.5)
    tracemalloc.start()
    try:
        for _ in range(answers):
            client.send({"jsonrpc": "2.0", "id": "x", "method": "signalwire.ping", "params": {}})
        client.frames.clear()
        taken, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert taken < answers * 3_000, "two frames, their entries, and no buffer of several KiB"
