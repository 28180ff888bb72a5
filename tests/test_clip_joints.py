"""Joining clips whose ends look alike reveals their order before reframing, but not after it; the audit finds that."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

pytest.importorskip("sklearn", reason="audits need the extra: pip install puzzlegen[audit]")

from conftest import recipe_with

from puzzlegen.audit.joints import clip_joints
from puzzlegen.audit.ordering import joint_probes
from puzzlegen.audit.report import Probe
from puzzlegen.audit.sample import sample
from puzzlegen.audit.seen import look, media_of
from puzzlegen.errors import Unusable
from puzzlegen.media.motion import thumbnails
from puzzlegen.media.opened import OpenItem
from puzzlegen.media.reframe import orders, reframed
from puzzlegen.media.succession import in_order
from puzzlegen.media.video import Clip
from puzzlegen.plan import Pick
from puzzlegen.records import Item
from puzzlegen.rng import rng_for
from puzzlegen.shard import Made, make_puzzle

pytestmark = pytest.mark.slow

Pixels = NDArray[np.uint8]


@pytest.fixture(autouse=True)
def _walks_are_clear(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lower the thresholds set for filmed shots, because pieces of an even change look more alike."""
    monkeypatch.setattr("puzzlegen.media.succession._LEAST_UNLIKE", 1.0)
    monkeypatch.setattr("puzzlegen.media.succession._LEAST_MISTAKEN", 0.7)
    monkeypatch.setattr("puzzlegen.tasks.next_clip._LEAST_TURNED", 0.5)
    monkeypatch.setattr("puzzlegen.tasks.next_clip.LEAST_RETRACED", 1.0)


def walk(count: int, seed: int = 0) -> Pixels:
    """Return frames in which one scene of smooth noise turns into another, so that distant frames differ more."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 256, (2, 6, 10, 3), dtype=np.uint8)
    one, other = (np.asarray(Image.fromarray(x).resize((160, 96), Image.Resampling.BICUBIC)) * 1.0 for x in coarse)
    return np.stack([(one * (80 - k) + other * k) / 80 for k in range(count)]).astype(np.uint8)


def pieces_of(seed: int, count: int = 4) -> tuple[Pixels, ...]:
    return in_order([walk(60, seed)], count, (6, 6), 2, rng_for("pieces", seed)).frames


def rank_of_truth(parts: tuple[Pixels, ...]) -> float:
    """Return the fraction of the other orders whose parts join more closely, by the audit's plain joints."""
    costs = clip_joints([list(part) for part in parts]).beside[..., 0]
    sums = [sum(float(costs[a, b]) for a, b in pairwise(path)) for path in orders(len(parts), rng_for("orders"))]
    return float(np.mean([one < sums[0] for one in sums[1:]]))


def test_like_beside_like_is_the_order_until_pieces_are_reframed() -> None:
    plain, hidden = [], []
    for seed in range(16):
        parts, rng = pieces_of(seed), rng_for("reframe", seed)
        plain.append(rank_of_truth(parts))
        hidden.append(rank_of_truth(reframed(parts, orders(4, rng), rng, cut=0.3, jitter=0.25, shade=0.5)))
    assert plain == [0] * 16
    assert sum(rank == 0 for rank in hidden) <= 4
    # If the true order always ranked low, that would reveal it as well as if it always ranked high.
    assert 0.3 < np.mean(hidden) < 0.7
    assert sum(rank > 0.9 for rank in hidden) <= 5


def test_reframed_parts_keep_their_frames_their_shape_and_one_size() -> None:
    parts, rng = pieces_of(1), rng_for("shape")
    found = reframed(parts, orders(4, rng), rng, cut=0.3, jitter=0.25, shade=0.5)
    assert {part.shape for part in found} == {(6, 82, 136, 3)}
    assert reframed(parts, orders(4, rng), rng, cut=0, jitter=0, shade=0) == parts
    again = reframed(parts, orders(4, rng_for("shape")), rng_for("shape"), cut=0.3, jitter=0.25, shade=0.5)
    assert all(np.array_equal(a, b) for a, b in zip(found, again, strict=True))


def test_orders_begin_with_the_truth_and_with_what_is_given() -> None:
    few, many = orders(5, rng_for("few"), given=1), orders(8, rng_for("many"))
    assert few[0] == (0, 1, 2, 3, 4)
    assert len(set(few)) == len(few) == 24
    assert {order[0] for order in few} == {0}
    assert many[0] == tuple(range(8))
    assert len(many) == 60
    assert all(sorted(order) == list(range(8)) for order in many)


def test_another_light_and_a_camera_that_drifts_make_no_order() -> None:
    scene = walk(1)[0]
    lighter = np.stack([scene * (0.5 + k / 120) for k in range(60)]).astype(np.uint8)
    drifting = np.stack([np.roll(scene, k // 3, axis=1)[:, 20:140] for k in range(60)])
    for frames in (lighter, drifting):
        with pytest.raises(Unusable, match="interchangeable"):
            in_order([frames], 4, (6, 6), 2, rng_for("light"))


def rubbing(count: int) -> Pixels:
    """Return frames that swing to and fro with a slow drift, so that frames near in time look no more alike."""
    there = [round(30 + 30 * np.sin(2.4 * k) + 0.2 * k) for k in range(count)]
    return walk(80)[there]


@pytest.mark.parametrize("frames", [rubbing(60), walk(60)[[0, 1] * 30]])
def test_what_does_not_get_on_has_no_order(frames: Pixels) -> None:
    with pytest.raises(Unusable) as no:
        in_order([frames], 4, (6, 6), 2, rng_for("rubbing"))
    assert no.value.reason == "interchangeable"


# --- the audit's joints ---------------------------------------------------------------------------------------


class Panned(OpenItem):
    """An open item whose clip is one of :func:`walk`."""

    def __init__(self, seed: int) -> None:
        self.item = Item(f"pan-{seed}", "video")
        self.sha256 = ""
        self._pan = walk(60, seed)

    def clip(self, frames: int | None = None) -> Clip:  # noqa: ARG002
        return Clip(self._pan, tuple(k / 8 for k in range(60)), 8.0, ((0, 60),), thumbnails(self._pan))


def joined(task: str, **params: Any) -> dict[tuple[str, str], Probe]:
    """Run the joint probes on ten puzzles of ten clips."""
    recipe = recipe_with([{"task": task, **params}])
    made = [make_puzzle(recipe, Panned(seed), Pick(0, 0), "train", {}) for seed in range(10)]
    rows = [one.row for one in made if isinstance(one, Made)]
    assert len(rows) == 10
    return {(p.sees, p.names): p for p in joint_probes(sample([look(row, media_of(row)) for row in rows], 0))}


@pytest.mark.parametrize(
    ("task", "names", "chance", "least"),
    [
        ("clip_order", "order", 1 / 22, 0.9),
        ("frame_order", "order", 1 / 22, 0.9),
        ("group_swap", "option", 1 / 6, 0.9),
        # What comes before the given clip sometimes looks more like its end than what comes after it.
        ("next_clip", "option", 1 / 4, 0.6),
    ],
)
def test_the_audit_joins_clips_that_are_left_as_they_are(task: str, names: str, chance: float, least: float) -> None:
    # Single frames join as well in reverse order, unless the first one is given.
    probe = joined(task, reference=task != "frame_order", cut=0, jitter=0, shade=0)["plain joints", names]
    assert probe.estimate.value >= least
    assert probe.estimate.chance == pytest.approx(chance, abs=1e-3)
    assert probe.verdict == "leaky"
