"""The table of cases in ``cases.yaml``: read, played by a version of the client, and judged."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from mockserver import contract

from .runs import NodeRunner, Run, Server, calls, events, timeline, unsuccessful

HERE = Path(__file__).parent
SERVICE = HERE / "service.yaml"
"""The scenario of the cases in which the service acts."""

VERSIONS = {"4": "4.2.1", "3": "3.13.0"}
"""The versions of the client, as cases and drivers call them, and in full."""

CASE_S = 10.0
"""Real seconds until a case that does not come to its end has failed."""

PLAY_S = 120.0
"""Real seconds for all cases of a version."""

Told = tuple[str, str, Mapping[str, Any]]
"""What a listener was told: class, event, and what of it matters."""


@dataclass(frozen=True)
class Case:
    """One row of the table, as it is for one version of the client."""

    version: str
    id: str
    of: str | None = None
    call: str | None = None
    service: str | None = None
    setup: str = "both"
    arguments: list[Any] = field(default_factory=list)
    given: list[list[Any]] = field(default_factory=list)
    then: list[list[Any]] = field(default_factory=list)
    sends: tuple[str, Mapping[str, Any]] | None = None
    gives: Any = None
    hears: list[Told] = field(default_factory=list)
    hears_itself: list[Told] = field(default_factory=list)

    @property
    def project(self) -> str:
        """The project that its clients have for themselves."""
        return f"{self.version} {self.id}"

    @property
    def method(self) -> tuple[str, str] | None:
        """Class and name of the method that it is a case of."""
        return None if self.of is None or self.call is None else (self.of, self.call)

    @property
    def events(self) -> set[tuple[str, str]]:
        """Class and name of the events that are received in it."""
        return {(name, event) for name, event, _ in (*self.hears, *self.hears_itself)}

    def as_json(self) -> dict[str, Any]:
        """The case, as the driver takes it."""
        shown: dict[str, Any] = {
            "id": self.id,
            "project": self.project,
            "setup": self.setup,
            "given": self.given,
            "then": self.then,
            "hears": self.hears,
            "hears_itself": self.hears_itself,
        }
        if self.service is not None:
            return {**shown, "service": self.service}
        return {**shown, "of": self.of, "call": self.call, "with": self.arguments}


@dataclass(frozen=True)
class Played:
    """A case that was played: what the clients told, and what crossed the wire meanwhile."""

    case: Case
    line: Mapping[str, Any]
    trace: contract.Trace

    def problems(self) -> list[str]:
        """What was otherwise than the table says; nothing when all is well."""
        if "error" in self.line:
            missing = "".join(f"\n  not heard: {one}" for one in self.line.get("missing", ()))
            return [f"{self.line['error']}{missing}"]
        found = [*self._gave(), *self._sent(), *self._told()]
        found += [f"{method} was not answered with success" for method in unsuccessful(self.trace)]
        broken = contract.check(self.trace)
        return [*found, contract.render(broken, self.trace)] if broken else found

    def told(self) -> str:
        """Everything that helps to see why it failed."""
        heard = "\n".join(map(str, (*self.line["heard"], *self.line["heardItself"])))
        return f"--- heard\n{heard}\n--- trace\n{timeline(self.trace)}"

    def _resolved(self, value: Any) -> Any:
        if isinstance(value, str) and value.startswith("$"):
            return self.line["values"].get(value[1:], value)
        if isinstance(value, Mapping):
            return {self._resolved(key): self._resolved(each) for key, each in value.items()}
        if isinstance(value, (list, tuple)):
            return [self._resolved(each) for each in value]
        return value

    def _gave(self) -> Iterable[str]:
        gives, gave = self._resolved(self.case.gives), self.line["gave"]
        if self.case.service is None and not fits(gives, gave):
            yield f"the promise gave {gave}, not {gives}"

    def _sent(self) -> Iterable[str]:
        if self.case.sends is None:
            return
        method, params = self.case.sends
        wanted = dict(self._resolved(params))
        if "$events" in wanted.values():
            wanted["events"] = sorted(subscribed_as())
        elif method.startswith("video.") and method != "video.rooms.get":
            wanted["room_session_id"] = self.line["values"]["room"]
        sent = [call["params"] for call in calls(self.trace) if call["method"] == method]
        if "events" in wanted:
            wanted["events"] = sorted(wanted["events"])
            sent = [{**each, "events": sorted(each["events"])} for each in sent]
        if wanted not in sent:
            yield f"it sent {method} with {sent}, not with {wanted}"

    def _told(self) -> Iterable[str]:
        """Each event that a client's listener was told must have crossed the wire as well."""
        sent = events(self.trace)
        for name, event, wanted in self._resolved((*self.case.hears, *self.case.hears_itself)):
            kind = wire_type(event)
            if not any(kind == each and fits(wanted, params) for each, params in sent):
                yield f"{name} heard {event} with {wanted}, but no such {kind} was sent"


@dataclass(frozen=True)
class AllPlayed:
    """All cases of a version, played."""

    run: Run
    named: Mapping[str, Any]
    cases: Mapping[str, Played]


@cache
def table() -> Mapping[str, Any]:
    """The file as it is."""
    read: dict[str, Any] = yaml.safe_load((HERE / "cases.yaml").read_text(encoding="utf-8"))
    return read


@cache
def cases(version: str) -> tuple[Case, ...]:
    """The cases of a version, in the order of the file."""
    return tuple(
        _case(row, version)
        for row in table()["cases"]
        if version in row.get("versions", list(VERSIONS))
    )


def _case(row: Mapping[str, Any], version: str) -> Case:
    service = row.get("service")
    name = service or f"{row['of']}.{row['call']}"
    if "note" in row:
        name += f" ({row['note']})"
    said: dict[str, Any] = {
        "of": row.get("of"),
        "call": row.get("call"),
        "service": service,
        "setup": row.get("setup"),
        "arguments": row.get("with"),
        "given": row.get("given"),
        "then": row.get("then"),
        "sends": row.get("sends"),
        "gives": row.get("gives"),
        "hears": [*row.get("hears", []), *row.get(f"hears_{version}", [])],
        "hears_itself": row.get("hears_itself"),
    }
    return Case(version, name, **{key: each for key, each in said.items() if each is not None})


def internal(version: str) -> set[str]:
    """The functions of this version's objects that are no methods of the API."""
    named = table()["not_public"]
    return {*named["both"], *named[version]}


def never(version: str) -> set[tuple[str, str]]:
    """Class and name of the events that the version tells no listener of."""
    return {(row["class"], event) for row in table()["never"][version] for event in row["events"]}


def wire_type(event: str) -> str:
    """The type of the frame from which the clients make this event."""
    if event == "room.audienceCount":
        return "video.room.audience_count"
    return f"video.{'.'.join(event.split('.')[:2])}"


def subscribed_as() -> set[str]:
    """What the clients subscribe to when they listen to all of a room."""
    return {f"video.{'.'.join(event.split('.')[:2])}" for event in table()["events"]["RoomSession"]}


def fits(wanted: Any, found: Any) -> bool:
    """Whether all that is wanted is there: of objects these keys, of lists the first ones."""
    if isinstance(wanted, Mapping):
        return isinstance(found, Mapping) and all(
            key in found and fits(each, found[key]) for key, each in wanted.items()
        )
    if isinstance(wanted, list):
        return (
            isinstance(found, list) and len(wanted) <= len(found) and all(map(fits, wanted, found))
        )
    # Of 0 and False neither is the other, unlike 0 and 0.0.
    return isinstance(wanted, bool) == isinstance(found, bool) and bool(wanted == found)


def play(node: NodeRunner, version: str, demo: Server, service: Server) -> AllPlayed:
    """Play all cases of a version.

    Args:
        node: runs the client.
        version: of the client.
        demo: the server of what clients do.
        service: the server of what the service does by itself.
    """
    named = Case(version, "names")
    ours = cases(version)
    by_service = [case for case in ours if case.service is not None]
    by_clients = [case for case in ours if case.service is None]
    spec = {"timeout_s": CASE_S, "events": table()["events"]}
    acted = _run(node, version, demo, by_clients, {**spec, "named": named.as_json()})
    heard = _run(node, version, service, by_service, spec)
    assert acted.stdout, acted.stderr
    names, *lines = acted.lines
    both = Run(acted.exit_code or heard.exit_code, "", acted.stderr + heard.stderr)
    told = {line["case"]: line for line in (*lines, *heard.lines)}
    played = {
        case.id: Played(case, told[case.id], server.trace(case.project))
        for server, some in ((demo, by_clients), (service, by_service))
        for case in some
        if case.id in told
    }
    return AllPlayed(both, names, played)


def _run(
    node: NodeRunner, version: str, server: Server, some: list[Case], spec: Mapping[str, Any]
) -> Run:
    ours = [case.as_json() for case in some]
    return node(
        f"cases-{version}.mjs", {**spec, "host": server.url, "cases": ours}, patience_s=PLAY_S
    )
