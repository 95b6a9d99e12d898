"""``python -m mockserver``."""
# PYTHON_ARGCOMPLETE_OK

from mockserver.cli import process

process()
