"""What a run leaves behind: its trace, a report of each space, the verdict in some format."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from mockserver import contract
from mockserver.cli import formats
from mockserver.server.keeping import BEFORE_CONNECT, TraceFile, free

Entries = list[dict[str, Any]]


class CannotKeepError(Exception):
    """A file cannot be written; says which and why."""


@dataclass(frozen=True, slots=True)
class Conversation:
    """What was said in one space, judged.

    Attributes:
        name: the space, as ``contract.generation_name`` has it; "" for what came before any space.
        entries: the journal.
        trace: the same, as the contract reads it.
        violations: what it breaks.
    """

    name: str
    entries: Entries
    trace: contract.Trace
    violations: Sequence[contract.Violation]

    @property
    def where(self) -> str:
        """The space in words."""
        return f'in space "{self.name}"' if self.name else "before signalwire.connect"


def judged(spaces: dict[str, Entries], *, in_order: bool = True) -> list[Conversation]:
    """Judge what was said in each space.

    Args:
        spaces: name -> journal.
        in_order: whether their lines stand in this order in a trace file.
    """
    conversations = []
    line = 1
    for name, entries in spaces.items():
        trace = contract.Trace.from_entries(entries, first_line=line if in_order else None)
        line += len(entries)
        conversations.append(Conversation(name, entries, trace, contract.check(trace)))
    return conversations


@dataclass(slots=True)
class Kept:
    """What is to be kept of a run, and where. It holds those that are pipes open.

    Attributes:
        trace: the file for the trace of all spaces, as JSON lines; None: it is not kept.
        reports: the folder for the HTML reports, one for each space; None: none are made.
        format: the format of the verdict.
        output: the file for the verdict; None: standard output, and only if it is not plain text,
            which stands on standard error already.
    """

    trace: Path | None = None
    reports: Path | None = None
    format: str = formats.DEFAULT
    output: Path | None = None
    _pipes: dict[Path, int] = field(default_factory=dict, init=False, repr=False)

    @property
    def wants_judging(self) -> bool:
        """Whether something is kept that needs a verdict."""
        return self.reports is not None or self._writes_verdict

    @property
    def _writes_verdict(self) -> bool:
        return self.format != formats.DEFAULT or self.output is not None

    def prepare(self) -> None:
        """Find out whether the files can be written, before all the work is done.

        A pipe is opened for the whole run: its reader would take the end of a first try for the end
        of all. ``close`` closes it.

        Raises:
            CannotKeepError: one cannot.
        """
        if self.trace is not None:
            with _writing("the trace", self.trace):
                if not self._has_opened(self.trace):
                    # An older one stays until there is something to write.
                    self.trace.open("ab").close()
        if self.reports is not None:
            with _writing("into the folder", self.reports):
                self.reports.mkdir(parents=True, exist_ok=True)
        if self.output is not None:
            with _writing("the verdict", self.output):
                if not self._has_opened(self.output):
                    self.output.touch()

    def _has_opened(self, path: Path) -> bool:
        """Open a file, if it is a pipe."""
        if not path.is_fifo():
            return False
        self._pipes[path] = _open_pipe(path)
        return True

    def close(self) -> None:
        """Close what ``prepare`` has opened: whoever reads a pipe sees that this was all."""
        while self._pipes:
            os.close(self._pipes.popitem()[1])

    def growing(self, tell: Callable[[str], None]) -> TraceFile | None:
        """The trace as it grows during the run; None if none is kept, or not in a file of its own.

        Args:
            tell: called with why it cannot be written any more.
        """
        return TraceFile(self.trace, tell) if self.trace is not None and self._is_file else None

    @property
    def _is_file(self) -> bool:
        return self.trace is not None and self.trace.is_file()

    def keep_trace(self, spaces: dict[str, Entries]) -> None:
        """Write the trace, if it is to be kept: space by space, in place of the one that grew.

        Raises:
            CannotKeepError: it cannot be written; then the one that grew stays.
        """
        if self.trace is None:
            return
        with _writing("the trace", self.trace):
            if not self._is_file:
                # A device or a pipe, which must not be replaced.
                pipe = self._pipes.get(self.trace)
                place = self.trace if pipe is None else pipe
                with open(place, "wb", closefd=pipe is None) as file:
                    file.writelines(_lines(spaces))
                return
            path = self.trace.resolve()
            draft = path.with_name(f"{path.name}.{os.getpid()}.tmp")
            try:
                with draft.open("wb") as file:
                    file.writelines(_lines(spaces))
                draft.replace(path)
            finally:
                draft.unlink(missing_ok=True)

    def keep_reports(self, conversations: Sequence[Conversation]) -> dict[str, Path]:
        """Write the reports, if they are to be made; gives space -> file.

        Raises:
            CannotKeepError: one cannot be written.
        """
        if self.reports is None:
            return {}
        from mockserver.page.report import report

        written: dict[str, Path] = {}
        for each in conversations:
            path = free(self.reports, each.name or BEFORE_CONNECT, ".html", written.values())
            text = report(each.name or "before signalwire.connect", each.entries, each.violations)
            with _writing("the report", path):
                path.write_text(text, "utf-8")
            written[each.name] = path
        return written

    def keep_verdict(self, conversations: Sequence[Conversation], problems: Sequence[str]) -> None:
        """Write the verdict, unless all of it was told already.

        Raises:
            CannotKeepError: it cannot be written.
        """
        if not self._writes_verdict:
            return
        if self.output in self._pipes:
            # Its reader may have gone meanwhile: then whoever opens it would wait for another.
            with _writing("the verdict", self.output):
                os.close(_open_pipe(self.output))
        file = None if self.trace is None else str(self.trace)
        traces = [
            formats.Judged(
                source=f'space "{each.name}"' if each.name else each.where,
                frames=len(each.trace),
                violations=each.violations,
                file=file,
            )
            for each in conversations
        ]
        try:
            formats.write(self.format, formats.Verdict(traces, problems), self.output)
        except formats.ReportFileError as error:
            raise CannotKeepError(str(error)) from error


def _open_pipe(path: Path) -> int:
    """Open a named pipe to write to it; gives its descriptor.

    To open it in the ordinary way is to wait, perhaps for ever, until somebody reads it.

    Raises:
        OSError: nobody reads it, or it may not be written.
    """
    try:
        pipe = os.open(path, os.O_WRONLY | os.O_NONBLOCK)
    except OSError as error:
        if error.errno != errno.ENXIO:
            raise
        how = f"start its reader first (cat {path} > FILE &), or name a file"
        raise OSError(error.errno, f"it is a pipe that nobody reads: {how}") from None
    # Who reads slowly is waited for.
    os.set_blocking(pipe, True)
    return pipe


def _lines(spaces: dict[str, Entries]) -> Iterator[bytes]:
    number = 0
    for name, entries in spaces.items():
        for entry in entries:
            number += 1
            yield orjson.dumps({**entry, "n": number, "space": name}) + b"\n"


@contextmanager
def _writing(what: str, path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise CannotKeepError(f"cannot write {what} {path}: {error.strerror}") from error
