"""What a space holds at most. ``schemas/space_limits.json`` has the defaults and the bounds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from mockserver import schemas
from mockserver.protocol.errors import Refusal

SCHEMA = "space_limits"


@dataclass(frozen=True, slots=True)
class SpaceLimits:
    """The limits of one space; the schema describes each."""

    sessions: int
    subscriptions: int
    rooms: int
    members: int
    recordings: int
    metadata: int

    @classmethod
    def of(cls, chosen: Mapping[str, int] | None = None) -> SpaceLimits:
        """The limits that were chosen, and the defaults for the others."""
        return cls(**{**_defaults(), **(chosen or {})})

    def refusal(self, name: str) -> Refusal:
        """What is answered to whom a limit stops: 429, or 413 for what is too large itself [A]."""
        most = getattr(self, name)
        if name == "metadata":
            return Refusal("413", f"metadata has at most {most} bytes as JSON here (limit {name})")
        return Refusal("429", f"this space holds at most {most} {name} (limit {name})")


@cache
def _defaults() -> dict[str, int]:
    properties = schemas.load(SCHEMA)["properties"]
    return {name: each["default"] for name, each in properties.items()}
