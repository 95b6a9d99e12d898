"""What tests take from npm: installed as it is locked, once, beside the tests that need it."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from .patience import PATIENCE_S


def program(name: str, why: str) -> str:
    """The path of ``node`` or ``npm``. Without it the test is skipped; in CI it fails then."""
    found = shutil.which(name)
    if found is None:
        reason = f"no {name} on the PATH: {why}"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    return found


def install(folder: Path, why: str) -> Path:
    """Install what ``package-lock.json`` of a folder says, unless it is there already.

    Args:
        folder: has the two files of npm.
        why: what comes from there, for those who have no npm.

    Returns:
        The folder's ``node_modules``.
    """
    npm, modules = program("npm", why), folder / "node_modules"
    stamp = modules / ".installed-from"
    locked = b"".join((folder / f"package{each}.json").read_bytes() for each in ("", "-lock"))
    wanted = hashlib.sha256(locked).hexdigest()
    if not stamp.exists() or stamp.read_text() != wanted:
        installed = subprocess.run(
            [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"],
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )
        assert installed.returncode == 0, f"npm ci failed:\n{installed.stdout}\n{installed.stderr}"
        stamp.write_text(wanted)
    return modules
