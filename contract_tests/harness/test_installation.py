"""The package beside another distribution that has a package of the same name.

Both wheels' worth of files lie in one folder, as pip would leave them; those of the other
distribution are made here, with the names that PyPI's mockserver-client has.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import mockserver
from contract_tests.shared.patience import PATIENCE_S
from mockserver import installation

OURS = Path(mockserver.__file__).parent
FOREIGN = {
    "__init__.py": "from mockserver.client import MockServerClient\n",
    "client.py": "class MockServerClient:\n    pass\n",
    "launcher.py": "",
    "models.py": "",
    "pytest_plugin.py": (
        "import pytest\n\n\n"
        "@pytest.fixture\n"
        "def mockserver():\n"
        "    from mockserver import MockServerClient\n\n"
        "    return MockServerClient()\n"
    ),
}
MEND = "Install the two in environments of their own"


class Installed:
    """A folder that Python finds packages in before any other."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "site-packages"
        self.folder.mkdir()
        self.work = folder / "work"
        self.work.mkdir()

    def ours(self) -> None:
        without = shutil.ignore_patterns("__pycache__")
        shutil.copytree(OURS, self.folder / "mockserver", dirs_exist_ok=True, ignore=without)
        self._note(
            "signalwire_mockserver-9.dist-info",
            "signalwire-mockserver",
            "signalwire_mockserver = mockserver.harness.pytest_plugin",
        )

    def foreign(self) -> None:
        package = self.folder / "mockserver"
        package.mkdir(exist_ok=True)
        for name, text in FOREIGN.items():
            (package / name).write_text(text)
        self._note(
            "mockserver_client-9.dist-info",
            "mockserver-client",
            "mockserver = mockserver.pytest_plugin",
        )

    def _note(self, folder: str, name: str, plugin: str) -> None:
        (self.folder / folder).mkdir()
        metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: 9\n"
        (self.folder / folder / "METADATA").write_text(metadata)
        (self.folder / folder / "entry_points.txt").write_text(f"[pytest11]\n{plugin}\n")

    def python(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "PYTHONPATH": str(self.folder)}
        environment.pop("PYTEST_DISABLE_PLUGIN_AUTOLOAD", None)
        return subprocess.run(
            [sys.executable, *arguments],
            cwd=self.work,
            env=environment,
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )

    def pytest(self, test: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        (self.work / "test_it.py").write_text(test)
        return self.python("-m", "pytest", "-p", "no:cacheprovider", *arguments)


@pytest.fixture
def installed(tmp_path: Path) -> Installed:
    return Installed(tmp_path)


@pytest.fixture
def overwritten(installed: Installed) -> Installed:
    """Ours was installed first, and the other one over it."""
    installed.ours()
    installed.foreign()
    return installed


@pytest.fixture
def mixed(installed: Installed) -> Installed:
    """The other one was installed first, and ours over it."""
    installed.foreign()
    installed.ours()
    return installed


def test_one_that_is_whole_is_no_reason_to_say_anything(installed: Installed) -> None:
    installed.ours()
    ran = installed.python("-m", "mockserver", "--version")
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, f"{mockserver.__version__}\n", "")
    tests = installed.pytest("def test_it(signalwire_mock):\n    pass\n")
    assert tests.returncode == 0, tests.stdout
    assert "signalwire:" not in tests.stdout


def test_every_module_beside_the_others_is_known() -> None:
    assert {path.name for path in OURS.glob("*.py")} == installation.OWN_MODULES


class TestOverwritten:
    """``mockserver/__init__.py`` is the other distribution's."""

    def test_the_command_line_says_so_in_one_line(self, overwritten: Installed) -> None:
        ran = overwritten.python("-m", "mockserver", "--version")
        assert ran.returncode == 2
        assert ran.stdout == ""
        [line] = ran.stderr.splitlines()
        assert str(overwritten.folder / "mockserver" / "__init__.py") in line
        assert "mockserver-client" in line
        assert MEND in line

    def test_the_command_line_says_so_too_when_it_was_removed(self, overwritten: Installed) -> None:
        """As after ``pip uninstall mockserver-client``: the file was on the lists of both."""
        (overwritten.folder / "mockserver" / "__init__.py").unlink()
        # Without site-packages, where this project may be found a second time.
        ran = overwritten.python("-S", "-m", "mockserver", "--version")
        assert ran.returncode == 2
        [line] = ran.stderr.splitlines()
        assert "without __init__.py" in line

    def test_the_plugin_says_so_and_leaves_other_tests_alone(self, overwritten: Installed) -> None:
        ran = overwritten.pytest("def test_it(mockserver):\n    pass\n")
        assert ran.returncode == 0, ran.stdout + ran.stderr
        [line] = [line for line in ran.stdout.splitlines() if line.startswith("signalwire:")]
        assert MEND in line

    def test_the_fixture_fails_with_the_sentence(self, overwritten: Installed) -> None:
        ran = overwritten.pytest("def test_it(signalwire_mock):\n    pass\n", "-q")
        assert ran.returncode == 1
        assert MEND in ran.stdout
        assert "Traceback" not in ran.stdout + ran.stderr
        assert "pytest_plugin.py" not in ran.stdout

    def test_the_harness_says_so(self, overwritten: Installed) -> None:
        ran = overwritten.python("-c", "from mockserver.harness import MockServer")
        assert ran.returncode == 1
        assert MEND in ran.stderr.splitlines()[-1]


class TestMixed:
    """``mockserver/__init__.py`` is ours; the other distribution's modules lie beside it."""

    def test_the_command_line_warns_and_works(self, mixed: Installed) -> None:
        ran = mixed.python("-m", "mockserver", "--version")
        assert (ran.returncode, ran.stdout) == (0, f"{mockserver.__version__}\n")
        [line] = ran.stderr.splitlines()
        assert "client.py, launcher.py, models.py" in line
        assert MEND in line

    def test_the_plugin_warns_and_its_fixture_works(self, mixed: Installed) -> None:
        ran = mixed.pytest("def test_it(signalwire_mock):\n    pass\n")
        assert ran.returncode == 0, ran.stdout + ran.stderr
        [line] = [line for line in ran.stdout.splitlines() if line.startswith("signalwire:")]
        assert MEND in line

    def test_who_asks_for_a_name_of_the_other_is_told(self, mixed: Installed) -> None:
        ran = mixed.python("-c", "from mockserver import MockServerClient")
        assert ran.returncode == 1
        assert 'no name "MockServerClient" here' in ran.stderr.splitlines()[-1]
        assert MEND in ran.stderr.splitlines()[-1]
