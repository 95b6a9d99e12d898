"""The floor: a bare aiohttp WebSocket server that parses nothing. Prints its port once it listens.

It echoes each text message; one that begins with ``!`` goes to everybody.
"""

import asyncio

from aiohttp import WSMsgType, web

everybody: set[web.WebSocketResponse] = set()


async def echo(request: web.Request) -> web.WebSocketResponse:
    websocket = web.WebSocketResponse(compress=False)
    await websocket.prepare(request)
    everybody.add(websocket)
    async for message in websocket:
        if message.type is WSMsgType.TEXT:
            if message.data.startswith("!"):
                for each in everybody:
                    await each.send_str(message.data)
            else:
                await websocket.send_str(message.data)
    everybody.discard(websocket)
    return websocket


async def main() -> None:
    app = web.Application()
    app.router.add_get("/", echo)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, backlog=1_024).start()
    print(runner.addresses[0][1], flush=True)
    await asyncio.Event().wait()


asyncio.run(main())
