"""What pieces of a shot may be mistaken for, on shots whose frames are numbers, with differences as distances."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from puzzlegen.media.succession import _distances_of_runs, _least_misplacement, _least_mistake, evenly, retraced

RISING = range(40)
LIFTED_TWICE = [*range(20), *range(20, 0, -1), *range(20)]


def distances(numbers: Sequence[int]) -> NDArray[np.float64]:
    values = np.array(numbers, dtype=np.float64)
    return np.abs(values[:, None] - values)


def mistaken(numbers: Sequence[int], *starts: int, length: int = 4) -> float:
    return float(_least_mistake(_distances_of_runs(distances(numbers), length), np.array([starts]))[0])


def test_neighbours_may_both_be_taken_for_what_lies_midway() -> None:
    assert mistaken(RISING, 0, 10, 20, 30) == 5
    assert mistaken(RISING, 0, 6, 20, 30, length=1) == 3


def test_what_comes_twice_may_be_taken_for_the_other_time() -> None:
    # The shot passes the height of the last piece before the second piece as well, so mistaking it costs nothing.
    assert mistaken(LIFTED_TWICE, 2, 12, 47, length=1) == 0
    assert mistaken(LIFTED_TWICE, 0, 8, 16, length=1) == 4


def test_what_is_not_shown_is_not_taken_for_anything() -> None:
    assert mistaken(LIFTED_TWICE, 2, 10, 18, length=1) == mistaken(RISING, 2, 10, 18, length=1) == 4


def test_shown_frames_are_evenly_apart() -> None:
    found = evenly(np.array([[0], [3]]), np.array([[35], [20]]), 8)
    assert found.tolist() == [[0, 5, 10, 15, 20, 25, 30, 35], [3, 5, 7, 10, 12, 15, 17, 20]]


def misplaced(numbers: Sequence[int], *starts: int) -> float:
    return float(_least_misplacement(distances(numbers), np.array([starts]), 8)[0])


def test_a_frame_that_is_more_like_others_than_its_own_is_misplaced() -> None:
    assert misplaced(RISING, 0, 10, 20, 35) == 10
    assert misplaced([30 if k == 9 else k for k in RISING], 0, 9, 20, 35) == 0
    # A frame that resembles no shown frame can be nearer to others than to those at its own place.
    assert misplaced([40 if k == 17 else k for k in RISING], 0, 17, 20, 35) == 0
    assert misplaced([16 if k == 17 else k for k in RISING], 0, 17, 25, 35) > 0


def test_runs_are_told_apart_frame_by_frame() -> None:
    # The ways up and down pass the same heights, but in a different order.
    assert mistaken([*range(10), *range(9, -1, -1)], 0, 10, length=10) > 3


@pytest.mark.parametrize(("numbers", "turned"), [(RISING, 2.0), (LIFTED_TWICE, 0.0), ([7] * 40, 0.0)])
def test_a_part_played_backward_is_looked_for_in_all_of_the_shot(numbers: Sequence[int], turned: float) -> None:
    assert retraced(distances(numbers), 4, 4) == turned
