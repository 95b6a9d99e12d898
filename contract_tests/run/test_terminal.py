"""At a terminal the program is in the foreground: it reads, and Ctrl-C and Ctrl-Z are for it."""

from __future__ import annotations

import contextlib
import os
import pty
import select
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from contract_tests.shared.patience import PATIENCE_S

from .runs import IMPATIENT, RUN, is_gone, program

AT_THE_TERMINAL = (
    "import fcntl, os, sys, termios\n"
    "fcntl.ioctl(0, termios.TIOCSCTTY, 0)\n"
    "os.execvp(sys.argv[1], sys.argv[1:])"
)
INTERRUPT, SUSPEND = b"\x03", b"\x1a"


class Terminal:
    """What is typed and shown."""

    def __init__(self, process: subprocess.Popen[bytes], screen: int) -> None:
        self.process = process
        self.shown = ""
        self._screen = screen

    def type(self, keys: bytes) -> None:
        os.write(self._screen, keys)

    def until(self, text: str) -> str:
        """Wait until this is shown; returns what was shown before it since the last time."""
        deadline = time.monotonic() + PATIENCE_S
        while text not in self.shown:
            ready, _, _ = select.select([self._screen], [], [], deadline - time.monotonic())
            assert ready, f"no {text!r} in {self.shown!r}"
            try:
                self.shown += os.read(self._screen, 4096).decode()
            except OSError:
                raise AssertionError(f"no {text!r} in {self.shown!r}") from None
        before, _, self.shown = self.shown.partition(text)
        return before

    def line(self) -> str:
        return self.until("\r\n")


@contextlib.contextmanager
def terminal(words: Sequence[str], *, cwd: Path) -> Iterator[Terminal]:
    """A terminal of which these words have the foreground."""
    screen, keyboard = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", AT_THE_TERMINAL, *words],
        cwd=cwd,
        stdin=keyboard,
        stdout=keyboard,
        stderr=keyboard,
        start_new_session=True,
    )
    os.close(keyboard)
    try:
        yield Terminal(process, screen)
    finally:
        if process.poll() is None:
            process.kill()
        process.wait(timeout=PATIENCE_S)
        os.close(screen)


def test_the_program_reads_what_is_typed(tmp_path: Path) -> None:
    ask = "print(input('name? ')[::-1])"
    with terminal([*RUN, "--no-check", "--", sys.executable, "-c", ask], cwd=tmp_path) as at:
        at.until("name? ")
        at.type(b"abc\n")
        at.until("cba")
        assert at.process.wait(timeout=PATIENCE_S) == 0


def test_ctrl_c_is_for_the_program_and_nobody_is_left(tmp_path: Path) -> None:
    with terminal([*RUN, "--", *program("patient", "with-child")], cwd=tmp_path) as at:
        pids = [int(at.line()), int(at.line())]
        at.type(INTERRUPT)
        at.until("SIGINT")
        assert at.process.wait(timeout=PATIENCE_S) == 3
        assert [is_gone(pid) for pid in pids] == [True, True]


def test_ctrl_c_leaves_no_stubborn_child(tmp_path: Path) -> None:
    with terminal([*IMPATIENT, "--", *program("leaves", "stubborn", "stays")], cwd=tmp_path) as at:
        pid = int(at.line())
        at.type(INTERRUPT)
        assert at.process.wait(timeout=PATIENCE_S) == 130
        assert is_gone(pid)


def test_ctrl_z_stops_both_until_they_are_continued(tmp_path: Path) -> None:
    ask = "print('name? ', flush=True); print(input()[::-1])"
    run = [*RUN, "--no-check", "--", sys.executable, "-c", ask]
    shell = 'set -m; "$@"; echo "stopped: $?"; fg; echo "ended: $?"'
    with terminal(["bash", "-c", shell, "bash", *run], cwd=tmp_path) as at:
        at.until("name? ")
        at.type(SUSPEND)
        at.until("stopped: 148")
        at.type(b"abc\n")
        at.until("cba")
        at.until("ended: 0")
