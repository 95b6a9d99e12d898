"""What a run leaves behind: its trace, a report of each space, the verdict in some format."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class Kept:
    """What is to be kept of a run, and where.

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

    @property
    def wants_judging(self) -> bool:
        """Whether something is kept that needs a verdict."""
        return self.reports is not None or self._writes_verdict

    @property
    def _writes_verdict(self) -> bool:
        return self.format != formats.DEFAULT or self.output is not None

    def prepare(self) -> None:
        """Find out whether the files can be written, before all the work is done.

        Raises:
            CannotKeepError: one cannot.
        """
        if self.trace is not None:
            # An older one stays until there is something to write.
            with _writing("the trace", self.trace), self.trace.open("ab"):
                pass
        if self.reports is not None:
            with _writing("into the folder", self.reports):
                self.reports.mkdir(parents=True, exist_ok=True)
        if self.output is not None:
            with _writing("the verdict", self.output):
                self.output.touch()

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
                with self.trace.open("wb") as file:
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
