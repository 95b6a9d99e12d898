"""Traces in files, written while they happen: what was said is there however the process ends.

Lines are appended at the end of the turn of the event loop in which their frames passed, in one
piece, so that a file is readable up to its last complete line even after SIGKILL. Between flushes
no file is open: a server may have thousands of spaces.
"""

from __future__ import annotations

import asyncio
import os
import re
from collections import Counter
from collections.abc import Callable, Collection
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import orjson

from mockserver import contract

if TYPE_CHECKING:
    from mockserver.engine import Journal, Space
    from mockserver.engine.journal import Entry

    from .app import Server

BEFORE_CONNECT = "before connect"
"""The name of the file for frames of connections that are in no space."""

LONGEST_STEM = 100
"""Characters of a file's name; a space's may be longer than file systems allow."""


class TraceFile:
    """A file that grows line by line. When it cannot be written any more, that is told once.

    Args:
        path: the file. It is made, or an older one emptied, when there is something to write.
        tell: called with why nothing more is written.
    """

    def __init__(self, path: Path, tell: Callable[[str], None]) -> None:
        self.path = path
        self._tell = tell
        self._size: int | None = None
        self._is_lost = False

    def append(self, lines: bytes) -> None:
        """Write whole lines."""
        if self._is_lost:
            return
        try:
            with self.path.open("wb" if self._size is None else "ab", buffering=0) as file:
                self._size = self._size or 0
                left = memoryview(lines)
                while left:
                    left = left[file.write(left) :]
                self._size += len(lines)
        except OSError as error:
            self._is_lost = True
            self._cut()
            self._tell(f"cannot write the trace {self.path}: {error.strerror}; it ends here")

    def _cut(self) -> None:
        """Leave no half of a line."""
        if self._size is not None and self.path.is_file():
            try:
                os.truncate(self.path, self._size)
            except OSError as error:
                self._tell(f"the last line of {self.path} is not complete: {error.strerror}")


class Keep(Protocol):
    """Where the entries of a space go."""

    def __call__(self, name: str) -> TraceFile:
        """The file for the trace of a space, by the space's name in traces; "" for no space."""
        ...


class Keeping:
    """Has all that a server hears and says written, from now on.

    Args:
        server: the server, which has been started.
        file_of: where the trace of a space goes; several may go to one file.
        joint: whether they do. Then each entry says its space, and is numbered within the file.
    """

    def __init__(self, server: Server, file_of: Keep, *, joint: bool = False) -> None:
        self._file_of = file_of
        self._is_joint = joint
        self._number = 0
        self._generations: Counter[str] = Counter()
        self._waiting: list[tuple[str, TraceFile, Journal, Entry]] = []
        self._loop = asyncio.get_running_loop()
        self._follow("", server.strays)
        for space in server.spaces.values():
            self._follow_space(space)
        server.spaces.on_made = self._follow_space

    def _follow_space(self, space: Space) -> None:
        self._generations[space.name] += 1
        name = contract.generation_name(space.name, self._generations[space.name])
        self._follow(name, space.journal)

    def _follow(self, name: str, journal: Journal) -> None:
        journal.listen(partial(self._note, name, self._file_of(name), journal))

    def _note(self, name: str, file: TraceFile, journal: Journal, entry: Entry) -> None:
        if not self._waiting:
            self._loop.call_soon(self.flush)
        self._waiting.append((name, file, journal, entry))

    def flush(self) -> None:
        """Write what has come since the last time."""
        waiting, self._waiting = self._waiting, []
        lines: dict[TraceFile, list[bytes]] = {}
        for name, file, journal, kept in waiting:
            entry = journal.as_json(kept)
            if self._is_joint:
                self._number += 1
                entry |= {"n": self._number, "space": name}
            lines.setdefault(file, []).append(orjson.dumps(entry) + b"\n")
        for file, these in lines.items():
            file.append(b"".join(these))


def in_folder(folder: Path, tell: Callable[[str], None]) -> Keep:
    """A file of its own for each space, named after it; files that are there already are kept.

    Args:
        folder: the folder, which is there.
        tell: called with why a file is not written any more.
    """
    taken = set(folder.iterdir())

    def file_of(name: str) -> TraceFile:
        path = free(folder, name or BEFORE_CONNECT, ".jsonl", taken)
        taken.add(path)
        return TraceFile(path, tell)

    return file_of


def free(folder: Path, name: str, suffix: str, taken: Collection[Path]) -> Path:
    """A path that is free, for what belongs to a space, whose name may be any text.

    Args:
        folder: where.
        name: the name of the space.
        suffix: how the file's name ends.
        taken: paths that cannot be had.
    """
    stem = re.sub(r"[^\w.() -]+", "-", name).strip(".- ")[:LONGEST_STEM] or "space"
    path, number = folder / f"{stem}{suffix}", 1
    while path in taken:
        number += 1
        path = folder / f"{stem} {number}{suffix}"
    return path
