"""``python -m mockserver init``: writes a first test, a scenario, or a workflow."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from mockserver.cli.exits import EXIT_OK, EXIT_OUTPUT, fail
from mockserver.cli.output import say

TEMPLATES = Path(__file__).parent / "templates"
SUFFIX = ".txt"
"""What the names of templates end in, so that no tool takes them for parts of this project."""

SCENARIO = "first-recording.yaml"
WORKFLOW = ".github/workflows/signalwire-contract.yml"
KINDS: dict[str, dict[str, str]] = {
    "python": {
        "tests/test_first_recording.py": "python/test_first_recording.py",
        f"tests/{SCENARIO}": SCENARIO,
    },
    "node": {
        "test/first-recording.test.mjs": "node/first-recording.test.mjs",
        f"test/{SCENARIO}": SCENARIO,
    },
    "github": {},
}
"""What can be written: each file, and its template. That of a workflow depends on the folder."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the command."""
    parser.description = (
        "Writes files to begin with into the current folder, and says what to run. A file that is "
        "there is left as it is."
    )
    parser.add_argument(
        "kind",
        nargs="?",
        choices=tuple(KINDS),
        help="python or node: a first test and its scenario; github: a workflow for GitHub "
        "Actions. Default: node if the folder has a package.json, else python",
    )
    parser.epilog = "example: python -m mockserver init python"


def execute(options: argparse.Namespace) -> int:
    """Write the files; returns the exit code."""
    language = "node" if Path("package.json").is_file() else "python"
    kind = options.kind or language
    files = KINDS[kind] or {WORKFLOW: f"github-{language}/{Path(WORKFLOW).name}"}
    for name, template in files.items():
        text = (TEMPLATES / f"{template}{SUFFIX}").read_text("utf-8")
        try:
            path = Path(name)
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("x", encoding="utf-8", newline="\n") as file:
                file.write(text)
        except FileExistsError:
            if not path.exists():
                return fail(f"cannot write {name}: {path.parent} is no folder", EXIT_OUTPUT)
            say(f"kept      {name} (it is there already)")
        except OSError as error:
            return fail(f"cannot write {name}: {error.strerror}", EXIT_OUTPUT)
        else:
            say(f"written   {name}")
    say("\n".join(["", "now:", *(f"    {line}" for line in _next(kind))]))
    return EXIT_OK


def _next(kind: str) -> list[str]:
    """What to run, line by line."""
    test = next(iter(KINDS[kind]), "")
    if kind == "python":
        return [
            "python -m pip install pytest pytest-asyncio",
            f"python -m pytest {test}",
        ]
    if kind == "node":
        client = "@signalwire/realtime-api"
        scenario = f"test/{SCENARIO}"
        install = [] if _depends_on(client) else [f"npm install --save-dev {client}"]
        return [*install, f"python -m mockserver run --scenario {scenario} -- node --test {test}"]
    return [f"git add {WORKFLOW} && git commit -m 'Contract tests' && git push"]


def _depends_on(package: str) -> bool:
    try:
        told = json.loads(Path("package.json").read_text("utf-8"))
        return any(package in told.get(f"{kind}ependencies", {}) for kind in ("d", "devD"))
    except (OSError, ValueError, AttributeError, TypeError):
        return False
