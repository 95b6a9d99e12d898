"""Tokens: JSON Web Tokens signed with a key of their space, and what they say.

The header and the short names of the claims are those of the vendor's sample: ``typ`` VRT, HS512,
``sub`` the project, ``r`` the room, ``u`` the user, ``s`` the permissions, ``acr`` whether the room
is made when it is not there, ``jf``, ``ju``, ``rat`` and ``rse`` the limits [R]. ``ch`` in the
header is where the browser's SDK connects, ``ja`` how it joins [W]. The names of all other claims
are assumed [A].
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from typing import Any

import orjson

from mockserver.engine import MICROSECONDS, Grant, Space
from mockserver.protocol.errors import AuthenticationFailed

ALGORITHM = "HS512"
TYPE = "VRT"

UNCHECKED: Any = {
    f"verify_{claim}": False for claim in ("exp", "nbf", "iat", "aud", "iss", "sub", "jti")
}
"""Times are checked by the space's clock, not by the machine's."""

UNVERIFIED: Any = {"verify_signature": False, **UNCHECKED}

_ROOM_CLAIMS = {
    "room_name": "r",
    "user_name": "u",
    "permissions": "s",
    "auto_create_room": "acr",
    "join_as": "ja",
    "remove_after_seconds_elapsed": "rse",
    "join_audio_muted": "jam",
    "join_video_muted": "jvm",
    "enable_room_previews": "erp",
    "room_display_name": "rdn",
    "end_room_session_on_leave": "ersl",
    "media_allowed": "ma",
    "room_meta": "rm",
    "meta": "m",
    "sync_audio_video": "sav",
}
"""Field of a request -> claim, for what goes into the token as it is."""

_OBJECT_IN_BASE64 = re.compile(r"(?<![\w-])eyJ[\w-]{5}")
"""How the header and the claims of a token begin: ``{"``, in Base64."""

_ROOM_TIMES = {"join_from": "jf", "join_until": "ju", "remove_at": "rat"}


def key(space: Space) -> bytes:
    """What the tokens of a space are signed with."""
    return space.identities.secret("tokens")


def for_room(
    space: Space, project: str, wanted: Mapping[str, Any], *, unique: str, host: str
) -> str:
    """A token for a room.

    Args:
        space: the space that issues it.
        project: the project that asks for it.
        wanted: the checked body of ``POST /room_tokens``; times in microseconds.
        unique: its id.
        host: where the browser's SDK is to connect.
    """
    claims = {claim: wanted[name] for name, claim in _ROOM_CLAIMS.items() if name in wanted}
    if wanted["join_as"] == "audience":
        claims["s"] = []
    for name, claim in _ROOM_TIMES.items():
        if name in wanted:
            claims[claim] = wanted[name] // MICROSECONDS
    return _signed(space, project, claims, unique, {"ch": host})


def for_channels(space: Space, project: str, wanted: Mapping[str, Any], *, unique: str) -> str:
    """A token for channels of chat or PubSub; it is valid for ``ttl`` minutes and allows no calls.

    Args:
        space: the space that issues it.
        project: the project that asks for it.
        wanted: the checked body.
        unique: its id.
    """
    issued = space.now // MICROSECONDS
    claims = {
        "s": [],
        "c": wanted["channels"],
        "st": wanted["state"],
        "exp": issued + wanted["ttl"] * 60,
    }
    if "member_id" in wanted:
        claims["mid"] = wanted["member_id"]
    return _signed(space, project, claims, unique, {})


def _signed(
    space: Space, project: str, claims: dict[str, Any], unique: str, header: dict[str, str]
) -> str:
    # Imported here because a server that issues no tokens should not wait for it.
    import jwt

    issued = {"iat": space.now // MICROSECONDS, "jti": unique, "sub": project}
    return jwt.encode(issued | claims, key(space), ALGORITHM, {"typ": TYPE, **header})


def read(token: str, spaces: Mapping[str, Space], space_name: str | None) -> Grant | None:
    """What a client's ``jwt_token`` grants; None for a text that is not a JSON Web Token.

    Args:
        token: as the client sent it.
        spaces: name -> all spaces.
        space_name: the space that the client's URL names; None: the one of its project.

    Raises:
        AuthenticationFailed: it is damaged, no space of ours signed it, or its time is over.
    """
    if not _is_meant_as_one(token):
        return None
    import jwt

    try:
        claims = jwt.decode(token, options=UNVERIFIED)
    except jwt.InvalidTokenError as error:
        # Cut off or changed on its way: it must not allow more than it did before.
        raise AuthenticationFailed(f"the token is damaged: {error}") from None
    project = str(claims.get("sub", ""))
    space = spaces.get(space_name or project)
    if space is None:
        there = space_name or project or "(none)"
        raise AuthenticationFailed(
            f'the token names the space "{there}", which is not there; get one from '
            "POST /api/video/room_tokens of this server"
        )
    space.tick()
    try:
        claims = jwt.decode(token, key(space), [ALGORITHM], options=UNCHECKED)
    except jwt.InvalidTokenError as error:
        raise AuthenticationFailed(
            f'the token was not signed by the space "{space.name}": {error}'
        ) from None
    _check_time(claims, space)
    return Grant(project, frozenset(claims.get("s", ())), claims, _authorization(claims))


def _is_meant_as_one(token: str) -> bool:
    """Whether a text is a JSON Web Token, or was one before somebody quoted, cut or prefixed it.

    If it passed for an ordinary token, a damaged one would allow more than the whole one does.
    """
    if _OBJECT_IN_BASE64.search(token):
        return True
    head = token.partition(".")[0]
    try:
        header = orjson.loads(base64.urlsafe_b64decode(head + "=" * (-len(head) % 4)))
    except ValueError:
        return False
    return isinstance(header, dict)


def _authorization(claims: Mapping[str, Any]) -> dict[str, Any]:
    """What the browser's SDK reads of it in the answer to ``signalwire.connect`` [T].

    Which media an audience or a ``media_allowed`` leaves is assumed [A].
    """
    if "r" not in claims:
        return {}
    most = "both" if claims["ja"] == "member" else "receive"
    told = {
        "type": "video",
        "project_id": claims["sub"],
        "scopes": ["video"],
        "join_as": claims["ja"],
        "room": {
            "name": claims["r"],
            "display_name": claims.get("rdn", claims["r"]),
            "scopes": claims["s"],
            "meta": claims.get("rm", {}),
        },
        "audio_allowed": "none" if claims["ma"] == "video-only" else most,
        "video_allowed": "none" if claims["ma"] == "audio-only" else most,
        "meta": claims.get("m", {}),
    }
    return told | ({"user_name": claims["u"]} if "u" in claims else {})


def _check_time(claims: Mapping[str, Any], space: Space) -> None:
    """Make sure that a token can still be used: it ends with ``exp`` or its ``join_until`` [A].

    Raises:
        AuthenticationFailed: it has expired.
    """
    ends = [claims[claim] for claim in ("exp", "ju") if claim in claims]
    if ends and space.now >= min(ends) * MICROSECONDS:
        raise AuthenticationFailed("the token has expired")
