"""Records in the foreground, until a signal ends it."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable
from pathlib import Path

from .keeper import Keeper
from .proxy import Proxy


def run(
    to: str, out: Path, *, host: str, port: int, overwrite: bool, tell: Callable[[str], None]
) -> OSError | None:
    """Keep what is said in a file until SIGINT or SIGTERM.

    Args:
        to: the server's address, ``ws://…`` or ``wss://…``.
        out: the trace file.
        host: the address to listen on.
        port: 0 takes a free one.
        overwrite: whether the file may exist already.
        tell: gets a sentence about what a person should know.

    Returns:
        Why the trace could not be written to its end; None if it was.

    Raises:
        CannotListenError: the port cannot be had.
        FileExistsError: the file exists, and may not be overwritten.
        OSError: the file cannot be written.
    """
    with out.open("wb" if overwrite else "xb") as file:
        return asyncio.run(_record(to, Keeper(file), out, host, port, tell))


async def _record(
    to: str, keeper: Keeper, out: Path, host: str, port: int, tell: Callable[[str], None]
) -> OSError | None:
    ended: asyncio.Future[OSError | None] = asyncio.get_running_loop().create_future()

    def end(error: OSError | None = None) -> None:
        if not ended.done():
            ended.set_result(error)

    proxy = Proxy(to, keeper, host=host, port=port, tell=tell, lost=end)
    await proxy.start()
    try:
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, end)
        print(
            f'recording: {proxy.url} -> {to}, kept in {out}   (host: "{proxy.url}" in the client; '
            "Ctrl-C ends it)",
            flush=True,
        )
        error = await ended
    finally:
        await proxy.stop()
    counted = f"{_counted(keeper.frames, 'frame')} of {_counted(len(keeper.sessions), 'session')}"
    print(f"{out}: {counted}, {_counted(proxy.connections, 'connection')}", flush=True)
    return error


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
