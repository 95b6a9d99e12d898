"""The same as ``echo_server.py`` with the library websockets, if it is installed."""

import asyncio

from websockets.asyncio.server import (  # type: ignore[import-not-found, unused-ignore]
    ServerConnection,
    broadcast,
    serve,
)

everybody: set[ServerConnection] = set()


async def echo(connection: ServerConnection) -> None:
    everybody.add(connection)
    async for message in connection:
        if str(message).startswith("!"):
            broadcast(everybody, message)
        else:
            await connection.send(message)
    everybody.discard(connection)


async def main() -> None:
    async with serve(echo, "127.0.0.1", 0, compression=None, backlog=1_024) as server:
        print(next(iter(server.sockets)).getsockname()[1], flush=True)
        await asyncio.Event().wait()


asyncio.run(main())
