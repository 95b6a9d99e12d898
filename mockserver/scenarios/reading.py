"""What every part of a scenario file is read with: each helper notes a problem and goes on."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, TypeVar

from mockserver.protocol import catalogue, durations
from mockserver.scenarios.document import Document, Path

# A longer list of known words hides the message; then only the nearest are named.
MOST_WORDS = 16

NAME = re.compile(r"[A-Za-z0-9_-]+")
_REFUSAL_CODE = re.compile(r"[013-9][0-9][0-9]")

Part = TypeVar("Part")


class Reading:
    """Reads values of one document. What cannot be read becomes one of the document's problems."""

    def __init__(self, document: Document) -> None:
        self.document = document

    def wrong(self, path: Path, problem: str, mend: str = "", *, at_key: bool = False) -> None:
        """Note a problem; `at_key` points at the key instead of its value."""
        self.document.note(self.document.wrong(path, problem, mend, at_key=at_key))

    def unknown(
        self,
        path: Path,
        what: str,
        word: str,
        known: Iterable[str],
        *,
        at_key: bool = False,
        hint: str | None = None,
    ) -> None:
        """Note a word that is not known, with a hint, or else with the nearest one that is."""
        words = list(known)
        near = catalogue.nearest(word, words, limit=1)
        # Where a near word is named, a long list would only hide it.
        listed = f"Known: {', '.join(words)}" if not near or len(words) <= MOST_WORDS else ""
        if hint is not None:
            mend = f"{hint}. {listed}".rstrip()
        elif near:
            mend = f'did you mean "{near[0]}"? {listed}'.rstrip()
        elif words:
            mend = f"{listed[:1].lower()}{listed[1:]}"
        else:
            mend = "the file names none"
        self.document.note(
            self.document.wrong(
                path,
                f'unknown {what} "{word}"',
                mend,
                nearest=near[0] if near else None,
                at_key=at_key,
            )
        )

    def mapping(
        self,
        value: Any,
        path: Path,
        known: Sequence[str],
        required: Sequence[str] = (),
        hints: Mapping[str, str] = MappingProxyType({}),
    ) -> dict[str, Any] | None:
        """Give a mapping's known keys; None when it is not a mapping.

        Args:
            value: what stands there.
            path: where.
            known: the keys that there are.
            required: those that must be there.
            hints: what is to be done instead of writing keys that one might expect.
        """
        if not isinstance(value, dict):
            self.wrong(
                path, f"expected a mapping with {', '.join(known)}, found {found_text(value)}"
            )
            return None
        for key in value:
            if key not in known:
                hint = hints.get(key)
                self.unknown((*path, key), "key", key, known, at_key=True, hint=hint)
        for key in required:
            if key not in value:
                self.wrong(path, f'the key "{key}" is missing')
        return {key: one for key, one in value.items() if key in known}

    def each(
        self, data: Mapping[str, Any], key: str, read: Callable[[Any, Path], Part | None]
    ) -> tuple[Part, ...]:
        """Read each entry of the list that stands under a key; a missing list is empty."""
        entries = data.get(key, [])
        if not isinstance(entries, list):
            self.wrong(
                (key,),
                f"expected a list, found {found_text(entries)}",
                "begin each entry with a dash",
            )
            return ()
        parts = [read(entry, (key, index)) for index, entry in enumerate(entries)]
        return tuple(part for part in parts if part is not None)

    def text(self, data: Mapping[str, Any], key: str, path: Path) -> str | None:
        """Read a text that is not empty; None when the key is missing."""
        value = data.get(key)
        if key not in data or (isinstance(value, str) and value):
            return value
        self.wrong((*path, key), f"expected a text, found {found_text(value)}")
        return None

    def named(self, data: Mapping[str, Any], key: str, path: Path) -> str | None:
        """Read a name inside the file."""
        value = self.text(data, key, path)
        if value is not None and not NAME.fullmatch(value):
            self.wrong((*path, key), f'"{value}" is not a name', "use letters, digits, - and _")
            return None
        return value

    def duration(
        self, data: Mapping[str, Any], key: str, path: Path, longest_s: float | None = None
    ) -> int:
        """Read a duration as microseconds; 0 when the key is missing."""
        try:
            return durations.microseconds(data.get(key, 0), longest_s)
        except ValueError as error:
            self.wrong((*path, key), f"{error}, found {found_text(data[key])}")
            return 0

    def nth(self, data: Mapping[str, Any], path: Path) -> int | None:
        """Read a count from 1; None when the key is missing."""
        value = data.get("nth")
        if value is None and "nth" not in data:
            return None
        if isinstance(value, int) and not isinstance(value, bool) and value >= 1:
            return value
        self.wrong((*path, "nth"), f"expected a whole number from 1, found {found_text(value)}")
        return None

    def flag(self, data: Mapping[str, Any], key: str, path: Path) -> bool:
        """Read a key that is either true or missing."""
        if key in data and data[key] is not True:
            self.wrong(
                (*path, key),
                f"expected true, found {found_text(data[key])}",
                "or leave the key out",
            )
        return data.get(key) is True

    def word(self, value: Any, path: Path, what: str, known: Iterable[str]) -> str | None:
        """Read one of the words that are known."""
        if not isinstance(value, str):
            self.wrong(path, f"expected {_article(what)}, found {found_text(value)}")
            return None
        if value not in (words := tuple(known)):
            self.unknown(path, what, value, words)
            return None
        return value

    def event_type(self, value: Any, path: Path) -> str | None:
        """Read the type of an event."""
        return self.word(value, path, "event type", sorted(catalogue.EVENTS))

    def single(
        self, value: Any, path: Path, what: str, known: Sequence[str]
    ) -> tuple[str, Any, Path] | None:
        """Read `verb` or `{verb: argument}`; the argument of a bare verb is an empty mapping."""
        if isinstance(value, str):
            if value in known:
                return value, {}, path
            self.unknown(path, what, value, known)
        elif isinstance(value, dict) and len(value) == 1:
            ((verb, argument),) = value.items()
            if verb in known:
                return verb, argument, (*path, verb)
            self.unknown((*path, verb), what, verb, known, at_key=True)
        elif isinstance(value, dict) and value:
            several = ", ".join(value)
            self.wrong(
                path,
                f"several keys in one {what}: {several}",
                f"write a list with one {what} per entry",
            )
        else:
            self.wrong(
                path,
                f"expected {_article(what)}, found {found_text(value)}",
                f"known: {', '.join(known)}",
            )
        return None

    def several(
        self, data: Mapping[str, Any], path: Path, read: Callable[[Any, Path], Part | None]
    ) -> tuple[Part, ...]:
        """Read what stands under `do`: one entry or a list of them."""
        value = data.get("do")
        path = (*path, "do")
        if "do" not in data:
            return ()
        if value == []:
            self.wrong(path, "an empty list does nothing", "leave the step out")
        if isinstance(value, list):
            parts = [read(entry, (*path, index)) for index, entry in enumerate(value)]
        else:
            parts = [read(value, path)]
        return tuple(part for part in parts if part is not None)


def is_refusal_code(code: object) -> bool:
    """Say whether this is a text of three digits that is not 2xx."""
    return isinstance(code, str) and _REFUSAL_CODE.fullmatch(code) is not None


def found_text(value: object) -> str:
    """Name what stands in the file in place of what was expected."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return f"the number {value}"
    if isinstance(value, str):
        return f'the text "{value}"' if value else "an empty text"
    if isinstance(value, dict):
        return f"a mapping with {', '.join(value)}" if value else "an empty mapping"
    return f"a list of {len(value)}" if isinstance(value, list) and value else "an empty list"


def _article(what: str) -> str:
    return f"{'an' if what[0] in 'aeiou' else 'a'} {what}"
