"""What can be known of a puzzle without looking at what its media show: words, record fields, sizes, bytes, borders.

Borders count only if they are drawn: one tone along a whole side that ends in a step. A white sky is content.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from puzzlegen.audit.media import Opened, luma
from puzzlegen.audit.targets import Target

Vector = NDArray[np.float32]

_OPTION_PATTERN: Final = re.compile(r"^[A-Z][.:] .*$", re.MULTILINE)
_WORD_BINS: Final = 24
_NAME_BINS: Final = 16
_PAIR_BINS: Final = 48
_MAX_NUMBERS: Final = 6
_COUNTED_NUMBERS: Final = 2
_ID_BITS: Final = 8
_FLAT_TOLERANCE: Final = 3.0
_MIN_STEP: Final = 10.0
_MAX_BORDER_SHARE: Final = 0.15


def words(row: dict[str, Any], target: Target) -> Vector:
    """Features of the question's length, numbers and words, and of the record's fields.

    Without media, they include how often the text names the numbers that the question asks about.
    """
    info, text = row["extra_info"], row["problem"]
    question = _question_text(text)
    numbers = [float(x) for x in re.findall(r"\d{1,6}", question)[:_MAX_NUMBERS]]
    order = [float(text) for text in target.classes if text.isdigit()]
    # For a place or a time, the chance level follows from where the target is; a policy sees neither.
    chance = info["chance"] if not target.amounts else 0.0
    fields = [info["difficulty"], info["margin"], chance, float(info["variant"])]
    bits = [float(int(row["id"][:2], 16) >> k & 1) for k in range(_ID_BITS)]
    parts = [
        [len(text), len(question), text.count("\n"), len(order)],
        numbers + [0.0] * (_MAX_NUMBERS - len(numbers)),
        [] if row.get("images") or row.get("videos") else _named(question),
        fields,
        bits,
        _hashed_counts(re.findall(r"[a-z]+", question.lower()), _WORD_BINS),
        _hashed_counts(re.findall(r"[A-Za-z]+|\d+", info["source_uri"]), _NAME_BINS),
    ]
    return np.array([x for part in parts for x in part], dtype=np.float32)


def _question_text(text: str) -> str:
    """The question without its lettered options."""
    return "\n".join(line for line in text.splitlines() if not _OPTION_PATTERN.match(line))


def _named(text: str) -> list[float]:
    """How often a text names each of the first two numbers of its question: the nodes that are asked about.

    The last paragraph says how to answer; the one before it is the question.
    """
    paragraphs = text.split("\n\n")
    asked_numbers = re.findall(r"\d{1,6}", paragraphs[max(0, len(paragraphs) - 2)])[:_COUNTED_NUMBERS]
    return [float(len(re.findall(_whole_word_pattern(number), text))) for number in asked_numbers] + [0.0] * (
        _COUNTED_NUMBERS - len(asked_numbers)
    )


def spelling(row: dict[str, Any]) -> Vector:
    """How a question about media is written: counts of word pairs, with case, punctuation and runs of spaces."""
    question = _question_text(row["problem"])
    tokens = re.findall(r"\w+|[^\w\s]|\s{2,}|[ \t]+$", question, re.MULTILINE)
    return np.array(_hashed_counts([f"{a} {b}" for a, b in pairwise(tokens)], _PAIR_BINS), dtype=np.float32)


def _hashed_counts(tokens: Sequence[str], bins: int) -> list[float]:
    counts = [0.0] * bins
    for token in tokens:
        counts[hashlib.sha256(token.encode()).digest()[0] % bins] += 1
    return counts


def option_words(target: Target) -> Vector | None:
    """One row per lettered option: length, number, likeness to the others, place; None if options have no text."""
    texts = target.classes
    if target.letters != len(texts):
        return None
    tokens = [re.findall(r"\w+", text) for text in texts]
    overlaps = [[_word_overlap(a, b) for b in tokens if b is not a] for a in tokens]
    numbers = [float((re.findall(r"\d{1,6}", text) or ["0"])[0]) for text in texts]
    columns = [
        [float(len(text)) for text in texts],
        [float(len(option_tokens)) for option_tokens in tokens],
        numbers,
        [sum(row) / len(row) for row in overlaps],
        [max(row) for row in overlaps],
        [min(row) for row in overlaps],
    ]
    table = np.array(columns, dtype=np.float32).T
    position_columns = np.eye(len(texts), 8, dtype=np.float32)
    return np.hstack([relative(table), position_columns])


def mentions(text: str, target: Target) -> Vector | None:
    """One row per lettered option or name of a set: how often the text names it, and where first and last.

    None if there are no options with text, or fewer than two names.
    """
    names = target.classes if target.letters and target.letters == len(target.classes) else _set_names(target)
    if len(names) < 2:  # noqa: PLR2004 - nothing to choose from
        return None
    question = _OPTION_PATTERN.sub("", text)
    match_positions = [
        [match.start() / len(question) for match in re.finditer(_whole_word_pattern(name), question)] for name in names
    ]
    table = [
        [float(len(positions)), min(positions, default=1.0), max(positions, default=0.0)]
        for positions in match_positions
    ]
    return relative(np.array(table, dtype=np.float32))


def _set_names(target: Target) -> tuple[str, ...]:
    return tuple(json.loads(target.truth)["params"]["names"]) if target.kind == "set" else ()


def _whole_word_pattern(name: str) -> str:
    return rf"(?<!\w){re.escape(name)}(?!\w)"


def _word_overlap(a: list[str], b: list[str]) -> float:
    """The share of positions at which both have the same word."""
    return sum(x == y for x, y in zip(a, b, strict=False)) / max(len(a), len(b), 1)


def relative(table: Vector) -> Vector:
    """The features of candidates relative to the other candidates of their puzzle: value minus mean, and rank."""
    centred = table - table.mean(axis=0)
    below = (table[:, None, :] > table[None, :, :]).sum(axis=1)
    above = (table[:, None, :] < table[None, :, :]).sum(axis=1)
    return np.hstack([centred, (below - above) / np.float32(max(1, len(table) - 1))]).astype(np.float32)


def form(medium: Opened) -> Vector:
    """Sizes, bytes and drawn borders of one medium."""
    width, height = medium.size
    size = [width, height, width / height, width % 2, height % 2, width % 8, height % 8, len(medium.pictures)]
    # The number of bytes as such is content (a clear sky takes few); bytes beyond what the pixels need are not.
    coded = sum(medium.coded) or medium.weight
    weight = [np.log(coded / medium.plain / len(medium.pictures)), np.log1p(medium.weight - sum(medium.coded))]
    if not medium.coded:
        weight[1] = medium.weight - medium.plain
    return np.array([*size, *weight, *borders(medium.pictures[0])], dtype=np.float32)


def borders(picture: NDArray[np.uint8]) -> list[float]:
    """For each side, whether it has a drawn border, and its tone and depth; then number and tone of filled corners."""
    grey = luma(picture)
    border_values: list[float] = []
    for quarter in range(4):
        border_values += _find_border(np.rot90(grey, quarter))
    corners = [grey[:4, :4], grey[:4, -4:], grey[-4:, :4], grey[-4:, -4:]]
    filled = [float(c.mean()) for c in corners if c.std() < 1.0 and not _NEARLY_BLACK < c.mean() < _NEARLY_WHITE]
    return [*border_values, float(len(filled)), sum(filled) / max(1, len(filled))]


_NEARLY_BLACK: Final = 3.0
_NEARLY_WHITE: Final = 252.0


def _find_border(grey: NDArray[np.float32]) -> list[float]:
    """The drawn border of the top side: 1, its tone and its depth in pixels; zeros if there is none."""
    max_depth = max(2, int(len(grey) * _MAX_BORDER_SHARE))
    lines = grey[: max_depth + 2]
    tone = float(lines[0].mean())
    is_flat = (np.abs(lines - tone).mean(axis=1) < _FLAT_TOLERANCE) & (lines.std(axis=1) < _FLAT_TOLERANCE)
    depth = int(np.argmin(is_flat)) if not is_flat.all() else 0
    # The line where the border ends mixes both tones, so the step is looked for over two lines.
    step = float(np.abs(lines[min(depth + 1, len(lines) - 1)] - tone).mean()) if depth else 0.0
    return [1.0, tone, float(depth)] if step > _MIN_STEP else [0.0, 0.0, 0.0]
