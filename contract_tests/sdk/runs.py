"""Runs of the vendor's clients: what they printed, and what crossed the wire meanwhile."""

from __future__ import annotations

import json
import os
import queue
import re
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from contract_tests.shared.patience import PATIENCE_S
from mockserver import contract
from mockserver.protocol.frames import is_answer, is_call, is_event

DRIVERS = Path(__file__).parent / "drivers"

SPEED = 10.0
"""How fast the servers' clocks run here: five seconds of the documentation are half a second."""

_LOGGED = re.compile(r"^\d{4}-\d\d-\d\dT\S+Z - ([^:{\n]*[^:{\s])", re.MULTILINE)
_SHOWN_OF_A_FRAME = 300


class Server(Protocol):
    """A mock server in a process of its own, as these tests see it."""

    @property
    def url(self) -> str:
        """Where clients connect."""

    def trace(self, project: str) -> contract.Trace:
        """What has crossed the wire in the project's space."""


@dataclass(frozen=True)
class Run:
    """A Node program that has ended."""

    exit_code: int | None
    stdout: str
    stderr: str

    @property
    def lines(self) -> list[dict[str, Any]]:
        """The JSON objects that it printed, one per line."""
        return [json.loads(line) for line in self.stdout.splitlines()]

    @property
    def logged(self) -> list[str]:
        """The beginnings of what the vendor's client logged: at least a warning each."""
        return _LOGGED.findall(self.stderr)

    def told(self, trace: contract.Trace) -> str:
        """Everything that helps to see why a test failed."""
        return (
            f"exit code {self.exit_code}\n--- stdout\n{self.stdout}\n--- stderr\n{self.stderr}\n"
            f"--- trace\n{timeline(trace)}"
        )


class NodeRunner:
    """Runs programs of the drivers' folder."""

    def __init__(self, node: str) -> None:
        self._node = node

    def __call__(
        self,
        program: str,
        spec: Mapping[str, Any],
        *,
        environment: Mapping[str, str] | None = None,
        patience_s: float = PATIENCE_S,
    ) -> Run:
        """Run a program with a JSON object as its argument, until it ends by itself."""
        command = [self._node, str(DRIVERS / program), json.dumps(spec)]
        process = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            env={**os.environ, **(environment or {})},
        )
        try:
            stdout, stderr = process.communicate(timeout=patience_s)
        except subprocess.TimeoutExpired:
            process.kill()
            stdout, stderr = process.communicate()
            stderr += f"\n(ended by the test: it was still running after {patience_s:g} s)"
        return Run(process.returncode, stdout, stderr)

    @contextmanager
    def started(self, program: str, environment: Mapping[str, str]) -> Iterator[Output]:
        """Run a program that never ends by itself; it is ended with the block."""
        process = subprocess.Popen(
            [self._node, str(DRIVERS / program)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            env=dict(environment),
        )
        output = Output(process)
        try:
            yield output
        finally:
            process.terminate()
            process.wait(timeout=PATIENCE_S)
            output.close()


class Output:
    """What a running program has printed so far."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.lines: list[str] = []
        self._process = process
        self._coming: queue.Queue[str | None] = queue.Queue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._coming.put(line.rstrip("\n"))
        self._coming.put(None)

    def until(self, beginning: str) -> bool:
        """Wait for a line that begins so; whether it came."""
        deadline = time.monotonic() + PATIENCE_S
        while (left := deadline - time.monotonic()) > 0:
            try:
                line = self._coming.get(timeout=left)
            except queue.Empty:
                break
            if line is None:
                break
            self.lines.append(line)
            if line.startswith(beginning):
                return True
        return False

    def close(self) -> None:
        """Wait until nothing is left to be read."""
        self._reader.join(timeout=PATIENCE_S)
        assert self._process.stdout is not None
        self._process.stdout.close()


def trace_when(
    read: Callable[[], contract.Trace], complete: Callable[[contract.Trace], bool]
) -> contract.Trace:
    """Read a trace until it is complete, or as it is when patience ends.

    The journal is read over another connection than the one it tells of, so the last frames of a
    client that was ended may still be on their way.
    """
    deadline = time.monotonic() + PATIENCE_S
    while True:
        trace = read()
        if complete(trace) or time.monotonic() > deadline:
            return trace
        time.sleep(0.01)


def frames(
    trace: contract.Trace, *, to_client: bool
) -> list[tuple[contract.Entry, Mapping[str, Any]]]:
    """The JSON objects of one direction, in order, each with its entry."""
    return [
        (entry, entry.frame)
        for entry in trace
        if entry.to_client == to_client and entry.frame is not None
    ]


def calls(trace: contract.Trace) -> list[Mapping[str, Any]]:
    """The calls of the client, in order."""
    return [frame for _, frame in frames(trace, to_client=False) if is_call(frame)]


def methods(trace: contract.Trace) -> list[str]:
    """The methods that the client called, in order."""
    return [call["method"] for call in calls(trace)]


def events(trace: contract.Trace) -> list[tuple[str, dict[str, Any]]]:
    """Type and params of the events that the server sent, in order."""
    return [(sent["params"]["event_type"], sent["params"]["params"]) for sent in _sent(trace)]


def recording_states(trace: contract.Trace) -> list[tuple[str, str]]:
    """The last word of each recording's event, and the state that it told."""
    return [
        (event.rpartition(".")[2], params["recording"]["state"])
        for event, params in events(trace)
        if event.startswith("video.recording.")
    ]


def unacknowledged(trace: contract.Trace) -> list[str]:
    """The types of the events that the client has not acknowledged."""
    given = {frame["id"] for _, frame in frames(trace, to_client=False) if is_answer(frame)}
    return [sent["params"]["event_type"] for sent in _sent(trace) if sent["id"] not in given]


def unsuccessful(trace: contract.Trace) -> list[str]:
    """The methods of the calls that were not answered, or not with success."""
    answers = {frame["id"]: frame for _, frame in frames(trace, to_client=True) if is_answer(frame)}
    return [call["method"] for call in calls(trace) if not _success(answers.get(call["id"], {}))]


def timeline(trace: contract.Trace) -> str:
    """The trace as text: a line per frame, with the seconds since the first."""
    return "\n".join(
        f"{entry.time - trace.entries[0].time:+8.3f} {entry.session or '-':>4} "
        f"{'<-' if entry.to_client else '->'} {json.dumps(entry.frame)[:_SHOWN_OF_A_FRAME]}"
        for entry in trace
    )


def _sent(trace: contract.Trace) -> list[Mapping[str, Any]]:
    return [frame for _, frame in frames(trace, to_client=True) if is_event(frame)]


def _success(answer: Mapping[str, Any]) -> bool:
    """Whether it has a result whose code, if there is one, is 2xx; that of a connect has none."""
    return "result" in answer and str(answer["result"].get("code", "200")).startswith("2")
