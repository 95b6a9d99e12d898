"""One server for a whole run of tests: fixtures of any scope make spaces on it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar

from mockserver.server.settings import ClockKind

from .blocking import SyncSpaceHandle
from .handles import SpaceHandle
from .looking import SpaceLook, space_settings
from .thread import ServerThread

S = TypeVar("S", bound=SpaceLook)


class SharedServer:
    """What the fixture ``signalwire_server`` gives.

    ::

        @pytest.fixture(scope="module")
        def mock(signalwire_server):
            with signalwire_server.space("shop", clock="manual") as mock:
                yield mock

    Args:
        thread: the server, which runs.
        defaults: settings of spaces for which nothing else is said: those of ``space``.
    """

    def __init__(self, thread: ServerThread, defaults: Mapping[str, Any]) -> None:
        self._thread = thread
        self._defaults = defaults

    @property
    def url(self) -> str:
        """Where clients connect; their project id says which space they get into."""
        return self._thread.url

    @property
    def http_url(self) -> str:
        """Where the control API is."""
        return self._thread.http_url

    @contextmanager
    def space(
        self,
        project: str,
        *,
        scenario: str | None = None,
        seed: int | None = None,
        clock: ClockKind | None = None,
        speed: float | None = None,
        latency: float | str | None = None,
        check: bool = True,
        ignore: Iterable[str] = (),
    ) -> Iterator[SpaceHandle]:
        """Make a space, and end it with the block.

        Args:
            project: its name, and the project id for clients.
            scenario: the name or the path of a scenario. This and the next four: None takes what
                the options of pytest say.
            seed: with the space's name, decides its ids and names.
            clock: ``"real"`` or ``"manual"``.
            speed: how fast a real clock runs.
            latency: between a cause and its events: seconds, or ``"30ms"``.
            check: whether the contract is checked when the block ends without an error.
            ignore: names of rules that do not matter.

        Raises:
            ValueError: there is a space of this name, or a setting cannot be.
            ScenarioError, UnknownScenarioError: the scenario is faulty or not there.
            ContractBroken: at the end of the block, when a rule is broken.
            MockServerBug: at the end of the block, when the mock itself was at fault.
        """
        __tracebackhide__ = True
        given = {
            "scenario": scenario,
            "seed": seed,
            "clock": clock,
            "speed": speed,
            "latency": latency,
        }
        with self._made(SpaceHandle, project, given, check, ignore) as space:
            yield space

    @contextmanager
    def sync_space(
        self, project: str, *, check: bool = True, ignore: Iterable[str] = (), **settings: Any
    ) -> Iterator[SyncSpaceHandle]:
        """Make a space whose methods block; otherwise as ``space``."""
        __tracebackhide__ = True
        with self._made(SyncSpaceHandle, project, settings, check, ignore) as space:
            yield space

    @contextmanager
    def _made(
        self,
        kind: type[S],
        project: str,
        given: Mapping[str, Any],
        check: bool,
        ignore: Iterable[str],
    ) -> Iterator[S]:
        __tracebackhide__ = True
        said = {name: value for name, value in given.items() if value is not None}
        settings = space_settings(**{**self._defaults, **said})
        space = kind(self._thread, project)
        self._thread.look(lambda server: server.create_space(project, settings))
        try:
            yield space
            if check:
                space.check_contract(ignore=ignore)
        finally:
            space.end_space()
        self._thread.check_bugs()
