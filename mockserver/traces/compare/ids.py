"""Which id of the mock's stands for which of the trace's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mockserver.contract.values import string

_ID_FIELDS = ("event_channel", "protocol", "signature", "identity")
_LISTED_BY = ("name", "id")


def is_id_field(name: str) -> bool:
    """Whether a field holds an id, or a name that the server makes up."""
    return name == "id" or name.endswith("_id") or name in _ID_FIELDS


class Ids:
    """Ids of two traces that mean the same; learnt from what tells the same in both."""

    def __init__(self) -> None:
        self._there: dict[str, str] = {}
        self._here: dict[str, str] = {}
        self.known: set[str] = set()

    def learn(self, there: Any, here: Any, field: str = "") -> None:
        """Learn from two values that should tell the same.

        Args:
            there: of the trace.
            here: of the mock.
            field: the name of the field that holds them.
        """
        if isinstance(there, Mapping) and isinstance(here, Mapping):
            for name in there.keys() & here.keys():
                self.learn(there[name], here[name], name)
        elif isinstance(there, list) and isinstance(here, list):
            for one, other in paired(there, here):
                self.learn(one, other, field)
        elif is_id_field(field) and isinstance(there, str) and isinstance(here, str):
            self.agree(there, here)

    def note(self, told: Any, field: str = "") -> None:
        """Note the ids that the server of the trace has told by now."""
        if isinstance(told, Mapping):
            for name, value in told.items():
                self.note(value, name)
        elif isinstance(told, list):
            for each in told:
                self.note(each, field)
        elif isinstance(told, str) and is_id_field(field):
            self.known.add(told)

    def here(self, value: Any) -> Any:
        """A value with the trace's ids replaced by the mock's, keys of objects included."""
        if isinstance(value, Mapping):
            return {self._there.get(name, name): self.here(each) for name, each in value.items()}
        if isinstance(value, list):
            return [self.here(each) for each in value]
        return self._there.get(value, value) if isinstance(value, str) else value

    def in_text(self, text: str) -> str:
        """A text with the trace's ids in it replaced by the mock's."""
        for there, here in self._there.items():
            text = text.replace(there, here)
        return text

    def lacks(self, value: Any) -> bool:
        """Whether there is an id in a value that the mock has not told yet."""
        if isinstance(value, Mapping):
            return any(self.lacks(each) for each in (*value, *value.values()))
        if isinstance(value, list):
            return any(self.lacks(each) for each in value)
        return isinstance(value, str) and value in self.known and value not in self._there

    def agree(self, there: str, here: str) -> bool:
        """Whether two ids may mean the same; from then on they do."""
        if there not in self._there and here not in self._here:
            self._there[there], self._here[here] = here, there
        return self._there.get(there) == here


def paired(there: list[Any], here: list[Any]) -> Iterator[tuple[Any, Any]]:
    """Entries of two lists that should tell the same: by their names if they have some."""
    names = [
        [string(each.get("name")) for each in one if isinstance(each, dict)]
        for one in (there, here)
    ]
    if all(names) and all(len(set(one)) == len(one) and None not in one for one in names):
        mine = {each["name"]: each for each in here}
        yield from ((each, mine[each["name"]]) for each in there if each["name"] in mine)
    else:
        yield from zip(there, here, strict=False)
