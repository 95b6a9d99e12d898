"""A tester's hand on one namespace of a space: what ``SpaceControl`` knows of namespaces.

A namespace has a module beside this one (``video``) with its views and its part.
"""

from __future__ import annotations

from typing import Any, Protocol

from mockserver.protocol.documents import Document, Each

Performed = Any
"""What an action was done to, as the views of its namespace show it."""


class Part(Protocol):
    """What can be seen and done in one namespace, ``name``."""

    name: str

    argument: str
    """What an action calls the container that it is done in: ``room``."""

    def find(self, which: str | None) -> Any:
        """The running container of this name or id; None: the only one that is running.

        Raises:
            Refusal: 404, naming those that there are.
        """

    def view(self, result: Any, container: Any) -> Performed:
        """What an action returned, or else the container, as it stands now."""

    def document(self, result: Any, container: Any) -> Performed | Document:
        """The same as `view`, for an answer that is written in pieces."""

    def state(self) -> dict[str, Each]:
        """All that is there, by the names of the control API: ``{"rooms": […]}``."""
