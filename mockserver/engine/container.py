"""A container: what activities run in. A room session is one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import ClassVar

from mockserver.protocol.errors import Refusal

from .activity import Activity

LISTED = 5
"""How many of the things that there are a message names."""


def listed(names: Iterable[str], nothing: str = "none") -> str:
    """The first few names, and how many more there are: for messages that say what there is."""
    known = list(names)
    more = f" and {len(known) - LISTED} more" if len(known) > LISTED else ""
    return f"{', '.join(known[:LISTED])}{more}" if known else nothing


class Container:
    """Holds activities; when it ends, they have to end first (``Namespace.end_activities``).

    Attributes:
        id: its id on the wire.
        channel: the event channel of what happens in it.
        key: how the script that started it calls it; None for others.
        ended: whether it is over.
        activities: kind ("recording") -> id -> what there is or was of it, oldest first.
        labels: (kind, a script's own name) -> the activity.
    """

    noun: ClassVar[str]
    """What messages call it: ``room session``."""

    kinds: ClassVar[Mapping[str, type[Activity]]]
    """What can run in it: kind -> its class."""

    __slots__ = ("_running", "activities", "channel", "ended", "id", "key", "labels")

    def __init__(self, container_id: str, channel: str, key: str | None = None) -> None:
        self.id = container_id
        self.channel = channel
        self.key = key
        self.ended = False
        self.activities: dict[str, dict[str, Activity]] = {kind: {} for kind in self.kinds}
        self.labels: dict[tuple[str, str], Activity] = {}
        self._running: dict[str, dict[str, Activity]] = {kind: {} for kind in self.kinds}

    @property
    def names(self) -> set[str]:
        """What testers may call it: its id, and the script's key."""
        return {self.id} if self.key is None else {self.id, self.key}

    def check_running(self) -> None:
        """Make sure that it is not over.

        Raises:
            Refusal: 404 when it has ended [A].
        """
        if self.ended:
            raise Refusal("404", f"{self.noun} {self.id} has ended")

    def running(self, kind: str) -> list[Activity]:
        """What of this kind has not ended, oldest first."""
        return list(self._running[kind].values())

    def is_running(self, kind: str) -> bool:
        """Whether anything of this kind has not ended."""
        return bool(self._running[kind])

    def find(self, kind: str, activity_id: str) -> Activity:
        """The activity of this kind with this id.

        Raises:
            Refusal: 404, naming those that there are [A].
        """
        found = self.activities[kind].get(activity_id)
        if found is None:
            there = listed(self.activities[kind])
            raise Refusal(
                "404", f'no {kind} "{activity_id}" in {self.noun} {self.id}; there is: {there}'
            )
        return found

    def put(self, activity: Activity, label: str | None = None) -> None:
        """Have a new activity run here.

        Args:
            activity: it has just started.
            label: what the script calls it.
        """
        self.activities[activity.kind][activity.id] = activity
        self._running[activity.kind][activity.id] = activity
        if label is not None:
            self.labels[activity.kind, label] = activity

    def discard(self, activity: Activity) -> None:
        """Forget an activity that has ended, as if it had never been."""
        del self.activities[activity.kind][activity.id]
        self.labels = {name: each for name, each in self.labels.items() if each is not activity}

    def note_end(self, activity: Activity) -> None:
        """An activity has reached its final state; it stays known."""
        self._running[activity.kind].pop(activity.id, None)
