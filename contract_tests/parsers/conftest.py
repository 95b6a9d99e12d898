"""What reads our formats elsewhere: parsers and schemas from npm."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

HERE = Path(__file__).parent
INSTALL_S = 300


@pytest.fixture(scope="session")
def npm_package() -> Callable[[str], Path]:
    """Gives the folder of a package of ``package.json``, all of which it installs if needed.

    Without npm the test is skipped; in CI it fails then.
    """
    npm = shutil.which("npm")
    if npm is None:
        reason = "no npm on the PATH: the parsers of the formats come from there"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    stamp = HERE / "node_modules" / ".installed-from"
    wanted = hashlib.sha256((HERE / "package-lock.json").read_bytes()).hexdigest()
    if not stamp.exists() or stamp.read_text() != wanted:
        installed = subprocess.run(
            [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"],
            cwd=HERE,
            capture_output=True,
            text=True,
            timeout=INSTALL_S,
        )
        assert installed.returncode == 0, f"npm ci failed:\n{installed.stdout}\n{installed.stderr}"
        stamp.write_text(wanted)
    return lambda name: HERE / "node_modules" / name
