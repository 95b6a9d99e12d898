"""A program that goes on until a signal: ``patient.py [stubborn] [with-child]``.

Prints its pid (and that of a child, which does the same), and the name of each signal that comes.
``stubborn`` ones do not end by it, the others end with exit code 3.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys

SIGNALS = (signal.SIGHUP, signal.SIGINT, signal.SIGTERM)

stubborn = "stubborn" in sys.argv
# Blocked, each waits until it is asked for: none can come in the moment before a pause.
signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
os.write(1, f"{os.getpid()}\n".encode())
if "with-child" in sys.argv:
    subprocess.Popen([sys.executable, __file__, *(["stubborn"] if stubborn else [])])
while True:
    # In one write, since a child of its own writes at the same moment.
    os.write(1, f"{signal.Signals(signal.sigwait(SIGNALS)).name}\n".encode())
    if not stubborn:
        sys.exit(3)
