"""Another program, run as a shell would: in a process group of its own, which ends with it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from typing import TextIO

from mockserver.cli.exits import warn

GRACE_S = 5.0
"""How long the program, and what it leaves behind, may take to end before it is killed."""

LOOK_AGAIN_S = 0.01

PASSED_ON = (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM)
WANTS_TERMINAL = (signal.SIGTTIN, signal.SIGTTOU)

EXIT_NOT_EXECUTABLE = 126
EXIT_NOT_FOUND = 127
EXIT_SIGNALLED = 128
"""As shells do: 128 and the number of the signal that ended the program."""


class Signals:
    """Forwards the signals that would end this process to the program, from construction on.

    Attributes:
        first: the first that came.
    """

    def __init__(self) -> None:
        loop = asyncio.get_running_loop()
        self.first: asyncio.Future[int] = loop.create_future()
        self._group: int | None = None
        for number in PASSED_ON:
            # What we were told to ignore, as by nohup, the program was told to ignore, too.
            if signal.getsignal(number) is not signal.SIG_IGN:
                loop.add_signal_handler(number, self._take, number)

    def pass_on_to(self, group: int) -> None:
        """Pass them on to all of a process group, beginning with what has come already."""
        self._group = group
        if self.first.done():
            _signal_group(group, self.first.result())

    def _take(self, number: int) -> None:
        if not self.first.done():
            self.first.set_result(number)
        if self._group is not None:
            _signal_group(self._group, number)


async def run(command: Sequence[str], variables: Mapping[str, str], signals: Signals) -> int:
    """Run a program until it and what it leaves behind in its process group have ended.

    It has our standard streams, and the terminal if that is ours. After a signal it has five
    seconds to end; so has, in any case, what is left of its group once it has ended itself.

    Args:
        command: the program and its arguments.
        variables: what its environment has besides ours.
        signals: those to pass on.

    Returns:
        Its exit code, or 128 and the number of the signal that ended it. As in a shell, 127 if
        there is no such program and 126 if it cannot be executed; stderr tells why.
    """
    if signals.first.done():
        return EXIT_SIGNALLED + signals.first.result()
    try:
        process = await asyncio.create_subprocess_exec(
            *command, env={**os.environ, **variables}, process_group=0
        )
    except OSError as error:
        warn(f"cannot run {command[0]}: {error.strerror}")
        return EXIT_NOT_FOUND if isinstance(error, FileNotFoundError) else EXIT_NOT_EXECUTABLE
    with _Terminal(process.pid):
        signals.pass_on_to(process.pid)
        ended = asyncio.ensure_future(process.wait())
        await asyncio.wait({ended, signals.first}, return_when=asyncio.FIRST_COMPLETED)
        if ended.done() and not signals.first.done():
            _signal_group(process.pid, signal.SIGTERM)
        await _end_group(process.pid, ended)
    code = ended.result()
    return EXIT_SIGNALLED - code if code < 0 else code


async def _end_group(group: int, ended: asyncio.Future[int]) -> None:
    """Wait until nobody is left in a group that was told to end; kill who takes too long."""
    try:
        async with asyncio.timeout(GRACE_S):
            await asyncio.shield(ended)
            # Only our own children tell us when they end; these are the program's.
            while _signal_group(group, 0):  # noqa: ASYNC110
                await asyncio.sleep(LOOK_AGAIN_S)
    except TimeoutError:
        _signal_group(group, signal.SIGKILL)
    await ended


def _signal_group(group: int, number: int) -> bool:
    """Signal all of a group; whether there was anybody."""
    try:
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):
        # The latter where nobody but the dead are left, on macOS.
        return False
    return True


class _Terminal:
    """Gives the terminal, if it is ours to give, to a program, and takes it back at the end.

    A program that is not in the terminal's foreground could not read, nor be stopped by Ctrl-Z.
    """

    def __init__(self, program: int) -> None:
        self._program = program
        self._own = os.getpgrp()
        self._stdin: TextIO | None = sys.stdin
        is_there = self._stdin is not None and self._stdin.isatty()
        self._is_ours = is_there and self._is_with(self._own)

    def __enter__(self) -> None:
        # Without waitid a stopped program looks like a running one; so on older macOS.
        if self._is_ours and hasattr(os, "waitid"):
            asyncio.get_running_loop().add_signal_handler(signal.SIGCHLD, self._look)
        self._give(self._program)
        # It may have asked for the terminal before, and have been stopped for it.
        _signal_group(self._program, signal.SIGCONT)

    def __exit__(self, *_: object) -> None:
        if self._is_ours:
            asyncio.get_running_loop().remove_signal_handler(signal.SIGCHLD)
        self._give(self._own)

    def _look(self) -> None:
        """Something has happened to the program: if it was stopped, so are we."""
        with contextlib.suppress(ChildProcessError):
            told = os.waitid(os.P_PID, self._program, os.WSTOPPED | os.WNOHANG)
            if told is not None:
                self._stop(told.si_status)

    def _stop(self, number: int) -> None:
        if number not in WANTS_TERMINAL or not self._is_with(self._own, self._program):
            if self._is_with(self._program):
                self._give(self._own)
            os.killpg(self._own, signal.SIGTSTP)
            # Here we are continued, in the foreground or behind.
        if self._is_with(self._own):
            self._give(self._program)
        _signal_group(self._program, signal.SIGCONT)

    def _is_with(self, *groups: int) -> bool:
        return self._stdin is not None and os.tcgetpgrp(self._stdin.fileno()) in groups

    def _give(self, group: int) -> None:
        if not self._is_ours or self._stdin is None:
            return
        # Who takes the terminal back does so from behind, and would be stopped for it. Ignored for
        # this moment only: a program would inherit it.
        former = signal.signal(signal.SIGTTOU, signal.SIG_IGN)
        try:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.tcsetpgrp(self._stdin.fileno(), group)
        finally:
            signal.signal(signal.SIGTTOU, former)
