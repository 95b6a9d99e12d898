"""The README's first program, as it stands but for where it connects."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

from .runs import NodeRunner, Server

README = Path(__file__).parents[2] / "README.md"
HERE = Path(__file__).parent


def test_the_first_program_records_and_stops(node: NodeRunner, server: Server) -> None:
    [program] = re.findall(r"^```javascript\n(.*?)^```", README.read_text(), re.M | re.S)
    # Beside the installed clients, where its import finds them.
    file = HERE / "node_modules" / "readme.mjs"
    ready = program.replace("ws://127.0.0.1:8787", server.url).replace("5000", "100")
    file.write_text(ready)
    executable = shutil.which("node")
    assert executable is not None
    with subprocess.Popen(
        [executable, str(file)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as running:
        try:
            assert running.stdout is not None
            # It never ends by itself, as is documented; what it prints says when it is done.
            lines = [running.stdout.readline() for _ in range(2)]
        finally:
            running.kill()
    assert lines[0] == "recording\n"
    assert re.fullmatch(r"completed \d+(\.\d+)?\n", lines[1])
