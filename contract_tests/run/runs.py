"""``python -m mockserver run`` in processes of its own, and what they left behind."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from contract_tests.shared.patience import PATIENCE_S

PROGRAMS = Path(__file__).parent / "programs"
SPEED = "20"

RUN = (sys.executable, "-m", "mockserver", "run")
IMPATIENT = (
    sys.executable,
    "-c",
    "import sys; from mockserver import cli; from mockserver.cli.run import program; "
    "program.GRACE_S = 0.3; sys.exit(cli.main())",
    "run",
)
"""The same, but the program has only 0.3 seconds to end after a signal."""


def program(name: str, *arguments: str) -> list[str]:
    """The words that run one of the programs here."""
    return [sys.executable, str(PROGRAMS / f"{name}.py"), *arguments]


def run(
    *options: str,
    then: Sequence[str] | None = None,
    cwd: Path,
    stdin: str = "",
    environment: dict[str, str] | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run to the end; ``then`` is the program, without which there is no ``--`` either."""
    behind = [] if then is None else ["--", *then]
    return subprocess.run(
        [*RUN, *options, *behind],
        cwd=cwd,
        input=stdin,
        env={**os.environ, **(environment or {})},
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )


@dataclass
class Running:
    """A run that has not ended yet; its streams are pipes, and stderr comes with stdout."""

    process: subprocess.Popen[str]
    pids: list[int] = field(default_factory=list)

    def line(self) -> str:
        """The next line that it prints; "" once everybody who could print has ended."""
        assert self.process.stdout is not None
        return self.process.stdout.readline().rstrip("\n")

    def rest(self) -> str:
        """All else that it prints until everybody who could print has ended."""
        assert self.process.stdout is not None
        return self.process.stdout.read()

    def pid(self) -> int:
        """The next line, which is a pid."""
        self.pids.append(int(self.line()))
        return self.pids[-1]

    def end(self) -> int:
        """Its exit code, once it has ended."""
        return self.process.wait(timeout=PATIENCE_S)

    def kill(self) -> None:
        """End it, and all whose pids it has printed, should they still be there."""
        if self.process.poll() is None:
            self.process.kill()
        for pid in self.pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


@contextlib.contextmanager
def running(words: Sequence[str], *, cwd: Path) -> Iterator[Running]:
    """Start these words, in a process group of their own, as an interactive shell would."""
    process = subprocess.Popen(
        words,
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        process_group=0,
    )
    run = Running(process)
    # Who waits for a line that does not come waits for somebody who could still print it.
    watchdog = threading.Timer(PATIENCE_S, run.kill)
    watchdog.start()
    try:
        yield run
    except BaseException:
        run.kill()
        raise
    finally:
        watchdog.cancel()
        process.wait(timeout=PATIENCE_S)
        assert process.stdout is not None
        process.stdout.close()


def is_gone(pid: int) -> bool:
    """Whether a process has ended; waits a while for one that was killed in this very moment."""
    deadline = time.monotonic() + PATIENCE_S
    while _is_alive(pid):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def _is_alive(pid: int) -> bool:
    told = subprocess.run(
        ["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    # Z: has ended, and its parent has not looked yet.
    return told.stdout.strip()[:1] not in ("", "Z")
