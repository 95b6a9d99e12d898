"""Bodies and queries: checked against their schemas, and made ready for the handlers.

The schemas are closed, as the vendor's are; a key that they do not know is left out, and does no
harm [A].
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

import orjson

from mockserver import schemas
from mockserver.protocol.codec import MAX_DEPTH
from mockserver.protocol.depth import is_deeper
from mockserver.protocol.explanation import Problem, explain

from . import times
from .errors import INVALID, MISSING, FieldProblem, RestError

if TYPE_CHECKING:
    import jsonschema_rs

logger = logging.getLogger(__name__)

Schema = dict[str, Any]
Values = dict[str, Any]

_NUMBER = re.compile(r"-?[0-9]{1,300}(\.[0-9]{1,300})?")
_BOOLEANS = {"true": True, "false": False, "1": True, "0": False}


def shape(name: str) -> Schema:
    """The schema of a body, query or answer: ``create_video_room``."""
    return schemas.load(f"rest/{name}")


def read_body(data: bytes, name: str | None) -> Values:
    """The body of a request, checked, with what it leaves out put in.

    Args:
        data: as it came.
        name: its schema; None for a request that needs none.

    Raises:
        RestError: 400 for what is not a JSON object, 422 for what does not fit.
    """
    value: Any = {}
    if data:
        try:
            value = orjson.loads(data)
        except orjson.JSONDecodeError:
            raise RestError(400) from None
        if not isinstance(value, dict) or is_deeper(value, MAX_DEPTH):
            raise RestError(400)
    return {} if name is None else checked(value, shape(name))


def read_query(query: Mapping[str, Sequence[str]], name: str | None) -> Values:
    """The query of a request, checked, with numbers as numbers and defaults put in.

    Args:
        query: name -> all its values, of which the last counts.
        name: its schema; None when the query does not matter.

    Raises:
        RestError: 422 for what does not fit.
    """
    if name is None:
        return {}
    schema = shape(name)
    return checked({key: _read(key, given[-1], schema) for key, given in query.items()}, schema)


def checked(value: Mapping[str, Any], schema: Schema) -> Values:
    """The value, if it fits: defaults put in, whole numbers whole, times in microseconds.

    Raises:
        RestError: 422, naming the fields.
    """
    fields: dict[str, Schema] = schema["properties"]
    known = {key: each for key, each in value.items() if key in fields}
    if strange := sorted(value.keys() - known.keys()):
        logger.info("%s: ignored %s", schema["title"], ", ".join(strange))
    if not validator(schema["$id"]).is_valid(known):
        raise RestError(422, [_field_problem(each) for each in explain(known, schema)])
    problems: list[FieldProblem] = []
    complete = {key: field["default"] for key, field in fields.items() if "default" in field}
    for key, given in known.items():
        try:
            complete[key] = _converted(given, fields[key])
        except ValueError as error:
            problems.append(FieldProblem(key, f"{key}: {error}"))
    if problems:
        raise RestError(422, problems)
    return complete


@cache
def validator(uri: str) -> jsonschema_rs.Draft202012Validator:
    """The validator of a schema, by its ``$id``."""
    return schemas.validator({"$ref": uri}, formats=True)


def _read(key: str, given: str, schema: Schema) -> Any:
    kind = schema["properties"].get(key, {}).get("type")
    if kind == "integer" and (number := _NUMBER.fullmatch(given)):
        return float(given) if number[1] else int(given)
    if kind == "boolean":
        return _BOOLEANS.get(given.lower(), given)
    return given


def _converted(value: Any, field: Schema) -> Any:
    """The value as handlers take it.

    Raises:
        ValueError: it is not what it seems; says what would be.
    """
    if field.get("x-kind") == "time":
        try:
            return times.microseconds(value)
        except ValueError:
            raise ValueError(f"expected {field['x-expected']}, found no such time") from None
    if "x-longest" in field:
        length = len(orjson.dumps(value).decode())
        if length > field["x-longest"]:
            longest = field["x-longest"]
            raise ValueError(f"expected at most {longest} characters of JSON, found {length}")
    if field.get("type") == "integer":
        return int(value)
    return value


def _field_problem(problem: Problem) -> FieldProblem:
    place = problem.path.removeprefix("$").removeprefix(".")
    attribute = re.split(r"[.\[]", place, maxsplit=1)[0] or None
    code = MISSING if problem.found == "nothing" else INVALID
    return FieldProblem(attribute, problem.message.removeprefix("$").removeprefix("."), code)
