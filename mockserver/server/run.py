"""Runs one server in the foreground, until a signal ends it."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import os
import signal
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

import orjson

from mockserver import scenarios
from mockserver.engine import Script
from mockserver.printable import printable

from . import garbage, watching
from .app import Server
from .settings import Settings

if TYPE_CHECKING:
    from .keeping import Keeping

logger = logging.getLogger(__name__)


class CannotListenError(Exception):
    """The address or the port cannot be had; says which and why."""


class KeepError(Exception):
    """The folder for traces cannot be had; says which and why."""


class ReadyFileError(Exception):
    """The ready file cannot be written; says where and why."""


def run(
    settings: Settings,
    *,
    ready_file: Path | None = None,
    keep: Path | None = None,
    log_level: str = "info",
    watch: bool = False,
) -> int:
    """Serve until SIGINT or SIGTERM; returns how many bugs of its own the server met.

    Args:
        settings: what to serve, and where.
        ready_file: written once the port accepts: ``{"url", "http", "addresses", "pid", "token",
            "ca"}``; ``addresses`` are all that it listens on, the token is null unless the control
            API asks for one, and then the file is its owner's alone. ``ca`` is the path of the
            certificate that clients have to trust, or null. Removed at the end.
        keep: a folder in which the trace of each space is written while it happens; made if need
            be. A disk that is full is logged, and costs no more than what does not fit.
        log_level: ``debug``, ``info``, ``warning`` or ``error``.
        watch: whether the scenario's file is read again each time that it changes.

    Raises:
        ScenarioError: the scenario is faulty or not there.
        ReadyFileError: the ready file cannot be written.
        KeepError: the folder for traces cannot be had.
        CannotListenError: the port cannot be had.
        TlsError: the certificate cannot be had.
        WatchError: the scenario cannot be watched.
    """
    log_to_stderr(log_level, "%(levelname)s %(message)s")
    # Found faulty now, rather than when the first client comes.
    if settings.scenario != Script.name:
        scenarios.load(settings.scenario)
    watched = None
    if watch:
        watched = watching.file_of(settings.scenario)
    return asyncio.run(_serve(settings, ready_file, keep, watched))


async def _serve(
    settings: Settings, ready_file: Path | None, keep: Path | None, watched: Path | None
) -> int:
    server = Server(settings)
    # What is made at the start stays to the end: it is not looked through for garbage, neither
    # while it is made nor later. This process is the server's own.
    gc.disable()
    await start(server)
    keeping = None if keep is None else _keeping(server, keep)
    garbage.settle()
    is_written = False
    watch: asyncio.Task[None] | None = None
    collecting = asyncio.create_task(garbage.collect())
    try:
        stopped = until_signal()
        if watched is not None:
            watch = asyncio.create_task(watching.watch(watched, server.spaces, stopped))
            # Its first step is what sets the watch; from the first line on, no change is missed.
            await asyncio.sleep(0)
        print(
            f'mock SignalWire server: {server.url}   (host: "{server.url}" in the client, any '
            f"project and token; scenario {settings.scenario}; Ctrl-C ends it)",
            flush=True,
        )
        if server.ca_file is not None:
            print(f"certificate that clients have to trust: {server.ca_file}", flush=True)
        if len(server.addresses) > 1:
            print(f"listening on {' and '.join(server.addresses)}", flush=True)
        print(f"page for a browser: {_page_address(server, settings)}", flush=True)
        if server.guard.token is not None and settings.control_token is None:
            print(f"control API: Authorization: Bearer {server.guard.token}", flush=True)
        if ready_file is not None:
            _write_ready_file(ready_file, server)
            is_written = True
        await stopped.wait()
        if watch is not None:
            await watch
    finally:
        if ready_file is not None and is_written:
            _remove_ready_file(ready_file)
        collecting.cancel()
        await server.stop()
        if keeping is not None:
            keeping.flush()
    return len(server.bugs)


def until_signal() -> asyncio.Event:
    """What is set as soon as SIGINT or SIGTERM comes."""
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()

    def stop(number: int, frame: FrameType | None) -> None:
        # An impatient second signal may come when the loop is gone already.
        if not loop.is_closed():
            loop.call_soon_threadsafe(stopped.set)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    return stopped


def _keeping(server: Server, folder: Path) -> Keeping:
    # Imported here: most servers keep nothing.
    from .keeping import Keeping, in_folder

    try:
        folder.mkdir(parents=True, exist_ok=True)
        return Keeping(server, in_folder(folder, logger.error))
    except OSError as error:
        raise KeepError(f"cannot keep traces in {folder}: {error.strerror}") from error


class _Printable(logging.Formatter):
    """Escapes control characters: log records quote clients, and are read at terminals."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as text."""
        return printable(super().format(record))


def log_to_stderr(level: str, form: str) -> None:
    """Have this process log to its standard error, in a form of ``logging``."""
    handler = logging.StreamHandler()
    handler.setFormatter(_Printable(form))
    logging.basicConfig(level=level.upper(), handlers=[handler])


def _page_address(server: Server, settings: Settings) -> str:
    """Where the page is. A token that was made up is in it; one that was given is no one's news."""
    made_up = server.guard.token is not None and settings.control_token is None
    return f"{server.http_url}/#token={server.guard.token}" if made_up else f"{server.http_url}/"


async def start(server: Server) -> None:
    """Start a server.

    Raises:
        CannotListenError: the port cannot be had.
        TlsError: the certificate cannot be had.
    """
    settings = server.settings
    try:
        await server.start()
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise CannotListenError(
            f"cannot listen on {settings.host} port {settings.port}: {reason}"
        ) from error


def _write_ready_file(path: Path, server: Server) -> None:
    told = {
        "url": server.url,
        "http": server.http_url,
        "addresses": server.addresses,
        "pid": os.getpid(),
        "token": server.guard.token,
        "ca": server.ca_file and str(server.ca_file),
    }
    data = orjson.dumps(told)
    try:
        if path.exists() and not path.is_file():
            # A device or a pipe, which must not be replaced; or a folder, which cannot be written.
            path.write_bytes(data)
        else:
            # A token is for this user alone.
            _write_at_once(path, data, 0o666 if server.guard.token is None else 0o600)
    except OSError as error:
        raise ReadyFileError(f"cannot write the ready file {path}: {error.strerror}") from error


def _write_at_once(path: Path, data: bytes, mode: int) -> None:
    """In one step, so that nobody ever reads half of it."""
    draft = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    try:
        draft.unlink(missing_ok=True)
        draft.touch(mode, exist_ok=False)
        draft.write_bytes(data)
        draft.replace(path)
    except OSError:
        draft.unlink(missing_ok=True)
        raise


def _remove_ready_file(path: Path) -> None:
    # Whatever has become of it meanwhile: there is no server any more that it could lead to.
    with contextlib.suppress(OSError):
        if path.is_file():
            path.unlink()
