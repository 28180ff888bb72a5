"""Wrong orders of tiles whose sides go together as well as the right one's, all as far from each other as from it."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from puzzlegen.media.joins import Joints
from puzzlegen.rng import Rng

#: ``(m, n)``: tile ``orders[k, p]`` lies in place p. The right order is 0, 1, 2 ...
Orders = NDArray[np.int64]

_CHAINS: Final = 192
_STEPS: Final = 160
_TRIES: Final = 3000
_WRONG_SIDE: Final = 10


def order_scores(orders: Orders, cols: int, joints: Joints) -> Orders:
    """How well each order of ``(m, n)`` goes together: the sum over its joints."""
    grid = orders.reshape(len(orders), -1, cols)
    beside = joints.beside[grid[:, :, :-1], grid[:, :, 1:]].sum(axis=(1, 2))
    return np.asarray(beside + joints.below[grid[:, :-1], grid[:, 1:]].sum(axis=(1, 2)))


def rivals(joints: Joints, cols: int, count: int, distance: int, better: int, rng: Rng) -> list[list[int]]:
    """Wrong orders, any two of which, and each and the right one, differ in ``distance`` places.

    Of many orders that were drawn and then changed, exchange by exchange, until they go together about as well as the
    right one, those nearest to it that are far enough apart.

    Args:
        joints: of the tiles.
        cols: of the grid.
        count: how many.
        distance: see above.
        better: so many of them are to go together better than the right one, the others not.
        rng: draws.

    Returns:
        The orders; none if none were found.
    """
    n = len(joints.beside)
    orders = _out_of_place(n, distance, rng)
    excess = _changed(orders, cols, joints, rng)
    return _apart(orders, excess, count, distance, better)


def _out_of_place(n: int, distance: int, rng: Rng) -> Orders:
    """Orders with ``distance`` drawn places in a drawn circle, where each has the next one's tile."""
    keys = np.frombuffer(rng.raw(4 * _CHAINS * n), dtype="<u4").reshape(_CHAINS, n)
    circles = np.argsort(keys, axis=1, kind="stable")[:, :distance]
    orders = np.tile(np.arange(n), (_CHAINS, 1))
    np.put_along_axis(orders, circles, np.roll(circles, 1, axis=1), axis=1)
    return orders


def _changed(orders: Orders, cols: int, joints: Joints, rng: Rng) -> Orders:
    """Exchange tiles, in place, towards the right order's score; returns by how much each is above it.

    Half of the orders are to end a little above it, half a little below.
    """
    m, n = orders.shape
    rows, places = np.arange(m), np.arange(n)
    right = order_scores(places[None], cols, joints)
    excess, side = order_scores(orders, cols, joints) - right, np.where(rows % 2, 1, -1)
    drawn = np.frombuffer(rng.raw(2 * _STEPS * m), dtype=np.uint8).reshape(_STEPS, 2, m) % n
    for a, b in drawn:
        moved = orders.copy()
        moved[rows, a], moved[rows, b] = orders[rows, b], orders[rows, a]
        found = order_scores(moved, cols, joints) - right
        taken = _cost(found, side) < _cost(excess, side)
        taken &= (moved != places).sum(axis=1) == (orders != places).sum(axis=1)
        orders[taken], excess[taken] = moved[taken], found[taken]
    return np.asarray(excess)


def _cost(excess: Orders, side: Orders) -> Orders:
    return np.asarray(np.abs(excess) * np.where(excess * side > 0, 1, _WRONG_SIDE))


def _apart(orders: Orders, excess: Orders, count: int, distance: int, better: int) -> list[list[int]]:
    """The first ``count`` by nearness to the right score that fit, found by a search of bounded length."""
    nearest = np.argsort(np.abs(excess), kind="stable")
    orders, above = orders[nearest], (excess > 0)[nearest]
    fits = (orders[:, None] != orders[None]).sum(axis=2) == distance
    tries = 0

    def grown(chosen: list[int], open_to: NDArray[np.bool_]) -> list[int]:
        nonlocal tries
        if len(chosen) == count:
            return chosen
        up = int(above[chosen].sum())
        full = np.where(above, up == better, len(chosen) - up == count - better)
        for k in np.flatnonzero(open_to & ~full):
            tries += 1
            if tries > _TRIES:
                return []
            if found := grown([*chosen, int(k)], open_to & fits[k] & (np.arange(len(orders)) > k)):
                return found
        return []

    return [orders[k].tolist() for k in grown([], np.ones(len(orders), dtype=bool))]
