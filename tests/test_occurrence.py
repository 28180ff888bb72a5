"""Where in a clip a piece occurs only once, and that these places do not reveal the answer."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from numpy.typing import NDArray

from puzzlegen.errors import Unusable
from puzzlegen.media.occurrence import occurrences
from puzzlegen.rng import rng_for
from puzzlegen.tasks.grounding import _draw_clip_and_piece

Pixels = NDArray[np.uint8]
PIECE, COUNT, RUN = 6, 24, 36
PLACES = COUNT - PIECE + 1


def moving(light: list[int]) -> Pixels:
    """Return frames with a bar of the given brightness on a background of many tones."""
    ground = np.random.default_rng(1).integers(0, 200, (64, 64, 3)).astype(np.uint8)
    frames = np.repeat(ground[None], len(light), axis=0)
    frames[:, :, 16:48] = np.array(light, np.uint8)[:, None, None, None]
    return frames


def test_a_piece_at_an_end_is_to_lie_further_from_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """At an end of the clip, a distance that suffices for a piece with other places on both sides is too small."""
    monkeypatch.setattr("puzzlegen.media.occurrence.static", lambda _: False)
    places = np.arange(COUNT)
    apart = np.minimum(np.abs(places[:, None] - places), 1.75).astype(float)
    monkeypatch.setattr("puzzlegen.media.occurrence.frame_distances", lambda _: apart)
    margins = occurrences(moving([0] * COUNT), PIECE, COUNT)
    assert margins.shape == (PLACES, 1)
    assert set(np.flatnonzero(margins[:, 0] >= 0)) == set(range(4, 15))
    assert margins[9, 0] == pytest.approx(1.75 - 1.65)


def test_each_clip_of_a_run_is_as_if_it_were_alone() -> None:
    run = moving([5 * k for k in range(24)] + [120 - 5 * k for k in range(12)])
    margins = occurrences(run, PIECE, COUNT)
    assert margins.shape == (PLACES, RUN - COUNT + 1)
    for begin in range(RUN - COUNT + 1):
        alone = occurrences(run[begin : begin + COUNT], PIECE, COUNT)
        assert np.array_equal(margins[:, begin], alone[:, 0])


def test_a_clip_in_which_nothing_moves_is_not_asked_about() -> None:
    margins = occurrences(moving([0] * 30 + [40 * k for k in range(6)]), PIECE, COUNT)
    assert np.isneginf(margins[:, :8]).all()
    assert np.isfinite(margins[:, 8:]).all()


def test_a_place_that_shares_half_of_the_piece_with_all_others_is_not_asked_about() -> None:
    margins = occurrences(moving([8 * k for k in range(16)]), 8, 16)
    assert np.isneginf(margins[:, 0]).tolist() == [place == 4 for place in range(9)]
    assert np.isfinite(margins[margins >= 0]).all()


def test_what_returns_is_asked_about_nowhere() -> None:
    there_and_back = [8 * k for k in range(4)] + [32 - 8 * k for k in range(4)]
    with pytest.raises(Unusable, match="repeated"):
        _draw_clip_and_piece(occurrences(moving(there_and_back * 4), PIECE, COUNT), rng_for("back"))


def test_thirds_are_equally_likely_however_few_of_their_places_will_do() -> None:
    margins = np.full((PLACES, 3), -1.0)
    for place, clip in [(0, 0), (1, 2), (8, 1), *((k, 2) for k in range(12, PLACES))]:
        margins[place, clip] = 0.5
    drawn = [_draw_clip_and_piece(margins, rng_for("thirds", k)) for k in range(1200)]
    assert all(margins[place, clip] == margin == 0.5 for clip, place, margin in drawn)
    thirds = Counter(int(np.searchsorted([6, 12], place, "right")) for _, place, _ in drawn)
    assert set(thirds) == {0, 1, 2}
    assert max(abs(n - 400) for n in thirds.values()) < 60  # 3.7 standard deviations
    assert {place for _, place, _ in drawn} == {0, 1, 8, *range(12, PLACES)}


def test_a_clip_that_can_be_asked_about_at_its_end_only_tells_the_answer() -> None:
    with pytest.raises(Unusable, match="1 of the clip's thirds"):
        _draw_clip_and_piece(
            occurrences(moving([100, 102] * 15 + [20 * k for k in range(6)]), PIECE, COUNT), rng_for("end")
        )
