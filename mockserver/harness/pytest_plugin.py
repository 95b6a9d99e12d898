"""Fixtures for tests of applications that talk to SignalWire. Installing the package is enough.

``signalwire_mock`` is a space of the test's own on one server per process; at the end, the contract
is checked against what was said there. Nothing of the mock is imported before a test asks for it:
this module is part of everybody's every run of pytest.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from mockserver.harness import ServerThread, SharedServer, SpaceHandle, SyncSpaceHandle
    from mockserver.harness.looking import SpaceLook

MARKER = "signalwire"
PREFIX = "signalwire"
FRAMES_SHOWN = 100
"""How much of a long conversation the report of a failed test carries."""

LONGEST_SLUG = 40


# Options: what a marker, the command line and the configuration file can say

OWN_SCENARIO = "none"
"""What spaces play by themselves unless a test says otherwise."""


def _flag(name: str) -> str:
    """An option of spaces, as the command line has it."""
    return f"--{PREFIX}-{name.replace('_', '-')}"


def _is_text(value: object) -> bool:
    return isinstance(value, str) and value != ""


_JUDGING: dict[str, tuple[str, Callable[[Any], bool]]] = {
    "check": ("True or False", lambda value: isinstance(value, bool)),
    "ignore": (
        "a list of names of rules",
        lambda value: isinstance(value, list | tuple | set) and all(map(_is_text, value)),
    ),
}
"""The marker's arguments besides the options of a space: what each takes, and a check of it."""


def _defaults() -> dict[str, Any]:
    from mockserver.control import options

    return {**options.defaults(), "scenario": OWN_SCENARIO}


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of spaces, each of which can stand in the configuration file too."""
    from mockserver.control import options

    group = parser.getgroup("signalwire", "mock SignalWire server")
    defaults = _defaults()
    for name, schema in options.described().items():
        default = f" (default: {defaults[name]})" if name in defaults else ""
        text = schema["description"].rstrip(".") + default
        group.addoption(_flag(name), metavar=name.upper(), help=text)
        parser.addini(f"{PREFIX}_{name}", text)
    text = "let the server speak TLS, by a certificate of this run's own (extra: tls)"
    group.addoption(f"--{PREFIX}-tls", action="store_true", default=None, help=text)
    parser.addini(f"{PREFIX}_tls", text, type="bool", default=False)
    group.addoption(
        f"--{PREFIX}-report",
        metavar="DIR",
        help="write an HTML report of the space of each failed test into this folder",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known, and refuse options that cannot be."""
    from mockserver.control import options

    names = "".join(f"{name}=…, " for name in options.described())
    config.addinivalue_line(
        "markers",
        f"{MARKER}({names}check=True, ignore=[]): the space that signalwire_mock gives to this "
        "test, and whether, or which rules aside, the contract is checked against it.",
    )
    config.stash[_OPTIONS] = _from_options(config)


def _from_options(config: pytest.Config) -> dict[str, Any]:
    from mockserver.control import options

    chosen = _defaults()
    for name in options.described():
        text, place = config.getoption(_flag(name)), _flag(name)
        if text is None:
            text, place = config.getini(f"{PREFIX}_{name}"), f"{PREFIX}_{name}"
        if not text:
            continue
        try:
            chosen[name] = options.read(name, text)
        except options.OptionError as error:
            problem = f"{place}: expected {error.expected}, found {text!r}"
            raise pytest.UsageError(problem) from None
    return chosen


def pytest_report_header() -> list[str]:
    """Warn of an installation that is mixed with another package of the same name."""
    from mockserver.installation import mixed, overwritten

    problem = overwritten() or mixed()
    return [f"signalwire: {problem}"] if problem else []


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Fail a test with a faulty marker, whatever fixtures it uses."""
    item.stash[_WATCH] = None
    _from_markers(item)


def _from_markers(item: pytest.Item) -> dict[str, Any]:
    """What the markers say, the closest first."""
    from mockserver.control import options

    known = [*options.described(), *_JUDGING]
    chosen: dict[str, Any] = {}
    for mark in item.iter_markers(MARKER):
        if mark.args:
            _refuse(f"takes arguments by name only: not {', '.join(map(repr, mark.args))}")
        for name, value in mark.kwargs.items():
            if name not in known:
                from difflib import get_close_matches

                near = get_close_matches(name, known, n=1)
                hint = f"did you mean {near[0]}?" if near else f"it has: {', '.join(known)}"
                _refuse(f'has no argument "{name}"; {hint}')
            if name in _JUDGING:
                expected, fits = _JUDGING[name]
                if not fits(value):
                    _refuse(f"{name}: expected {expected}, found {value!r}")
            elif problem := _problem(name, value):
                _refuse(problem)
            chosen.setdefault(name, value)
    return chosen


def _problem(name: str, value: object) -> str:
    from mockserver.control import options

    try:
        options.check(name, value)
    except options.OptionError as error:
        return str(error)
    return ""


def _refuse(problem: str) -> None:
    pytest.fail(f"@pytest.mark.{MARKER}: {problem}", pytrace=False)


# Fixtures


@dataclass
class _Watch:
    """The space of a test that is running, and how it is to be judged.

    Attributes:
        space: the space.
        check: whether the contract is checked against it.
        ignore: rules that do not matter.
        judged: how many frames were judged and found to be right; -1 before.
    """

    space: SpaceLook
    check: bool
    ignore: tuple[str, ...]
    judged: int = field(default=-1)

    def broken(self) -> str:
        """What is wrong with the space so far; "" for nothing."""
        from mockserver.harness import ContractBroken

        if not self.check:
            return ""
        if failures := self.space.script_failures:
            told = "\n".join(failures)
            return f"a step of the script failed:\n{told}\nA step may say optional: true."
        frames = len(self.space.trace)
        if frames == self.judged:
            return ""
        try:
            self.space.check_contract(ignore=self.ignore)
        except ContractBroken as broken:
            return f"the contract is broken: {broken}"
        self.judged = frames
        return ""


_OPTIONS = pytest.StashKey[dict[str, Any]]()
_WATCH = pytest.StashKey[_Watch | None]()
_SERVER = pytest.StashKey["ServerThread"]()


@pytest.fixture(scope="session")
def _signalwire_thread(pytestconfig: pytest.Config) -> Iterator[ServerThread]:
    from mockserver.installation import overwritten

    if problem := overwritten():
        pytest.fail(problem, pytrace=False)
    from mockserver.harness import ServerThread
    from mockserver.server import Settings
    from mockserver.server.tls import Tls, TlsError

    speaks_tls = pytestconfig.getoption(f"--{PREFIX}-tls") or pytestconfig.getini(f"{PREFIX}_tls")
    tls = Tls() if speaks_tls else None
    server = ServerThread(Settings(port=0, space={"scenario": "none"}, tls=tls))
    problem = ""
    try:
        server.start()
    except TlsError as error:
        problem = str(error)
    if problem:
        pytest.fail(problem, pytrace=False)
    pytestconfig.stash[_SERVER] = server
    yield server
    server.stop()
    server.check_bugs()


@pytest.fixture(scope="session")
def signalwire_server(
    pytestconfig: pytest.Config, _signalwire_thread: ServerThread
) -> SharedServer:
    """The server of this run of pytest, for fixtures of any scope: they make spaces on it.

    ``with signalwire_server.space("shop", clock="manual") as mock:`` makes a space, and ends it
    with the block; then the contract is checked. ``signalwire_mock`` is on the same server.
    """
    from mockserver.harness import SharedServer

    options: dict[str, Any] = pytestconfig.stash[_OPTIONS]
    return SharedServer(_signalwire_thread, options)


@pytest.fixture
def signalwire_mock(
    request: pytest.FixtureRequest, _signalwire_thread: ServerThread
) -> Iterator[SpaceHandle]:
    """A space of this test's own on a mock SignalWire server; see the marker ``signalwire``.

    Give its ``url``, ``project`` and ``token`` to the application. At the end the contract is held
    against what was said, and the test fails when a rule is broken.
    """
    from mockserver import contract
    from mockserver.control import options
    from mockserver.harness import SpaceHandle
    from mockserver.protocol.catalogue import nearest
    from mockserver.scenarios import ScenarioError, UnknownScenarioError

    item = request.node
    marked = _from_markers(item)
    given: dict[str, Any] = request.config.stash[_OPTIONS]
    chosen = {**given, **marked}
    rules = {rule.name for rule in contract.RULES}
    for name in marked.get("ignore", ()):
        if name not in rules:
            near = " or ".join(nearest(name, rules)) or "see: python -m mockserver rules"
            _refuse(f'ignore: there is no rule "{name}"; near it: {near}')
    project = _project(item.nodeid, _signalwire_thread)
    space = SpaceHandle(_signalwire_thread, project, token=f"token-of-{project}")
    problem = ""
    try:
        wanted = {name: chosen.get(name) for name in options.described()}
        wanted["scenario"] = _scenario(chosen["scenario"], item.path.parent)
        space._open(options.given(wanted))
    except (ScenarioError, UnknownScenarioError, ValueError) as error:
        problem = str(error)
    if problem:
        pytest.fail(f"no space for {MARKER}_mock: {problem}", pytrace=False)
    watch = item.stash[_WATCH] = _Watch(
        space, marked.get("check", True), tuple(marked.get("ignore", ()))
    )
    yield space
    space.end_space()
    _signalwire_thread.check_bugs()
    if watch.judged >= 0 and (broken := watch.broken()):
        pytest.fail(_told(broken), pytrace=False)


@pytest.fixture
def signalwire_mock_sync(signalwire_mock: SpaceHandle) -> SyncSpaceHandle:
    """The same space as ``signalwire_mock``, with methods that block in place of coroutines."""
    from mockserver.harness import SyncSpaceHandle

    return SyncSpaceHandle(signalwire_mock._thread, signalwire_mock.project, signalwire_mock.token)


@pytest.fixture
def signalwire_env(
    signalwire_mock: SpaceHandle, _signalwire_thread: ServerThread, monkeypatch: pytest.MonkeyPatch
) -> dict[str, str]:
    """Sets the environment variables that clients of SignalWire read; gives their values, too.

    The variables are listed in ``mockserver/server/environment.py``. One that is set already is
    kept; ``NO_PROXY`` and ``no_proxy`` get the server's address besides what they list, and the
    variables of certificates, if the server speaks TLS, its authority besides whom they list.
    """
    from mockserver.server.environment import changes, environment

    mock = signalwire_mock
    trusted = _signalwire_thread.trusted()
    wanted = environment(mock.url, mock.http_url, mock.project, mock.token, trusted=trusted)
    for name, value in changes(os.environ, wanted).set.items():
        monkeypatch.setenv(name, value)
    return {name: os.environ[name] for name in wanted}


def _project(nodeid: str, server: ServerThread) -> str:
    """A readable project id that only this test has, the same in every run: ids follow from it."""
    import hashlib

    slug = re.sub(r"[^a-z0-9]+", "-", nodeid.rpartition("::")[2].lower()).strip("-")
    unique = hashlib.sha256(nodeid.encode()).hexdigest()[:8]
    project = f"{slug[:LONGEST_SLUG]}-{unique}"
    taken = server.look(lambda running: set(running.spaces))
    # The same test again, while or after it runs: in threads, or with a client that came back.
    number = 1
    while (project if number == 1 else f"{project}-{number}") in taken:
        number += 1
    return project if number == 1 else f"{project}-{number}"


def _scenario(chosen: str | Path, folder: Path) -> str:
    """The scenario's name, or its path, which may be relative to the test's folder."""
    from mockserver.scenarios.library import is_path

    text = str(chosen)
    return str(folder / text) if is_path(text) and (folder / text).is_file() else text


# Judging and reporting


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """Once a test has passed, check its space against the contract: then it is the test that fails.

    Frames sent during fixture teardown are judged when the space ends.
    """
    __tracebackhide__ = True
    result = yield
    watch = item.stash.get(_WATCH, None)
    if watch is not None:
        if server := item.config.stash.get(_SERVER, None):
            server.check_bugs()
        if broken := watch.broken():
            pytest.fail(_told(broken), pytrace=False)
    return result


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show in the report of a failed test what was said in its space."""
    report = yield
    watch = item.stash.get(_WATCH, None)
    if watch is not None and report.failed:
        shown = str(call.excinfo.value) if call.excinfo is not None else ""
        # The message about what did not come has a timeline already.
        if "\ntimeline:\n" not in shown:
            timeline = watch.space.timeline(FRAMES_SHOWN) or "  nothing crossed the wire"
            report.sections.append((f"signalwire timeline of {watch.space.project}", timeline))
        if chaos := watch.space.chaos:
            report.sections.append(("signalwire chaos", chaos))
        if (broken := watch.broken()) and broken not in shown:
            report.sections.append(("signalwire contract", broken))
        if folder := item.config.getoption(f"--{PREFIX}-report"):
            _link(item, report, watch, Path(item.config.invocation_params.dir, folder))
    if report.when == "teardown":
        # Nobody looks back any more: a long run must not keep every conversation.
        item.stash[_WATCH] = None
    return report


def _link(item: pytest.Item, report: pytest.TestReport, watch: _Watch, folder: Path) -> None:
    """Write a report of a failed test's space, and say where: in the text and to JUnit XML."""
    from mockserver.harness import reports

    space = watch.space
    try:
        path = reports.write(folder, space.project, item.nodeid, space.trace, watch.ignore)
    except OSError as error:
        said = f"cannot write a report into {folder}: {error.strerror}"
        report.sections.append(("signalwire report", said))
        return
    report.sections.append(("signalwire report", path.as_uri()))
    linked = ("signalwire_report", str(path))
    if linked not in item.user_properties:
        item.user_properties.append(linked)


def _told(broken: str) -> str:
    return (
        f"{broken}\n"
        f"Not checked for a test marked @pytest.mark.{MARKER}(check=False) or (ignore=[…])."
    )
