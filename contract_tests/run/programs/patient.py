"""A program that goes on until a signal: ``patient.py [stubborn] [with-child]``.

Prints its pid (and that of a child, which does the same), and the name of each signal that comes.
``stubborn`` ones do not end by it, the others end with exit code 3.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from types import FrameType

stubborn = "stubborn" in sys.argv


def take(number: int, frame: FrameType | None) -> None:
    print(signal.Signals(number).name, flush=True)
    if not stubborn:
        sys.exit(3)


for each in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM):
    signal.signal(each, take)
print(os.getpid(), flush=True)
if "with-child" in sys.argv:
    subprocess.Popen([sys.executable, __file__, *(["stubborn"] if stubborn else [])])
while True:
    signal.pause()
