"""Tokens are nowhere: not in the log at its most talkative, not in traces, not in answers."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import aiohttp

from contract_tests.shared.client import Client
from contract_tests.shared.processes import server

SECRET = "PT-hush-hush"
JWT = "eyJhbGciOiJIUzUxMiJ9.eyJzdWIiOiJodXNoLWh1c2gifQ.hush-hush"
CONNECT = {"jsonrpc": "2.0", "id": "c", "method": "signalwire.connect"}

FRAMES = [
    {**CONNECT, "params": SECRET},
    {**CONNECT, "params": {"authentication": SECRET}},
    {**CONNECT, "params": {"authentication": {"project": "p", "jwt_token": JWT, "token": 5}}},
    {**CONNECT, "params": {"authentication": {"project": 7, "apiToken": SECRET}}},
    {**CONNECT, "params": {"authentication": {"project": "p", "token": SECRET}, "version": 1}},
]


VALID: list[dict[str, str]] = [
    {"jwtToken": SECRET},
    {"api_token": SECRET},
    {"Token": SECRET},
    {"TOKEN": SECRET},
    {"apiKey": SECRET},
    {"password": SECRET},
    {"note": f"Authorization: Bearer {SECRET}"},
    {"note": f"it is {JWT}"},
]
"""What a call may have besides: no schema of the protocol forbids fields that it does not know."""

ESCAPED = (
    '{"jsonrpc": "2.0", "id": "e", "method": "video.room.get", '
    f'"params": {{"room_session_id": "x", "\\u0074oken": "{SECRET}"}}}}'
)


async def test_no_secret_is_written_anywhere(tmp_path: Path) -> None:
    """By a server that accepts only one, whatever clients send, and where they send it."""
    kept = tmp_path / "kept"
    options = ("--log-level", "debug", "--keep", str(kept), "--credentials", f"p:{SECRET}")
    answers: list[str] = []
    control = "control-hush-hush"
    with server(*options, "--control-token", control, folder=tmp_path) as mock:
        client = await Client.open(mock.url)
        for frame in FRAMES:
            await client.socket.send_text(json.dumps(frame))
            answers.append(json.dumps(await client.receive()))
        await client.socket.send_text(f'{{"token": "{SECRET}"')
        answers.append(json.dumps(await client.receive()))
        assert "result" in await client.connect("p", SECRET)
        await client.error("x", authorization=f"Bearer {SECRET}")
        for params in VALID:
            answer = await client.call("video.room.get", room_session_id="x", **params)
            answers.append(json.dumps(answer))
        await client.socket.send_text(ESCAPED)
        answers.append(json.dumps(await client.receive()))
        other = await Client.open(mock.url)
        wrong = f"{SECRET}-wrong"
        assert "error" in await other.connect("p", wrong)
        for each in (client, other):
            answers += map(json.dumps, each.frames)
            await each.socket.close()
        answers += await asked(mock.http, control)
        told = mock.log.read_text()
    texts = [told, *answers, *(path.read_text() for path in kept.iterdir())]
    assert len(list(kept.iterdir())) == 2
    for text in texts:
        for secret in (SECRET, "hush-hush"):
            assert secret not in text


async def asked(http: str, control: str) -> list[str]:
    """What is answered over HTTP, to the right tokens and to wrong ones."""
    right = base64.b64encode(f"p:{SECRET}".encode()).decode()
    wrong = base64.b64encode(f"p:{SECRET}?".encode()).decode()
    headers = [f"Bearer {control}", f"Bearer {control}?", f"Basic {right}", f"Basic {wrong}"]
    paths = [
        *(f"/__mock__/{each}" for each in ("health", "journal?project=p", "spaces/p/trace", "x")),
        *("/api/video/rooms", "/api/x", f"/?token={SECRET}"),
    ]
    told = []
    async with aiohttp.ClientSession() as session:
        for path in paths:
            for header in headers:
                url = http + path
                async with session.get(url, headers={"Authorization": header}) as response:
                    told.append(await response.text())
        body = {"name": 5, "token": SECRET}
        url = f"{http}/__mock__/spaces"
        bearer = {"Authorization": headers[0]}
        async with session.post(url, json=body, headers=bearer) as response:
            assert response.status == 422
            told.append(await response.text())
    return told
