"""Faults by the control API: the catalogue, injecting, looking, and ending."""

from __future__ import annotations

from mockserver.engine import FAULTS

from .conftest import Api, Connect, Json


async def inject(api: Api, space: str, name: str, **parameters: Json) -> Json:
    return await api.ok("POST", f"{space}/faults", {"name": name, "parameters": parameters}, 201)


async def test_the_catalogue_is_served(api: Api) -> None:
    served = (await api.ok("GET", "/faults"))["faults"]
    assert [each["name"] for each in served] == list(FAULTS)
    drop = next(each for each in served if each["name"] == "drop")
    assert drop["does"] == FAULTS["drop"].does
    assert "events" in drop["parameters"]["properties"]


async def test_a_fault_is_injected_and_strikes(api: Api, space: str, connect: Connect) -> None:
    client = await connect()
    fault = await inject(api, space, "refuse", method="video.rooms.get", code="409", times=2)
    assert fault == {
        "number": 1,
        "name": "refuse",
        "parameters": {"method": "video.rooms.get", "code": "409", "times": 2},
        "struck": 0,
        "active": True,
    }
    assert (await client.call("video.rooms.get"))["result"]["code"] == "409"
    (active,) = (await api.ok("GET", f"{space}/faults"))["faults"]
    assert active["struck"] == 1
    assert (await client.call("video.rooms.get"))["result"]["code"] == "409"
    assert (await api.ok("GET", f"{space}/faults")) == {"faults": []}
    assert (await client.call("video.rooms.get"))["result"]["code"] == "200"


async def test_a_fault_is_ended(api: Api, space: str) -> None:
    one = await inject(api, space, "drop")
    await inject(api, space, "delay")
    await api.ok("DELETE", f"{space}/faults/{one['number']}", status=204)
    assert [each["name"] for each in (await api.ok("GET", f"{space}/faults"))["faults"]] == [
        "delay"
    ]
    reply = await api.ask("DELETE", f"{space}/faults/{one['number']}")
    assert reply.problem(404)["detail"] == "no fault 1 is active; there is: 2"
    await api.ok("DELETE", f"{space}/faults", status=204)
    assert (await api.ok("GET", f"{space}/faults")) == {"faults": []}


async def test_a_fault_of_sockets_reaches_the_socket(
    api: Api, space: str, connect: Connect
) -> None:
    client = await connect()
    await inject(api, space, "close", code=4001, reason="on purpose")
    assert await client.socket.close_code() == 4001
    assert (await api.ok("GET", "/health"))["status"] == "ok"


async def test_an_action_injects_too(api: Api, space: str) -> None:
    action = {"do": "fault", "name": "drop", "parameters": {"times": 3}}
    await api.ok("POST", f"{space}/actions", action)
    (fault,) = (await api.ok("GET", f"{space}/faults"))["faults"]
    assert fault["parameters"] == {"times": 3}
    reply = await api.post(f"{space}/actions", {"do": "fault", "name": "dorp"})
    assert "did you mean drop?" in reply.problem(422)["detail"]
