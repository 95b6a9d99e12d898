"""Why a value does not fit its schema, in words for the person who has to mend it.

Every problem has a place, what was expected there, what was found, and often a hint. Values are
shortened, objects and lists are described and not quoted, and whatever stands under a name that
holds secrets is not shown at all.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from itertools import islice
from typing import Any, Final

from mockserver import schemas
from mockserver.protocol.catalogue import nearest
from mockserver.protocol.secrets import is_secret, mask_text

__all__ = ["Problem", "describe", "explain", "json_path", "shorten", "steps_of"]

_LONGEST: Final = 60  # characters of a value that are shown
_MOST_PROBLEMS: Final = 20  # a list of a million wrong items needs no million sentences
_MOST_STRANGERS: Final = 50  # unknown keys among which a misspelt one is looked for
_MOST_WORDS: Final = 20  # of an enum, that are all named
_FIRST_WORDS: Final = 8
_WORDS: Final = {
    "string": "a string",
    "number": "a number",
    "integer": "a whole number",
    "boolean": "true or false",
    "object": "an object",
    "array": "a list",
    "null": "null",
}
_LIMITS: Final = {
    "minimum": "at least {}",
    "maximum": "at most {}",
    "exclusiveMinimum": "more than {}",
    "exclusiveMaximum": "less than {}",
    "minLength": "at least {} characters",
    "maxLength": "at most {} characters",
    "minItems": "a list of at least {}",
    "maxItems": "a list of at most {}",
    "minProperties": "an object with at least {} keys",
    "maxProperties": "an object with at most {} keys",
    "multipleOf": "a multiple of {}",
}
# Where several rules are broken at one place, the one that says most comes first.
_TELLING: Final = ("const", "enum", "required", "anyOf", "oneOf", "not", "pattern", "type")


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with a value.

    Attributes:
        path: Where, as a JSON path from `$`; the place of a missing key is where it should be.
        expected: What would fit there.
        found: What is there instead.
        hint: How to mend it, where that can be guessed.
    """

    path: str
    expected: str
    found: str
    hint: str | None = None

    @property
    def message(self) -> str:
        """All of it in one sentence, without a final stop."""
        hint = f"; {self.hint}" if self.hint else ""
        return f"{self.path}: expected {self.expected}, found {self.found}{hint}"

    def as_dict(self) -> dict[str, str]:
        """`{"path", "expected", "found", "hint"?}`, as it goes into an error answer."""
        told = {"path": self.path, "expected": self.expected, "found": self.found}
        return told | {"hint": self.hint} if self.hint else told


def explain(value: Any, schema: Mapping[str, Any]) -> list[Problem]:
    """What is wrong with a value that breaks `schema`, in the order of the places; never empty.

    At most 20 problems, one per place. The schema may refer to all others of this package.
    """
    found: dict[str, tuple[int, Problem]] = {}
    # jsonschema walks and prints what fails; a value nested a thousand deep is beyond it.
    with suppress(RecursionError):
        for error in _validator_class()(schema, registry=_registry()).iter_errors(value):
            rank = _TELLING.index(error.validator) if error.validator in _TELLING else 99
            for problem in _from_error(error):
                if problem.path not in found or rank < found[problem.path][0]:
                    found[problem.path] = (rank, problem)
            if len(found) >= _MOST_PROBLEMS:
                break
    if not found:
        return [Problem("$", "a value that fits its schema", _found(value, ()))]
    return [problem for _, (_, problem) in sorted(found.items())]


def describe(schema: Mapping[str, Any]) -> str:
    """What fits a schema, in a few words."""
    if "x-expected" in schema:
        return str(schema["x-expected"])
    if "const" in schema:
        return json.dumps(schema["const"], ensure_ascii=False)
    if "enum" in schema:
        return "one of " + _listed([json.dumps(x, ensure_ascii=False) for x in schema["enum"]])
    if "$ref" in schema:
        return describe(schemas.resolve(schema["$ref"]))
    if "type" in schema:
        kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
        return " or ".join(_WORDS[kind] for kind in kinds)
    for keyword in ("anyOf", "oneOf"):
        if keyword in schema:
            return " or ".join(dict.fromkeys(describe(x) for x in schema[keyword]))
    return "another value"


def _listed(words: list[str]) -> str:
    """All words, or the first of many and how many more there are: a long list hides the point."""
    if len(words) <= _MOST_WORDS:
        return ", ".join(words)
    return f"{', '.join(words[:_FIRST_WORDS])} and {len(words) - _FIRST_WORDS} more"


def json_path(parts: Iterable[str | int]) -> str:
    """`$.params.events[0]`; keys that are not plain words are quoted, `$["a b"]`."""
    path = "$"
    for part in parts:
        if isinstance(part, int):
            path += f"[{part}]"
        elif re.fullmatch(r"[A-Za-z_][A-Za-z0-9_-]*", part):
            path += f".{part}"
        else:
            path += f"[{json.dumps(shorten(part), ensure_ascii=False)}]"
    return path


def steps_of(path: str) -> tuple[str | int, ...]:
    """The parts of a path that `json_path` wrote, as far as none of them was shortened."""
    parts = re.findall(r"\[(\d+)\]|\.([\w-]+)|\[(\".*?\")\]", path)
    return tuple(
        int(index) if index else word or json.loads(quoted) for index, word, quoted in parts
    )


def shorten(text: str, limit: int = _LONGEST, *, length: int | None = None) -> str:
    """The text, or its beginning and how long it was; without lone surrogates and tokens.

    Args:
        text: what is shown.
        limit: how much of it at most, in characters.
        length: how long it is said to be, where the text has quotes and escapes that are not its.
    """
    text = mask_text(text.encode("utf-8", "replace").decode("utf-8"))
    length = len(text) if length is None else length
    return text if len(text) <= limit else f"{text[:limit]}… ({length} characters)"


def prepare() -> None:
    """Do what takes long the first time that something is explained: some 60 ms of CPU."""
    _registry()
    _validator_class()


@cache
def _registry() -> Any:
    from referencing import Registry
    from referencing.jsonschema import DRAFT202012

    # A document that names its own dialect would be checked by the plain class, not by ours.
    resources = [
        (uri, DRAFT202012.create_resource({k: v for k, v in x.items() if k != "$schema"}))
        for uri, x in schemas.registry_documents()
    ]
    return Registry().with_resources(resources)


@cache
def _validator_class() -> Any:
    # Imported here because only a frame that fails needs it, and it is slow to import.
    from jsonschema import Draft202012Validator, ValidationError, validators

    extend: Any = validators.extend

    def pattern(validator: Any, regex: str, value: Any, schema: Any) -> Any:
        # Python's `$` also matches before a last line break; that of JSON Schema does not.
        strict = regex[:-1] + r"\Z" if regex.endswith("$") else regex
        if isinstance(value, str) and not re.search(strict, value):
            yield ValidationError(f"does not match {regex}")

    usual = Draft202012Validator.VALIDATORS["additionalProperties"]

    def additional_properties(validator: Any, allowed: Any, value: Any, schema: Any) -> Any:
        # The usual one sorts and quotes all unknown keys, of which there may be many thousands.
        if allowed is not False or "patternProperties" in schema or not isinstance(value, dict):
            yield from usual(validator, allowed, value, schema)
        elif not value.keys() <= schema.get("properties", {}).keys():
            yield ValidationError("has unknown keys")

    changed = {"pattern": pattern, "additionalProperties": additional_properties}
    return extend(Draft202012Validator, changed)


def _from_error(error: Any) -> list[Problem]:
    parts: tuple[str | int, ...] = tuple(error.absolute_path)
    rule, keyword = error.validator_value, error.validator
    if keyword == "required":
        return _missing(error, parts)
    if keyword == "additionalProperties":
        return _surplus(error, parts)
    if keyword == "anyOf" and (inner := _inside_one_branch(error)):
        return [problem for one in inner for problem in _from_error(one)]
    if keyword in _LIMITS:
        expected = _LIMITS[keyword].format(rule)
    elif keyword == "uniqueItems":
        expected = "a list without repeats"
    else:
        expected = describe(error.schema)
    found = _found(error.instance, parts)
    return [Problem(json_path(parts), expected, found, _hint(error))]


def _inside_one_branch(error: Any) -> list[Any]:
    """The errors within the only branch that is right about the kind of the value, if it is one."""
    branches: dict[int, list[Any]] = {}
    for one in error.context:
        branches.setdefault(one.schema_path[0], []).append(one)
    fitting = [
        errors
        for errors in branches.values()
        if not any(one.validator == "type" and not one.path for one in errors)
    ]
    if len(fitting) != 1 or not all(one.path for one in fitting[0]):
        return []
    return fitting[0]


def _missing(error: Any, parts: tuple[str | int, ...]) -> list[Problem]:
    # jsonschema gives one error per missing key and names it only in its message.
    absent = [name for name in error.validator_value if name not in error.instance]
    name = next(x for x in absent if error.message.startswith(repr(x)))
    wanted = _field(error.schema, name)
    hint = _misspelt(error, name)
    if hint is None:
        hint = f"add {json.dumps(name)}"
        if wanted and "description" in wanted:
            hint += f": {wanted['description'].partition('. ')[0].rstrip('.')}"
    expected = describe(wanted) if wanted else "a value"
    return [Problem(json_path((*parts, name)), expected, "nothing", hint)]


def _misspelt(error: Any, name: str) -> str | None:
    """The hint that a key which no schema knows is this one, written wrongly."""
    strangers = (key for key in error.instance if _field(error.schema, key) is None)
    alike = nearest(name, islice(strangers, _MOST_STRANGERS), 1)
    if not alike:
        return None
    return f"{shorten(json.dumps(alike[0]))} looks like {json.dumps(name)}: rename it"


def _surplus(error: Any, parts: tuple[str | int, ...]) -> list[Problem]:
    known = list(error.schema.get("properties", {}))
    hints: Mapping[str, str] = error.schema.get("x-hints", {})
    given: list[Problem] = []
    for key in error.instance:
        if len(given) == _MOST_PROBLEMS:
            break
        if key not in known:
            alike = nearest(key, known, 1)
            hint = hints.get(key) or (f"did you mean {json.dumps(alike[0])}?" if alike else None)
            expected = f"one of the keys {', '.join(known)}" if known else "no keys"
            given.append(Problem(json_path((*parts, key)), expected, "an unknown key", hint))
    return given


def _field(schema: Mapping[str, Any], name: str) -> Mapping[str, Any] | None:
    """The schema of a field, wherever this schema or one it refers to writes it."""
    found: Mapping[str, Any] | None = schema.get("properties", {}).get(name)
    for part in (schema, *schema.get("allOf", ())):
        if found is None and "$ref" in part:
            found = _field(schemas.resolve(part["$ref"]), name)
    return found


def _hint(error: Any) -> str | None:
    value, wanted = error.instance, error.schema.get("type")
    kinds = wanted if isinstance(wanted, list) else [wanted]
    if error.validator in ("enum", "const") and isinstance(value, str):
        fitting = error.validator_value if error.validator == "enum" else [error.validator_value]
        alike = nearest(value, [x for x in fitting if isinstance(x, str)], 1)
        return f"did you mean {json.dumps(alike[0])}?" if alike else None
    if error.validator == "anyOf" and isinstance(value, Mapping):
        wishes = [name for x in error.schema["anyOf"] for name in x.get("required", ())]
        hints = [_misspelt(error, name) for name in wishes if name not in value]
        return next((hint for hint in hints if hint), None)
    if error.validator != "type":
        return None
    if isinstance(value, str) and {"number", "integer"} & set(kinds) and _is_number(value):
        return "write the number without quotes"
    if isinstance(value, str) and "boolean" in kinds and value.lower() in ("true", "false"):
        return f"write {value.lower()} without quotes"
    if isinstance(value, str) and "array" in kinds:
        return "put it into a list"
    if isinstance(value, int | float) and not isinstance(value, bool) and "string" in kinds:
        return "put it into quotes"
    return None


def _is_number(text: str) -> bool:
    return re.fullmatch(r"-?[0-9]{1,20}(\.[0-9]{1,20})?", text) is not None


def _found(value: Any, parts: Sequence[str | int]) -> str:
    if isinstance(value, Mapping):
        keys = [shorten(str(key), 20) for key in list(value)[:6]]
        more = ", …" if len(value) > len(keys) else ""
        return f"an object with the keys {', '.join(keys)}{more}" if keys else "an empty object"
    if isinstance(value, list | tuple):
        return f"a list of {len(value)}" if value else "an empty list"
    if value is None:
        return "null"
    kind = _kind(value)
    # Of what stands below `authentication` nothing is shown, whatever it is called.
    is_below = "authentication" in parts or any(is_secret(str(part), {}) for part in parts)
    if is_below or (parts and is_secret(str(parts[-1]), value)):
        return f"a secret that is not shown ({kind})"
    if isinstance(value, str):
        return f"{shorten(json.dumps(value, ensure_ascii=False), length=len(value))} ({kind})"
    return f"{shorten(json.dumps(value))} ({kind})"


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int):
        return "integer"
    return "string" if isinstance(value, str) else "number"
