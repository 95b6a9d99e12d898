"""The namespaces of this project. A new one is a folder beside this file and a word here."""

from __future__ import annotations

from .tables import Tables
from .video import Video

TABLES = Tables(Video)
CALLS = TABLES.calls
ACTIONS = TABLES.actions
