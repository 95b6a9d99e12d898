"""A program that ends and leaves a child behind: ``leaves.py [stubborn] [stays]``.

Prints the child's pid. One that ``stays`` ends by a signal, the others at once.
"""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

child = subprocess.Popen(
    [sys.executable, str(Path(__file__).with_name("patient.py")), *sys.argv[1:]],
    stdout=subprocess.PIPE,
)
assert child.stdout is not None
sys.stdout.write(child.stdout.readline().decode())
sys.stdout.flush()
if "stays" in sys.argv:
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    signal.pause()
