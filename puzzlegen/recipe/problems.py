"""Describe each mistake in a recipe in one plain line: where it is, which value, what is allowed, what to do.

Pydantic's errors are turned into such lines; error types without a wording here keep pydantic's own.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final, NamedTuple

from puzzlegen.errors import RecipeError
from puzzlegen.plugins import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic.fields import FieldInfo
    from pydantic_core import ErrorDetails

#: Keys and list indices from the top of a recipe to one value in it.
Place = tuple[str | int, ...]

_MAX_LENGTH: Final = 60
_AFTER_ALL_LINES: Final = 1 << 31


class Where(NamedTuple):
    """Where a value was written: a file and its line (from 1), or a command-line option (line 0)."""

    name: str
    line: int = 0

    def __str__(self) -> str:
        return f"{self.name}:{self.line}" if self.line else self.name


class Problem(NamedTuple):
    """One mistake: where it was written, its place in the recipe, and what is wrong."""

    where: Where
    place: Place
    text: str

    @property
    def order(self) -> int:
        """Sort key for reading order: the file's lines from the top, then the command line."""
        return self.where.line or _AFTER_ALL_LINES

    def __str__(self) -> str:
        place = f"{_clip(dotted(self.place))}: " if self.place else ""
        line = f"{self.where}: {place}{self.text}"
        return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in line)


def refusal(name: str, line: int, text: str) -> RecipeError:
    """Return the error for a file that cannot be read any further; line 0 means no particular line."""
    return RecipeError(str(Problem(Where(name, line), (), text)))


def dotted(place: Place) -> str:
    """Return a place as ``--set`` names it, such as ``tasks.0.rows``."""
    return ".".join(str(step) for step in place)


def shown(value: object) -> str:
    """Return a value as messages show it: text in quotes, and long values cut short."""
    if isinstance(value, str):
        return f"'{_clip(value)}'"
    return _clip(json.dumps(value, ensure_ascii=False, default=str))


def typed(value: object) -> str:
    """Return a value and its type in words, such as ``'3' is text``, or ``empty``."""
    type_names = {str: "text", bool: "a boolean", int: "a whole number", float: "a decimal number", list: "a list"}
    type_names[dict] = "a mapping"
    if value is None:
        return "empty"
    return f"{shown(value)} is {type_names.get(type(value), type(value).__name__)}"


def unknown(name: str, known: Mapping[str, FieldInfo]) -> str:
    """Return the message for a parameter that its model does not have."""
    return f"unknown parameter{did_you_mean(name, list(known)) if known else ''}"


def missing(name: str | int, known: Mapping[str, FieldInfo]) -> str:
    """Return the message for a missing parameter that has no default."""
    meaning = known[name].description if isinstance(name, str) and name in known else None
    return f"required but missing{f' ({meaning})' if meaning else ''}"


def wording(error: ErrorDetails) -> str:
    """Return what is wrong with a value that pydantic refused."""
    kind, value, context = error["type"], error["input"], error.get("ctx", {})
    if kind in ("value_error", "assertion_error"):
        return str(context["error"])
    for suffix, expected in _EXPECTED.items():
        if kind == suffix or kind.startswith(f"{suffix}_"):
            return f"{typed(value)}, not {expected}{_unquote_hint(value, suffix)}"
    if kind in _LIMIT_MESSAGES:
        limits = {key: _without_fraction(limit) for key, limit in context.items()}
        return f"{shown(value)} {_LIMIT_MESSAGES[kind].format_map(limits)}"
    message = error["msg"]
    return message[:1].lower() + message[1:]


def _without_fraction(limit: object) -> object:
    return int(limit) if isinstance(limit, float) and limit.is_integer() else limit


def _unquote_hint(value: object, suffix: str) -> str:
    if suffix not in ("int", "float") or not isinstance(value, str):
        return ""
    return "; write a plain number without quotes" if value.lstrip(" +-")[:1].isdigit() else ""


def _clip(text: str) -> str:
    return text if len(text) <= _MAX_LENGTH else f"{text[: _MAX_LENGTH - 3]}..."


# First words of pydantic's error types (int_type, int_parsing, int_from_float ...), and what was expected.
_EXPECTED: Final = {
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "string_type": "text",
    "path": "a path",
    "list_type": "a list",
    "tuple_type": "a list",
    "set_type": "a list",
    "frozen_set_type": "a list",
    "dict_type": "a mapping",
    "mapping_type": "a mapping",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
}

_LIMIT_MESSAGES: Final = {
    "greater_than_equal": "is below the minimum {ge}",
    "less_than_equal": "is above the maximum {le}",
    "greater_than": "is not above {gt}",
    "less_than": "is not below {lt}",
    "missing": "has too few values",
    "multiple_of": "is not a multiple of {multiple_of}",
    "finite_number": "is not finite",
    "literal_error": "is not allowed; use {expected}",
    "enum": "is not allowed; use {expected}",
    "too_short": "has {actual_length} values, at least {min_length} are needed",
    "too_long": "has too many values, at most {max_length} are allowed",
    "string_too_short": "has fewer than {min_length} characters",
    "string_too_long": "has more than {max_length} characters",
    "string_pattern_mismatch": "does not match {pattern}",
}
