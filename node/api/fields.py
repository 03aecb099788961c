"""What a request may carry: named, typed fields, checked before anything is done.

One table of fields drives both the check and the OpenAPI file. Everything that is
not in the table is refused with one sentence that names it: a script with a typing
error learns it at once instead of wondering why nothing happened.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, NoReturn, TypeAlias

from node.api.errors import ApiError

FieldType: TypeAlias = Literal["string", "integer", "boolean", "strings", "table"]
Given: TypeAlias = dict[str, Any]
"""Checked fields by name; absent ones are not there."""

BODY_SIZE_MAX_BYTES: Final = 64 * 1024
_SHOWN_MAX_LENGTH: Final = 40
_INTEGER: Final = re.compile(r"-?[0-9]{1,15}")
# JSON numbers beyond this are read differently by other programs.
_INTEGER_MAX: Final = 2**53 - 1

_TYPE_NAMES: Final[dict[FieldType, str]] = {
    "string": "text",
    "integer": "a whole number",
    "boolean": "true or false",
    "strings": "a list of texts",
    "table": "an object",
}


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a request.

    Args:
        choices: the only texts allowed, if any.
        low, high: the range of an integer, both included.
    """

    name: str
    type: FieldType
    description: str
    required: bool = False
    choices: tuple[str, ...] = ()
    low: int | None = None
    high: int | None = None

    def schema(self) -> dict[str, Any]:
        """The field as JSON Schema, for the OpenAPI file."""
        schema: dict[str, Any] = {"description": self.description}
        match self.type:
            case "strings":
                schema |= {"type": "array", "items": {"type": "string"}}
            case "table":
                schema |= {"type": "object"}
            case _:
                schema |= {"type": self.type}
        if self.choices:
            schema["enum"] = list(self.choices)
        if self.low is not None:
            schema["minimum"] = self.low
        if self.high is not None:
            schema["maximum"] = self.high
        return schema


def read_json(data: bytes) -> Given:
    """The object in a request's body; an empty body is an empty object."""
    if not data.strip():
        return {}
    try:
        value = json.loads(
            data.decode(), object_pairs_hook=_without_repetition, parse_constant=_refuse_constant
        )
    # RecursionError: thousands of arrays inside each other. ValueError covers bad
    # JSON, bad UTF-8 and numbers of thousands of digits.
    except (ValueError, RecursionError) as error:
        raise ApiError(400, "bad-json") from error
    if not isinstance(value, dict):
        raise ApiError(400, "not-an-object")
    return value


def check_body(fields: tuple[Field, ...], given: Mapping[str, object]) -> Given:
    """The body's fields, each known, present when required, and of its type."""
    _refuse_unknown(fields, given)
    checked = {}
    for field in fields:
        # null and absent mean the same.
        value = given.get(field.name)
        if value is not None:
            checked[field.name] = _checked(field, value)
        elif field.required:
            raise ApiError(400, "missing-field", field=field.name)
    return checked


def check_query(fields: tuple[Field, ...], given: list[tuple[str, str]]) -> Given:
    """As ``check_body``; numbers and truth values are read from their text."""
    _refuse_unknown(fields, dict(given))
    names = [name for name, _ in given]
    for name in names:
        if names.count(name) > 1:
            raise ApiError(400, "repeated-field", field=_shown(name))
    texts = dict(given)
    checked = {}
    for field in fields:
        if field.name in texts:
            checked[field.name] = _checked(field, _from_text(field, texts[field.name]))
        elif field.required:
            raise ApiError(400, "missing-field", field=field.name)
    return checked


def check_path(given: Mapping[str, str]) -> dict[str, str]:
    """The parts of the path that are ids, or whatever was typed for one."""
    for name, text in given.items():
        if not _is_unicode(text):
            raise ApiError(400, "not-unicode", field=name)
    return dict(given)


def _refuse_unknown(fields: tuple[Field, ...], given: Mapping[str, object]) -> None:
    known = [field.name for field in fields]
    for name in given:
        if name not in known:
            allowed = ", ".join(known)
            if not allowed:
                raise ApiError(400, "no-fields-here", field=_shown(name))
            raise ApiError(400, "unexpected-field", field=_shown(name), allowed=allowed)


def _from_text(field: Field, text: str) -> object:
    if field.type == "integer" and _INTEGER.fullmatch(text):
        return int(text)
    if field.type == "boolean" and text in ("true", "false"):
        return text == "true"
    return text


def _checked(field: Field, value: object) -> object:
    if not _is_of_type(field, value):
        raise ApiError(400, "wrong-type", field=field.name, expected=_TYPE_NAMES[field.type])
    texts = value if isinstance(value, list) else [value]
    for text in texts:
        if isinstance(text, str) and not _is_unicode(text):
            raise ApiError(400, "not-unicode", field=field.name)
    if field.choices and value not in field.choices:
        choices = ", ".join(field.choices)
        raise ApiError(400, "not-a-choice", field=field.name, choices=choices)
    if isinstance(value, int) and not isinstance(value, bool):
        low = -_INTEGER_MAX if field.low is None else field.low
        high = _INTEGER_MAX if field.high is None else field.high
        if not low <= value <= high:
            raise ApiError(400, "out-of-range", field=field.name, low=low, high=high)
    return value


def _is_of_type(field: Field, value: object) -> bool:
    match field.type:
        case "string":
            return isinstance(value, str)
        case "integer":
            # A bool is an int in Python, not in JSON.
            return isinstance(value, int) and not isinstance(value, bool)
        case "boolean":
            return isinstance(value, bool)
        case "strings":
            return isinstance(value, list) and all(isinstance(item, str) for item in value)
        case "table":
            return isinstance(value, dict)


def _is_unicode(text: str) -> bool:
    """False for lone surrogates: bytes of a terminal that were not UTF-8, or "\\ud800"."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _without_repetition(pairs: list[tuple[str, Any]]) -> Given:
    table = dict(pairs)
    if len(table) != len(pairs):
        raise ValueError("a name occurs twice")
    return table


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _shown(text: str) -> str:
    text = text.encode(errors="replace").decode()
    return text if len(text) <= _SHOWN_MAX_LENGTH else text[: _SHOWN_MAX_LENGTH - 1] + "…"
