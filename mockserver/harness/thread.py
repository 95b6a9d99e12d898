"""A server in a thread and an event loop of its own, and the way across."""

from __future__ import annotations

import asyncio
import os
import selectors
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from pathlib import Path
from typing import TypeVar
from weakref import WeakSet

from mockserver import realtime
from mockserver.control.errors import ControlError
from mockserver.control.happenings import UnknownName
from mockserver.protocol.errors import InvalidFrame, ProtocolError, Refusal
from mockserver.scenarios import ScenarioError, UnknownScenarioError
from mockserver.server import Server, Settings

T = TypeVar("T")

_FOR_THE_TESTER = (
    AssertionError,
    ControlError,
    InvalidFrame,
    ProtocolError,
    Refusal,
    ScenarioError,
    TimeoutError,
    UnknownName,
    UnknownScenarioError,
    ValueError,
)
"""Errors whose message is enough: the traceback inside the mock is cut off."""


class MockServerBug(Exception):
    """The mock itself had a fault; what a test saw after that means nothing."""


class _Loop(asyncio.SelectorEventLoop):
    """A loop whose timers go on while a test freezes the time."""

    def __init__(self) -> None:
        self._own_selector = selectors.DefaultSelector()
        super().__init__(self._own_selector)

    def time(self) -> float:
        """Seconds, of the machine's own clock."""
        return realtime.monotonic()

    def leave_to_parent(self) -> None:
        """In a forked child: let go of the sockets, which are the parent's.

        A connection does not end, and a port is not free, while another process has them open.
        Their numbers stay taken: objects that nobody uses any more may still close them.
        """
        nothing = os.open(os.devnull, os.O_RDWR)
        for key in list(self._own_selector.get_map().values()):
            os.dup2(nothing, key.fd, inheritable=False)
        os.close(nothing)


class ServerThread:
    """Runs a server beside everything else. ``start`` and ``stop`` block; any thread may ask.

    Args:
        settings: what the server is started with.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._thread: threading.Thread | None = None
        self._server: Server | None = None
        self._bugs_told = 0

    @property
    def url(self) -> str:
        """Where clients connect. Raises RuntimeError before ``start``."""
        return self._started().url

    @property
    def http_url(self) -> str:
        """Where the control API is. Raises RuntimeError before ``start``."""
        return self._started().http_url

    @property
    def ca_file(self) -> str | None:
        """The authority that clients have to trust. Raises RuntimeError before ``start``."""
        path = self._started().ca_file
        return None if path is None else str(path)

    def trusted(self) -> Path | None:
        """A file of all whom programs have to trust, see ``Server.trusted``."""
        return self.look(Server.trusted)

    def start(self) -> None:
        """Return once the server listens.

        Raises:
            OSError: the address cannot be had.
            RuntimeError: it was started before.
            TlsError: the certificate cannot be had.
        """
        if self._thread is not None:
            raise RuntimeError("this server was started before: make another")
        ready: Future[Server] = Future()
        self._thread = threading.Thread(
            target=self._run, args=[ready], name="mock SignalWire", daemon=True
        )
        self._thread.start()
        self._server = ready.result()

    def stop(self) -> None:
        """Close every connection, then the port; again is harmless."""
        if self._thread is not None and self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._end.set)
            self._thread.join()

    def look(self, question: Callable[[Server], T]) -> T:
        """Ask something that is answered at once. Works after the end, too: it is all still there.

        Raises:
            RuntimeError: the server was not started.
        """
        __tracebackhide__ = True
        server = self._started()
        if not self._is_running():
            return question(server)

        async def answer() -> T:
            return question(server)

        return _result(asyncio.run_coroutine_threadsafe(answer(), self._loop))

    def do(self, deed: Callable[[Server], Awaitable[T]]) -> T:
        """Have something done, and block until it is.

        Raises:
            RuntimeError: the server is not running.
        """
        __tracebackhide__ = True
        return _result(self._begin(deed))

    async def do_async(self, deed: Callable[[Server], Awaitable[T]]) -> T:
        """Have something done while the caller's event loop goes on; as ``do``."""
        __tracebackhide__ = True
        try:
            return await asyncio.wrap_future(self._begin(deed))
        except _FOR_THE_TESTER as error:
            raise error.with_traceback(None) from None

    def check_bugs(self) -> None:
        """Raise MockServerBug for the bugs of the mock that were not raised yet."""
        __tracebackhide__ = True
        if self._server is None:
            return
        bugs = self._server.bugs[self._bugs_told :]
        self._bugs_told += len(bugs)
        if bugs:
            told = "\n".join(f"{type(bug).__name__}: {bug}" for bug in bugs)
            raise MockServerBug(f"the mock server itself is at fault:\n{told}") from bugs[0]

    def _begin(self, deed: Callable[[Server], Awaitable[T]]) -> Future[T]:
        __tracebackhide__ = True
        server = self._started()
        if not self._is_running():
            raise RuntimeError("the mock server has been stopped: one can only look back now")

        async def begin() -> T:
            return await deed(server)

        return asyncio.run_coroutine_threadsafe(begin(), self._loop)

    def _run(self, ready: Future[Server]) -> None:
        with asyncio.Runner(loop_factory=self._make_loop) as runner:
            runner.run(self._serve(ready))

    def _make_loop(self) -> _Loop:
        self._loop = _Loop()
        _LOOPS.add(self._loop)
        return self._loop

    async def _serve(self, ready: Future[Server]) -> None:
        self._end = asyncio.Event()
        server = Server(self._settings)
        try:
            await server.start()
        except BaseException as error:
            ready.set_exception(error)
            return
        ready.set_result(server)
        await self._end.wait()
        await server.stop()

    def _is_running(self) -> bool:
        return self._thread is not None and self._thread.is_alive() and not self._end.is_set()

    def _started(self) -> Server:
        __tracebackhide__ = True
        if self._server is None:
            raise RuntimeError("the mock server is not running yet: use it in a with statement")
        return self._server


_LOOPS: WeakSet[_Loop] = WeakSet()
"""The loops of this process. In a child that it forks no thread goes on with them."""


def _leave_all_to_parent() -> None:
    for loop in list(_LOOPS):
        if not loop.is_closed():
            loop.leave_to_parent()
    _LOOPS.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_leave_all_to_parent)


def _result(future: Future[T]) -> T:
    __tracebackhide__ = True
    try:
        return future.result()
    except _FOR_THE_TESTER as error:
        raise error.with_traceback(None) from None
