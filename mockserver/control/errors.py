"""What a tester's wish can fail with, besides the refusals of the service itself."""

from __future__ import annotations


class ControlError(Exception):
    """Something that cannot be done as things are; says what could."""
