"""Parse YAML strictly into plain data, and remember the line of every value.

Scalars follow YAML 1.2, so ``no`` and ``2024-01-01`` are text and ``1e3`` is a number; ``010`` is text, as
readers disagree about which number it is. Anchors, aliases, tags, duplicate keys and second documents are refused.
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import yaml

from puzzlegen.recipe.problems import Place, Problem, Where, refusal, shown, typed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from puzzlegen.errors import RecipeError

_Event: TypeAlias = Any  # the stubs of PyYAML do not know all attributes of events

MAX_DEPTH: Final = 16

_INT: Final = re.compile(r"[-+]?(0|[1-9][0-9]{0,30})")
_FLOAT: Final = re.compile(r"[-+]?(\.[0-9]+|(0|[1-9][0-9]*)(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_CONSTANTS: Final[dict[str, bool | None]] = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
    "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False,
}  # fmt: skip


class Document:
    """Plain data, and where each part of the data was written.

    Attributes:
        data: mappings, lists, text, numbers, booleans and None; None for an empty file.
        written: where each place was written; for a value in a mapping, where its key was.
        problems: mistakes found so far that did not stop the reading.
        refused: places whose value was not understood, so that no further mistakes are reported there.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.data: Any = None
        self.written: dict[Place, Where] = {}
        self.problems: list[Problem] = []
        self.refused: set[Place] = set()

    def where(self, place: Place) -> Where:
        """Return where a place was written or, if it was not, the part that should hold it."""
        while place and place not in self.written:
            place = place[:-1]
        return self.written.get(place, Where(self.name))

    def understood(self, place: Place) -> bool:
        """Whether neither a place nor anything above it was refused."""
        return not any(place[:depth] in self.refused for depth in range(len(place) + 1))

    def given(self, place: Place) -> Place:
        """Return the longest beginning of a place that exists in the data."""
        node = self.data
        for depth, step in enumerate(place):
            keys = node if isinstance(node, dict) else range(len(node)) if isinstance(node, list) else ()
            if step not in keys:
                return place[:depth]
            node = node[step]
        return place

    def put(self, steps: Sequence[str], value: object, where: Where) -> Place:
        """Set one value, creating the mappings on the way; steps that are numbers index lists.

        Returns:
            The value's place. If the steps lead nowhere, this is recorded as a problem, and the place that they reached
            is returned.
        """
        node: Any = self.data
        place: Place = ()
        for step in steps:
            if obstacle := _obstacle(node, step, len(place)):
                self.problems.append(Problem(where, place, obstacle))
                return place
            parent, key = node, int(step) if isinstance(node, list) else step
            place = (*place, key)
            if isinstance(parent, dict) and parent.get(key) is None:
                parent[key] = {}
                self.written[place] = where
            node = parent[key]
        parent[key] = value
        self.written = {p: w for p, w in self.written.items() if p[: len(place)] != place}
        self.written[place] = where
        return place


def _obstacle(node: object, step: str, depth: int) -> str:
    if depth == MAX_DEPTH:
        return f"nested deeper than {MAX_DEPTH} levels"
    if isinstance(node, dict):
        return ""
    if not isinstance(node, list):
        return f"{typed(node)}, it has no '{step}'"
    if step in map(str, range(len(node))):
        return ""
    return f"no entry '{step}'; " + (f"there are 0 to {len(node) - 1}" if node else "the list is empty")


def parse(text: str, name: str, *, numbered: bool = True) -> Document:
    """Read one YAML document.

    Args:
        text: the YAML.
        name: what messages call the document, such as the file's path.
        numbered: whether messages give line numbers.

    Raises:
        RecipeError: the text is not valid YAML, is nested too deeply, or has more than one document.
    """
    document = Document(name)
    try:
        _Reader(document, text, numbered=numbered).read()
    except (yaml.YAMLError, ValueError, OverflowError) as err:
        line, why = _locate_error(err, text)
        raise refusal(name, line if numbered else 0, f"not valid YAML: {why}") from err
    return document


def _locate_error(err: Exception, text: str) -> tuple[int, str]:
    if isinstance(err, yaml.MarkedYAMLError):
        why = err.problem or err.context or "unreadable"
        tab = "; indent with spaces, not tabs" if "'\\t'" in why else ""
        return (err.problem_mark.line + 1 if err.problem_mark else 0), why + tab
    if isinstance(err, yaml.reader.ReaderError):
        return text.count("\n", 0, err.position) + 1, f"character {text[err.position]!a} is not allowed"
    # PyYAML lets errors of int() and chr() through for absurd directives and escapes.
    return 0, str(err)


class _Reader:
    """Build data from PyYAML's events, so that no constructor runs, and nothing is built for what is refused."""

    def __init__(self, document: Document, text: str, *, numbered: bool) -> None:
        self._document = document
        self._numbered = numbered
        self._events: Iterator[_Event] = yaml.parse(text, Loader=yaml.SafeLoader)

    def read(self) -> None:
        documents = 0
        for event in self._events:
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    raise refusal(*self._where(event), "a second document begins here; a recipe is one")
                self._document.written[()] = self._where(root := next(self._events))
                self._document.data = self._value(root, ())

    def _too_deep(self, event: _Event) -> RecipeError:
        return refusal(*self._where(event), f"nested deeper than {MAX_DEPTH} levels")

    def _where(self, event: _Event) -> Where:
        return Where(self._document.name, event.start_mark.line + 1 if self._numbered else 0)

    def _note(self, event: _Event, place: Place, text: str) -> None:
        self._document.problems.append(Problem(self._where(event), place, text))

    def _value(self, event: _Event, place: Place) -> Any:  # noqa: ANN401 - YAML is any
        if len(place) > MAX_DEPTH:
            raise self._too_deep(event)
        if forbidden := _find_forbidden(event):
            self._note(event, place, forbidden)
            self._document.refused.add(place)
        if isinstance(event, yaml.MappingStartEvent):
            return self._mapping(place)
        if isinstance(event, yaml.SequenceStartEvent):
            return self._sequence(place)
        return _scalar(event) if isinstance(event, yaml.ScalarEvent) and not forbidden else None

    def _mapping(self, place: Place) -> dict[str, Any]:
        mapping: dict[str, Any] = {}
        while not isinstance(key := next(self._events), yaml.MappingEndEvent):
            if fault := self._key_fault(key, place, mapping):
                self._note(key, (*place, getattr(key, "value", "?")), fault)
                self._skip(key)
                self._skip(next(self._events))
                continue
            child_place = (*place, key.value)
            self._document.written[child_place] = self._where(key)
            mapping[key.value] = self._value(next(self._events), child_place)
        return mapping

    def _key_fault(self, key: _Event, place: Place, mapping: dict[str, Any]) -> str:
        if not isinstance(key, yaml.ScalarEvent):
            return "a key must be plain text"
        if key.value not in mapping:
            return _find_forbidden(key)
        first_line = self._document.written[(*place, key.value)].line
        return f"this key is there twice, first on line {first_line}; keep one"

    def _sequence(self, place: Place) -> list[Any]:
        sequence: list[Any] = []
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            child_place = (*place, len(sequence))
            self._document.written[child_place] = self._where(event)
            sequence.append(self._value(event, child_place))
        return sequence

    def _skip(self, event: _Event) -> None:
        depth = 0
        while True:
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if depth == 0:
                return
            if depth > MAX_DEPTH:
                raise self._too_deep(event)
            event = next(self._events)


def _find_forbidden(event: _Event) -> str:
    # Aliases let a few hundred bytes stand for billions of values; tags name Python types.
    if getattr(event, "anchor", None):
        return "anchors and aliases (& and *) are not allowed; write the value out"
    if getattr(event, "tag", None):
        return f"tag {shown(event.tag)} is not allowed; write a plain value"
    if isinstance(event, yaml.ScalarEvent) and any("\ud800" <= c <= "\udfff" for c in event.value):
        return "holds half a surrogate pair; write the character itself"
    return ""


def _scalar(event: yaml.ScalarEvent) -> str | int | float | bool | None:
    text: str = event.value
    if not event.implicit[0]:
        return text
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    if _INT.fullmatch(text):
        return int(text)
    if _FLOAT.fullmatch(text) and math.isfinite(number := float(text)):
        return number
    return text
