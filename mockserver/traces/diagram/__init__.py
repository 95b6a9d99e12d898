"""A trace as a sequence diagram: a lane per session, one for the service, time downwards.

``conversation`` takes from a trace what is drawn; a module per format draws it. ``FORMATS`` is the
list of the formats: each module has ``draw(conversation)``, which gives the text of a file.
"""

from __future__ import annotations

from importlib import import_module

from .conversation import Conversation, read

__all__ = ["FORMATS", "Conversation", "draw", "read"]

FORMATS = {
    "mermaid": "text that GitHub, GitLab and many editors draw in Markdown",
    "svg": "a picture that needs nothing",
}
"""Format -> what it is. The format ``x`` is the module ``x`` here."""


def draw(format: str, conversation: Conversation) -> str:
    """Draw a conversation; gives the text of a file of this format."""
    drawn: str = import_module(f"{__name__}.{format}").draw(conversation)
    return drawn
