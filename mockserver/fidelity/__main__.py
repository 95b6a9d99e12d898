"""Writes the page of facts and assumptions."""

import sys

from mockserver.fidelity import page

sys.stdout.write(page())
