"""A YAML text as plain data that still knows where each part of it stands.

The YAML is the strict part of YAML 1.2 that a scenario needs: only `true` and `false` are booleans
(so `on:` is a key like any other), keys are texts, no key stands twice, anchors may be used, merge
keys (`<<`) may not.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

MOST_CHARACTERS = 256 * 1024
"""A text that is longer is not looked at: reading it would take seconds."""

MOST_NODES = 100_000
MOST_PROBLEMS = 100
"""After so many the reading ends: looking for near words takes a millisecond each time."""

# The C library composes nodes by recursion and brings the process down where this is not held.
DEEPEST = 30
_DEPTH = f"nested deeper than {DEEPEST}"
# How libyaml says the same since 0.2.6 (PyYAML 6.0.4), far beyond this limit.
_TOO_DEEP = "exceeded maximum nesting depth"

Path = tuple[str | int, ...]

_SCALARS: dict[str, Callable[[str], Any]] = {
    "tag:yaml.org,2002:str": str,
    "tag:yaml.org,2002:int": lambda text: _of_json(int(text)),
    "tag:yaml.org,2002:float": lambda text: _of_json(float(text)),
    "tag:yaml.org,2002:bool": lambda text: text == "true",
    "tag:yaml.org,2002:null": lambda text: None,
}


def _of_json(number: float) -> float:
    """The number, if it can stand in a frame: whole ones have 64 bits there.

    Raises:
        ValueError: it cannot.
    """
    if isinstance(number, int):
        if not -(2**63) <= number < 2**64:
            raise ValueError("beyond 64 bits")
    elif not math.isfinite(number):
        raise ValueError("infinite")
    return number


@dataclass(frozen=True, slots=True)
class ScenarioProblem:
    """One problem in a scenario file.

    Attributes:
        file: the file, as it was named.
        line: counted from 1.
        column: counted from 1.
        where: the place in the data, such as `script[2].do` (lists count from 0).
        problem: what is wrong, and what was expected.
        nearest: the valid word that looks most like what was found, if one does.
        mend: what to write instead; may be empty.
    """

    file: str
    line: int
    column: int
    where: str
    problem: str
    nearest: str | None = None
    mend: str = ""

    def __str__(self) -> str:
        """Write the problem on one line: `file:line:column: where: problem; how to mend it`."""
        ending = f"; {self.mend}" if self.mend else ""
        return f"{self.file}:{self.line}:{self.column}: {self.where}: {self.problem}{ending}"


class ScenarioError(ValueError):
    """A scenario file is wrong. `problems` holds all that was found, in the order of the file."""

    def __init__(self, problems: Sequence[ScenarioProblem]) -> None:
        self.problems = sorted(problems, key=lambda one: (one.line, one.column))
        super().__init__("\n".join(str(one) for one in self.problems))


class Document:
    """A parsed YAML text.

    Attributes:
        file: the file, as it was named.
        data: dicts, lists and scalars.
        problems: what is wrong with the YAML itself while `data` could still be read (keys that
            stand twice), and what was noted since.

    Raises:
        ScenarioError: the text is longer than `MOST_CHARACTERS`, is not YAML, or has more than
            `MOST_NODES` values once its anchors are followed.
    """

    def __init__(self, text: str, file: str) -> None:
        if len(text) > MOST_CHARACTERS:
            raise too_long(file)
        import yaml

        self.file = file
        self.problems: list[ScenarioProblem] = []
        self._nodes = 0
        try:
            self._refuse_depth(yaml.parse(text, _loader()))
            self._root: Any = yaml.compose(text, _loader())
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            problem = " ".join(part for part in (error.context, error.problem) if part)
            if _TOO_DEEP in problem:
                # libyaml looks ahead of the events that are counted here, and gives up first.
                problem = _DEPTH
            raise self._refused(mark, problem) from None
        except (yaml.YAMLError, UnicodeEncodeError) as error:
            raise ScenarioError(
                [ScenarioProblem(file, 1, 1, "YAML", " ".join(str(error).split()))]
            ) from None
        self.data: Any = None if self._root is None else self._construct(self._root, ())

    def wrong(
        self,
        path: Path,
        problem: str,
        mend: str = "",
        *,
        nearest: str | None = None,
        at_key: bool = False,
    ) -> ScenarioProblem:
        """Describe a problem at a place in the data; `at_key` points at the key, not its value."""
        line, column = self._locate(path, at_key)
        place = path[:-1] if at_key else path
        return ScenarioProblem(self.file, line, column, where(place), problem, nearest, mend)

    def line(self, path: Path) -> int:
        """The line of a place in the data, counted from 1."""
        return self._locate(path, at_key=False)[0]

    def note(self, problem: ScenarioProblem) -> None:
        """Keep a problem.

        Raises:
            ScenarioError: it is one too many; what else is wrong is not looked for.
        """
        self.problems.append(problem)
        if len(self.problems) > MOST_PROBLEMS:
            found = self.problems[:MOST_PROBLEMS]
            last = found[-1]
            more = f"{MOST_PROBLEMS} problems: the rest is not looked at"
            raise ScenarioError(
                [*found, ScenarioProblem(self.file, last.line, last.column, "end", more)]
            )

    def _locate(self, path: Path, at_key: bool) -> tuple[int, int]:
        node = key = self._root
        for part in path:
            if node is not None and node.id == "sequence" and isinstance(part, int):
                node = key = node.value[part]
            elif node is not None and node.id == "mapping":
                found = [pair for pair in node.value if pair[0].value == part]
                if not found:
                    break
                key, node = found[0]
        mark = (key if at_key else node).start_mark if node is not None else None
        return (mark.line + 1, mark.column + 1) if mark else (1, 1)

    def _refuse_depth(self, events: Iterable[Any]) -> None:
        import yaml

        depth = 0
        for event in events:
            depth += isinstance(event, yaml.CollectionStartEvent)
            depth -= isinstance(event, yaml.CollectionEndEvent)
            if depth > DEEPEST:
                raise self._refused(event.start_mark, _DEPTH)

    def _refused(self, mark: Any, problem: str) -> ScenarioError:
        return ScenarioError([self._at(mark, problem)])

    def _at(self, mark: Any, problem: str, mend: str = "") -> ScenarioProblem:
        return ScenarioProblem(
            self.file, mark.line + 1, mark.column + 1, "YAML", problem, None, mend
        )

    def _construct(self, node: Any, above: tuple[Any, ...]) -> Any:
        self._nodes += 1
        if any(node is one for one in above):
            raise self._refused(node.start_mark, "an anchor contains itself")
        if self._nodes > MOST_NODES:
            raise self._refused(node.start_mark, f"more than {MOST_NODES} values")
        if len(above) > DEEPEST:
            raise self._refused(node.start_mark, _DEPTH)
        if node.id == "sequence":
            return [self._construct(one, (*above, node)) for one in node.value]
        if node.id == "mapping":
            return self._construct_mapping(node, (*above, node))
        try:
            return _SCALARS[node.tag](node.value)
        except (KeyError, ValueError):
            problem = f'"{node.value[:40]}" cannot be read as {node.tag}'
            self.note(self._at(node.start_mark, problem))
            return node.value

    def _construct_mapping(self, node: Any, above: tuple[Any, ...]) -> dict[str, Any]:
        data: dict[str, Any] = {}
        for key, value in node.value:
            if key.id != "scalar":
                self.note(self._at(key.start_mark, "a key must be a text"))
            elif key.value == "<<" and not key.style:
                problem = "merge keys (<<) are no part of YAML 1.2"
                mend = "write the keys out, or put an alias (*name) in place of the whole mapping"
                self.note(self._at(key.start_mark, problem, mend))
            elif key.value in data:
                first = next(one for one, _ in node.value if one.value == key.value)
                mend = f"it is already on line {first.start_mark.line + 1}: keep one"
                problem = f'the key "{key.value}" stands twice'
                self.note(self._at(key.start_mark, problem, mend))
            else:
                data[key.value] = self._construct(value, above)
        return data


def too_long(file: str) -> ScenarioError:
    """Say that a file is not even looked at."""
    problem = f"longer than {MOST_CHARACTERS // 1024} KiB, which no scenario needs: not read"
    return ScenarioError([ScenarioProblem(file, 1, 1, "YAML", problem)])


def where(path: Path) -> str:
    """Write a place as `script[2].do`; names with dots in them stand in brackets."""
    text = ""
    for part in path:
        if isinstance(part, int) or "." in part:
            text += f"[{part}]"
        else:
            text += f".{part}" if text else part
    return text or "top level"


@cache
def _loader() -> Any:
    """Make a YAML loader that resolves plain scalars by YAML 1.2, without its octals."""
    import re

    import yaml

    base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    loader: Any = type("ScenarioLoader", (base,), {"yaml_implicit_resolvers": {}})
    for kind, pattern, first in (
        ("null", r"^(?:~|null|)$", ["~", "n", ""]),
        ("bool", r"^(?:true|false)$", list("tf")),
        ("int", r"^[-+]?(?:0|[1-9][0-9]*)$", list("-+0123456789")),
        (
            "float",
            r"^[-+]?(?:[0-9]+\.[0-9]*|\.[0-9]+|[0-9]+)(?:[eE][-+]?[0-9]+)?$",
            list("-+.0123456789"),
        ),
    ):
        loader.add_implicit_resolver(f"tag:yaml.org,2002:{kind}", re.compile(pattern), first)
    return loader
