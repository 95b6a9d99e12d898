"""One server for a whole run of tests: fixtures of any scope make spaces on it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar, Unpack

from mockserver.control.options import SpaceOptions, given

from .blocking import SyncSpaceHandle
from .handles import SpaceHandle
from .looking import SpaceLook
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

    @property
    def ca_file(self) -> str | None:
        """The certificate that clients have to trust (PEM); None on a plain port."""
        return self._thread.ca_file

    @contextmanager
    def space(
        self,
        project: str,
        *,
        check: bool = True,
        ignore: Iterable[str] = (),
        **options: Unpack[SpaceOptions],
    ) -> Iterator[SpaceHandle]:
        """Make a space, and end it with the block.

        Args:
            project: its name, and the project id for clients.
            check: whether the contract is checked when the block ends without an error.
            ignore: names of rules that do not matter.
            options: what it is made with, see ``SpaceOptions``; what is left out is as the options
                of pytest say.

        Raises:
            ValueError: there is a space of this name, or a setting cannot be.
            ScenarioError, UnknownScenarioError: the scenario is faulty or not there.
            ContractBroken: at the end of the block, when a rule is broken.
            MockServerBug: at the end of the block, when the mock itself was at fault.
        """
        __tracebackhide__ = True
        with self._made(SpaceHandle, project, options, check, ignore) as space:
            yield space

    @contextmanager
    def sync_space(
        self,
        project: str,
        *,
        check: bool = True,
        ignore: Iterable[str] = (),
        **options: Unpack[SpaceOptions],
    ) -> Iterator[SyncSpaceHandle]:
        """Make a space whose methods block; otherwise as ``space``."""
        __tracebackhide__ = True
        with self._made(SyncSpaceHandle, project, options, check, ignore) as space:
            yield space

    @contextmanager
    def _made(
        self,
        kind: type[S],
        project: str,
        options: SpaceOptions,
        check: bool,
        ignore: Iterable[str],
    ) -> Iterator[S]:
        __tracebackhide__ = True
        chosen = given({**self._defaults, **given(options)})
        space = kind(self._thread, project)
        self._thread.look(lambda server: server.spaces.create(project, chosen))
        try:
            yield space
            if check:
                space.check_contract(ignore=ignore)
        finally:
            space.end_space()
        self._thread.check_bugs()
