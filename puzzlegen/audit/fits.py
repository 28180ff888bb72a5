"""How well each answer fits by edges and colours alone: feature tables over the options of puzzles without an order.

They serve questions such as: where was this tile, how did two tiles lie, which tile is out of place, which piece fills
the hole, which crop is of the same picture? Each option has a row of features, and a learner that was trained on other
sources picks an option.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from puzzlegen.audit.hole import hole_table
from puzzlegen.audit.joints import Floats, Joints, in_context, ranked_orders
from puzzlegen.audit.media import Opened, chroma, luma
from puzzlegen.audit.surface import relative
from puzzlegen.audit.targets import Target
from puzzlegen.writers import Row

_CELL_PATTERN: Final = re.compile(r"row (\d+), column (\d+)")
_ASKED_PATTERN: Final = re.compile(r"tile shown in row (\d+), column (\d+)")
_PAIR_PATTERN: Final = re.compile(r"Where is tile (\d+) relative to tile (\d+)")
_OPTION_PATTERN: Final = re.compile(r"^([A-Z])[.:] ?<image>$", re.MULTILINE)
#: Plain scores by which tiles are put together: a column of the joint features, and its sign: 1 if more is better.
_SCORE_COLUMNS: Final = ((0, -1), (2, -1), (4, -1), (6, 1), (7, 1), (9, 1))
_QUANTILES: Final = (0.05, 0.25, 0.5, 0.75, 0.95)
_COLOUR_BITS: Final = 2


def fit_tables(row: Row, target: Target, opened: Sequence[Opened], joints: Joints | None) -> dict[str, Floats]:
    """The tables that fit the puzzle, one row per option, by what they see: ``joints``, ``hole`` or ``colours``."""
    if not opened or any(medium.coded for medium in opened):
        return {}
    tables = {"joints": _joint_table(row, target, joints) if joints else None}
    pictures = [medium.pictures[0] for medium in opened]
    if len(_OPTION_PATTERN.findall(row["problem"])) == target.letters == len(pictures) - 1 > 1:
        tables["hole"] = hole_table(pictures[0], pictures[1:])
        tables["colours"] = np.stack([colours_apart(pictures[0], option) for option in pictures[1:]])
    elif len(pictures) == target.letters == len(target.classes) == 2:  # noqa: PLR2004 - two pictures, two answers
        distances = colours_apart(*pictures)
        first = min(target.classes)
        return {"colours": np.stack([distances if text == first else -distances for text in target.classes])}
    return {key: relative(table) for key, table in tables.items() if table is not None}


def _joint_table(row: Row, target: Target, joints: Joints) -> Floats | None:
    names = target.classes
    if match := _PAIR_PATTERN.search(row["problem"]):
        first, second = (int(number) - 1 for number in match.groups())
        return _relation_table(joints, first, second, names)
    if match := _ASKED_PATTERN.search(row["problem"]):
        asked = _cell(match.groups(), joints.cols)
        places = [_CELL_PATTERN.fullmatch(name) for name in names]
        return _placement_table(joints, asked, [_cell(place.groups(), joints.cols) for place in places if place])
    params: dict[str, Any] = json.loads(row["extra_info"]["params"])
    return _misfit_table(joints) if "change" in params and joints.below is not None else None


def _cell(numbers: Sequence[str], cols: int) -> int:
    row, col = (int(number) for number in numbers)
    return (row - 1) * cols + col - 1


def _relation_table(joints: Joints, first: int, second: int, names: Sequence[str]) -> Floats | None:
    """The features of the joint that two tiles would have in each named direction; zeros for diagonal directions."""
    if joints.below is None:
        return None
    beside, below = in_context(joints.beside), in_context(joints.below)
    by_direction = {
        "directly above": below[first, second],
        "directly below": below[second, first],
        "directly to the left": beside[first, second],
        "directly to the right": beside[second, first],
    }
    return np.stack([by_direction.get(name, np.zeros(beside.shape[-1], np.float32)) for name in names])


def _placement_table(joints: Joints, asked: int, places: Sequence[int]) -> Floats:
    """For each place (row) and plain score (column), how much fixing the asked tile there worsens the best order."""
    columns = []
    for column, sign in _SCORE_COLUMNS:
        beside = _standardised(sign * joints.beside[..., column])
        below = None if joints.below is None else _standardised(sign * joints.below[..., column])
        orders, scores = ranked_orders(beside, below, joints.rows, joints.cols)
        best = [scores[orders[:, place] == asked].max(initial=scores.min()) for place in places]
        columns.append(np.array(best) - scores.max())
    return np.stack(columns, axis=1).astype(np.float32)


def _standardised(scores: Floats) -> Floats:
    others = scores[~np.eye(len(scores), dtype=bool)]
    return np.asarray((scores - others.mean()) / (others.std() + 1e-6), dtype=np.float32)


def _misfit_table(joints: Joints) -> Floats:
    """The mean features of the joints of each tile with its neighbours, as the tiles lie now."""
    n, cols = joints.rows * joints.cols, joints.cols
    pairs = [(joints.beside, k, k + 1) for k in range(n) if (k + 1) % cols]
    pairs += [(joints.below, k, k + cols) for k in range(n - cols) if joints.below is not None]
    joint_rows: list[list[Floats]] = [[] for _ in range(n)]
    for table, i, j in pairs:
        for tile in (i, j):
            joint_rows[tile].append(table[i, j])
    return np.stack([np.mean(rows, axis=0) for rows in joint_rows]).astype(np.float32)


def colours_apart(a: NDArray[np.uint8], b: NDArray[np.uint8]) -> Floats:
    """The differences between the colours of two RGB pictures of any size, regardless of where the colours lie."""
    first, second = (_colour_statistics(picture) for picture in (a, b))
    shares = np.abs(_colour_shares(a) - _colour_shares(b)).sum() / 2
    return np.append(np.abs(first - second), shares).astype(np.float32)


def _colour_statistics(picture: NDArray[np.uint8]) -> Floats:
    """Quantiles of lightness and saturation, then mean and standard deviation of both chroma channels."""
    grey, colour = luma(picture).ravel(), chroma(picture).reshape(-1, 2)
    saturation = np.ptp(picture, axis=2).ravel()
    quantiles = [np.quantile(values, _QUANTILES) for values in (grey, saturation)]
    return np.concatenate([*quantiles, colour.mean(axis=0), colour.std(axis=0)]).astype(np.float32)


def _colour_shares(picture: NDArray[np.uint8]) -> NDArray[np.floating[Any]]:
    """The share of pixels of each of 64 colours."""
    levels = 1 << _COLOUR_BITS
    index = (picture.reshape(-1, 3) >> (8 - _COLOUR_BITS)).astype(np.int64) @ np.array([levels * levels, levels, 1])
    shares: NDArray[np.floating[Any]] = np.bincount(index, minlength=levels**3) / len(index)
    return shares
