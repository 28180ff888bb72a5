"""A user's own question about a medium, brought from the many forms of people's rows into one.

Rows differ: options come with or without letters, an answer as a letter, as a text or inside tags, questions with media
placeholders in them. All become one :class:`Question`, or a reason why the row cannot be used.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from string import ascii_uppercase
from typing import Any, Final, Literal, NamedTuple, TypeAlias

from puzzlegen.errors import Unusable
from puzzlegen.records import canonical_json

AnswerType: TypeAlias = Literal["choice", "numerical", "ocr", "free", "regression"]

_TYPES: Final[dict[str, AnswerType]] = {
    "multiple choice": "choice",
    "multiple-choice": "choice",
    "choice": "choice",
    "numerical": "numerical",
    "number": "numerical",
    "ocr": "ocr",
    "free-form": "free",
    "free": "free",
    "open-ended": "free",
    "regression": "regression",
}
_TAGS: Final = re.compile(r"</?\s*(?:image|video|think|answer|transform)\s*>", re.IGNORECASE)
_LETTERED: Final = re.compile(r"\s*\(?([A-Za-z])\s*[.):]\s*(.+?)\s*", re.DOTALL)
_INLINE: Final = re.compile(r"^[ \t]*\(?([A-Z])[.):][ \t]+(\S.*?)[ \t]*$", re.MULTILINE)
_NUMBER: Final = re.compile(r"[+-]?(?:\d{1,3}(?:,\d{3})+|\d{1,15})?(?:\.\d{1,15})?%?")
_LEAST_OPTIONS: Final = 2


class Question(NamedTuple):
    """A question with its right answer.

    Attributes:
        text: the question without options and placeholders.
        options: letter to text, for the type ``choice``.
        answer: the option's letter, or the answer itself.
        type: how an answer is compared with the right one.
        thought: the user's own chain of thought, possibly empty.
    """

    text: str
    options: dict[str, str]
    answer: str
    type: AnswerType
    thought: str = ""

    def to_json(self) -> str:
        """Return canonical JSON: equal questions give equal strings."""
        return canonical_json(self._asdict())

    @classmethod
    def from_json(cls, text: str) -> Question:
        """Return the question in the JSON of :meth:`to_json`."""
        return cls(**json.loads(text))


def question_of(
    text: object, answer: object, *, options: object = None, kind: object = None, thought: object = None
) -> Question:
    """Return the question that a row's values hold, whatever their form.

    Args:
        text: the question; it may contain the options, one per line, each after its letter.
        answer: the right answer: a letter, an option's text, or the answer itself; tags in it are ignored.
        options: a list of texts with or without letters, a mapping from letters to texts, or JSON of either.
        kind: the type of answer, in the words of the row; without it, the options and the answer decide.
        thought: the user's own chain of thought.

    Raises:
        Unusable: ``bad_row``, with what is missing or contradictory.
    """
    question, right = _clean_text(text), _clean_text(answer)
    if not question or not right:
        raise Unusable("bad_row", f"the row has no {'answer' if question else 'question'}")
    table = _read_options(options)
    if not table and kind in (None, "", *(word for word, known in _TYPES.items() if known == "choice")):
        question, table = _split_options(question)
    answer_type = _answer_type(kind, table, right)
    if answer_type != "choice":
        return Question(question, {}, right, answer_type, _clean_text(thought))
    return Question(question, table, _answer_letter(table, right), answer_type, _clean_text(thought))


def _clean_text(value: object) -> str:
    text = "" if value is None else str(value).encode("utf-8", "replace").decode()
    return _TAGS.sub(" ", text).strip()


def _answer_type(kind: object, table: Mapping[str, str], right: str) -> AnswerType:
    if kind in (None, ""):
        return "choice" if table else "numerical" if _NUMBER.fullmatch(right) else "free"
    known = _TYPES.get(" ".join(str(kind).casefold().split()))
    if known is None:
        raise Unusable("bad_row", f"unknown type of answer '{kind}'; known: {', '.join(_TYPES)}"[:200])
    return known


def _read_options(options: object) -> dict[str, str]:
    """Return the options as letters to texts; empty if there are none."""
    raw: Any = options
    if isinstance(raw, str) and raw.strip()[:1] in ("[", "{"):
        try:
            raw = json.loads(raw)
        except (ValueError, RecursionError) as err:
            raise Unusable("bad_row", f"the options are not JSON: {err}") from err
    if not raw:
        return {}
    if isinstance(raw, Mapping):
        raw = [f"{letter}. {text}" for letter, text in raw.items() if text is not None]
    if not isinstance(raw, Sequence) or isinstance(raw, str):
        raise Unusable("bad_row", "the options are neither a list nor letters with texts")
    return _letter_options([_clean_text(option) for option in raw])


def _letter_options(texts: list[str]) -> dict[str, str]:
    matches = [_LETTERED.fullmatch(text) for text in texts]
    own_letters = [match[1].upper() for match in matches if match]
    if len(own_letters) == len(texts) and len(set(own_letters)) == len(own_letters):
        return {match[1].upper(): match[2] for match in matches if match}
    if len(texts) > len(ascii_uppercase):
        raise Unusable("bad_row", f"{len(texts)} options, at most {len(ascii_uppercase)} have letters")
    return dict(zip(ascii_uppercase, texts, strict=False))


def _split_options(question: str) -> tuple[str, dict[str, str]]:
    """Separate a question from the options in its text, which must be two or more, lettered from A on."""
    option_lines = list(_INLINE.finditer(question))
    letters = "".join(match[1] for match in option_lines)
    if len(option_lines) < _LEAST_OPTIONS or not ascii_uppercase.startswith(letters):
        return question, {}
    rest = "\n".join(line for line in _INLINE.sub("", question).splitlines() if line.strip())
    return rest.strip(), {match[1]: match[2] for match in option_lines}


def _answer_letter(table: Mapping[str, str], right: str) -> str:
    if len(table) < _LEAST_OPTIONS:
        raise Unusable("bad_row", "a choice needs two or more options")
    match = _LETTERED.fullmatch(right)
    bare = right.strip("().: ").upper()
    matching = [letter for letter, text in table.items() if text.casefold().strip(". ") == right.casefold().strip(". ")]
    if bare in table:
        return bare
    if match and match[1].upper() in table:
        return match[1].upper()
    if len(matching) != 1:
        raise Unusable("bad_row", f"the answer '{right[:80]}' is not one of the options")
    return matching[0]
