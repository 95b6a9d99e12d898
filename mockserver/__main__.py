"""``python -m mockserver``."""

from mockserver.cli import process

process()
