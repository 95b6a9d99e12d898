"""The gate: every connection comes in here; its first good call decides its space."""

from __future__ import annotations

import hmac
import unicodedata
from abc import abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from mockserver.protocol import codec, frames, validation
from mockserver.protocol.errors import (
    AuthenticationFailed,
    InvalidRequest,
    ProtocolError,
)

from . import tokens
from .clock import Clock
from .faults import FaultError
from .grant import Grant
from .journal import TO_CLIENT, TO_SERVER, Journal
from .session import Connection, Session
from .space import Space

FRAME_KEPT = 8_000
"""Bytes kept in the journal of a frame that was refused."""

STRAYS_KEPT = 1_000
"""Frames kept of connections that are in no space."""

LONGEST_NAME = 200
"""Characters of a space's name."""


class Keeper(Mapping[str, Space]):
    """Who keeps the spaces: name -> the space that is there now."""

    def former(self, name: str) -> Iterable[Space]:
        """Spaces that another one of this name took the place of, and that still have sessions."""
        return ()

    @abstractmethod
    def scenario_of(self, name: str) -> str | None:
        """The scenario that was asked for when a space was made; None: nobody asked for one."""

    @abstractmethod
    def make(self, name: str, scenario: str | None) -> Space:
        """Make and keep a space for a client, in place of the one there may be.

        Args:
            name: the space's name.
            scenario: the name of its scenario; None: the keeper's own choice.

        Raises:
            LookupError: there is no such scenario; the message is for the client.
            LimitReached: there are as many spaces as there can be.
        """


ReadToken = Callable[[str, Mapping[str, Space], "str | None"], "Grant | None"]
"""Reads a ``jwt_token``, given all spaces and the name that the client's URL says.

Returns None for a text that is not a JSON Web Token. Raises AuthenticationFailed for one that
cannot be used.
"""


def problem_of_name(name: str) -> str:
    """Why no space can be called so; "" when one can.

    Names stand in URLs, headers, logs and on terminals, so no control characters are in them.
    """
    if len(name) > LONGEST_NAME:
        return f"it has {len(name)} characters, and {LONGEST_NAME} are the most"
    if any(unicodedata.category(character) in ("Cc", "Cs") for character in name):
        return "it has control characters"
    if name in (".", ".."):
        return "no URL can have it as a part of its path"
    return ""


class Gate:
    """Decodes what comes, and lets nobody into a space without ``signalwire.connect``.

    Args:
        spaces: keeps the spaces, and makes one when its first client comes.
        clock: time of the journal of those who never got into a space.
        credentials: project -> token; None accepts any [A].
        read_token: what ``jwt_token`` of a client grants; by default nothing is read in it.
        max_depth: how deep objects and lists may be nested in a frame.
    """

    def __init__(
        self,
        spaces: Keeper,
        clock: Clock,
        credentials: Mapping[str, str] | None = None,
        read_token: ReadToken = lambda *_: None,
        max_depth: int = codec.MAX_DEPTH,
    ) -> None:
        self.spaces = spaces
        self._clock = clock
        self._credentials = credentials
        self._read_token = read_token
        self._max_depth = max_depth
        self.strays = Journal("", limit=STRAYS_KEPT)
        """Frames of connections that are in no space (yet)."""

    def __iter__(self) -> Iterator[Space]:
        return iter(self.spaces.values())

    def receive(self, connection: Connection, data: bytes) -> Space | None:
        """Take one text message; returns the space whose turn it was, None when there is none.

        A frame is decoded, checked against its schema, and then handled by its space. What is
        wrong with it is answered with a JSON-RPC error, unless it is an answer or a notification
        (JSON-RPC: a call without `id`, which is never answered); nothing raises.
        """
        frame: frames.Frame = {}
        try:
            frame = codec.decode(data, self._max_depth)
            if "method" in frame or not frames.is_answer(frame):
                validation.check_call(frame)
            else:
                validation.check_reply(frame)
        except ProtocolError as error:
            is_call = not (frames.is_answer(frame) or frames.is_notification(frame))
            return self._refuse(connection, data, error, answer=is_call)
        session = connection.session
        if session is not None:
            space = session.space
            if space.tick_some():
                space.wait(connection, frame, data)
            else:
                space.receive(connection, frame, data)
            return space
        if frame.get("method") != "signalwire.connect":
            early = AuthenticationFailed(
                "not connected yet: the first call on a socket has to be signalwire.connect",
                id=frame["id"],
            )
            return self._refuse(connection, data, early, answer=frames.is_call(frame))
        try:
            space = self._admit(connection, frame["params"])
        except ProtocolError as error:
            error.id = frame["id"]
            return self._refuse(connection, data, error)
        if space.tick_some():
            space.wait(connection, frame, data)
        else:
            space.receive(connection, frame, data)
        return space

    def refuse(self, connection: Connection, data: bytes, message: str) -> None:
        """Answer a message that is not a text frame at all with an error."""
        self._refuse(connection, data, InvalidRequest(message))

    def detach(self, connection: Connection) -> Session | None:
        """The socket of ``connection`` is gone; returns the session that is now away, if any."""
        session = connection.session
        return session.space.detach(connection) if session is not None else None

    def _refuse(
        self, connection: Connection, data: bytes, error: ProtocolError, *, answer: bool = True
    ) -> Space | None:
        data = data[:FRAME_KEPT]
        if connection.session is not None:
            space = connection.session.space
            space.tick()
            space.refuse(connection, data, error, answer=answer)
            return space
        now = self._clock.now()
        self.strays.add(now, TO_SERVER, None, data, problem=error.message)
        if answer:
            sent = codec.encode(error.as_answer())
            self.strays.add(now, TO_CLIENT, None, sent)
            connection.send(sent)
        return None

    def visit(self, project: str, token: str, space_name: str | None = None) -> Space:
        """The space of a program that asks without being a client, made when there is none yet.

        A space that is there is taken as it is: looking at what was played starts nothing.

        Args:
            project: the project id that it gives.
            token: the token that it gives.
            space_name: the space that its URL names; None: the project's.

        Raises:
            AuthenticationFailed: wrong credentials, a scenario that does not exist, or a name that
                no space can have.
            LimitReached: there are as many spaces as there can be.
        """
        self._check_credentials(project, token)
        name = space_name or project
        _check_name(name)
        space = self.spaces.get(name)
        return self._begin(name, _wishes(token).scenario) if space is None else space

    def _check_credentials(self, project: str, token: str) -> None:
        if self._credentials is None:
            return
        wanted = self._credentials.get(project)
        # In constant time: how much of a token is right must not be measurable.
        if wanted is None or not hmac.compare_digest(_bytes(wanted), _bytes(token)):
            raise AuthenticationFailed()

    def _admit(self, connection: Connection, params: dict[str, Any]) -> Space:
        """The space for these parameters of ``signalwire.connect``, made when there is none yet.

        Raises:
            AuthenticationFailed: wrong credentials or a token that cannot be used, a scenario that
                does not exist, or another scenario than the one that others are in the middle of.
        """
        authentication = params["authentication"]
        project = authentication.get("project", "")
        token = authentication.get("token", "")
        jwt_token = authentication.get("jwt_token", "")
        grant = self._read_token(jwt_token, self.spaces, connection.space_name)
        if grant is not None:
            project, connection.grant = grant.project, grant
        else:
            self._check_credentials(project, token)
        name = connection.space_name or project or "default"
        _check_name(name)
        scenario = _wishes(token).scenario
        space = self.spaces.get(name)
        if space is not None:
            # First the session that it had: its space may have begun again while it was away.
            for each in (space, *self.spaces.former(name)):
                if each.resumes(params):
                    return each
            if grant is not None:
                return space
            wants_another = scenario is not None and scenario != self.spaces.scenario_of(name)
            may_begin_anew = space.has_been_used and not (space.is_kept or space.is_occupied)
            if may_begin_anew and (wants_another or space.script.is_spent):
                # Nobody is there and the script has been played: the next client gets a new space.
                # Sessions that are away keep the former one until they are forgotten.
                space = None
            elif wants_another:
                raise AuthenticationFailed(
                    f'space "{name}" is playing "{space.script.name}" for other clients; '
                    f'for "{scenario}", connect with another project id or to /space/NAME'
                )
        return self._begin(name, scenario) if space is None else space

    def _begin(self, name: str, scenario: str | None) -> Space:
        """Make a space, in the place of one that was there.

        Raises:
            AuthenticationFailed: there is no such scenario.
        """
        try:
            return self.spaces.make(name, scenario)
        except LookupError as problem:
            raise AuthenticationFailed(str(problem)) from None


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _check_name(name: str) -> None:
    if problem := problem_of_name(name):
        raise AuthenticationFailed(f"no space can have this name: {problem}")


def _wishes(token: str) -> tokens.Wishes:
    """What a token asks for.

    Raises:
        AuthenticationFailed: it names a fault that there is not.
    """
    try:
        return tokens.read(token)
    except FaultError as problem:
        raise AuthenticationFailed(str(problem)) from None
