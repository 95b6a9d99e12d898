"""docs/EXTENDING.md, followed word by word in a copy of the project: its tests pass there."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "EXTENDING.md"
COPIED = ("mockserver", "client_stub", "contract_tests", "fixtures", "docs", "pyproject.toml")
TABLES = (
    "contract_tests/engine/test_actions.py",
    "contract_tests/engine/test_calls.py",
    "contract_tests/engine/test_documented.py",
    "contract_tests/engine/video",
    "contract_tests/protocol/test_schema_files.py",
    "contract_tests/protocol/test_catalogue.py",
    "contract_tests/protocol/test_lifecycle_tables.py",
    "contract_tests/docs/test_scenarios_page.py",
)


def test_the_worked_examples_work(tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    copy.mkdir()
    skipped = shutil.ignore_patterns("node_modules", "__pycache__", "_fixtures", ".*_cache")
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, copy / name, ignore=skipped)
        else:
            shutil.copy(source, copy / name)
    # The copy's own package, not the one that is installed.
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    environment = {**os.environ, "PYTHONPATH": str(copy), "PATH": path}
    blocks = re.findall(r"^```bash\n(.*?)^```$", PAGE.read_text("utf-8"), re.M | re.S)
    assert len(blocks) > 5
    for block in blocks:
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", block],
            cwd=copy,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{block}\n{done.stderr}"
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *TABLES],
        cwd=copy,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout[-6_000:]
    assert "set_hat" in ran.stdout or re.search(r"\d{3,} passed", ran.stdout)
