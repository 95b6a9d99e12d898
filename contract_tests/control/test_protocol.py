"""The schemas, and the documents that are made of them, over HTTP."""

from __future__ import annotations

from urllib.parse import urljoin

from mockserver import __version__

from .conftest import BASE, Api


async def test_the_id_of_a_schema_is_where_it_is(api: Api) -> None:
    path = f"/schemas/{__version__}/events/video.recording.started.json"
    schema = await api.ok("GET", path)
    assert schema["$id"] == f"{api.server.http_url}{BASE}{path}"
    again = await api.ok("GET", schema["$id"].removeprefix(api.server.http_url + BASE))
    assert again == schema
    reference = urljoin(schema["$id"], schema["properties"]["recording"]["$ref"])
    recording = await api.ok("GET", reference.removeprefix(api.server.http_url + BASE))
    assert (recording["$id"], recording["title"]) == (reference, "Recording")


async def test_other_versions_and_names_are_not_here(api: Api) -> None:
    problem = (await api.get("/schemas/0.0.1/events/video.recording.started.json")).problem(404)
    assert problem["detail"] == f'no schemas of version "0.0.1"; this is {__version__}'
    problem = (await api.get(f"/schemas/{__version__}/events/video.recording.begun.json")).problem(
        404
    )
    assert "did you mean events/video.recording.ended?" in problem["detail"]


async def test_the_protocol_is_there_for_programs(api: Api) -> None:
    asyncapi = await api.ok("GET", "/asyncapi.json")
    openrpc = await api.ok("GET", "/openrpc.json")
    assert (asyncapi["asyncapi"], openrpc["openrpc"]) == ("3.0.0", "1.3.2")
    assert asyncapi["info"]["version"] == openrpc["info"]["version"] == __version__
