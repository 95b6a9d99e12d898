"""How the place of a file is written for tools that look for it in a checkout."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote


def shown_path(file: str) -> str:
    """A file's path with forward slashes, relative to the working folder where it is in there."""
    path = Path(file)
    if path.is_absolute() and path.is_relative_to(Path.cwd()):
        path = path.relative_to(Path.cwd())
    return path.as_posix()


def uri(file: str) -> str:
    """The same as a URI reference; a ``file:`` URI for what is elsewhere."""
    shown = shown_path(file)
    return Path(file).as_uri() if Path(shown).is_absolute() else quote(shown)
