"""Learned probes: how well do features predict the answer on sources that the learner has not seen?

Folds consist of whole sources. The choice of the learner, linear or boosted trees, is made within each fold's training
part, on sources held out from it, so that the choice never sees the data on which it is tested.
"""

from __future__ import annotations

import importlib
import warnings
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from puzzlegen.errors import PuzzlegenError
from puzzlegen.rng import digest, rng_for

Matrix = NDArray[np.float32]
Labels = NDArray[np.int64]

FOLDS: Final = 5
_MOST_ROWS: Final = 20_000
_REGULARISATIONS: Final = (0.003, 0.1)


def sklearn(name: str) -> Any:  # noqa: ANN401 - scikit-learn has no types
    """Import a module of scikit-learn, which only audits need."""
    try:
        return importlib.import_module(f"sklearn.{name}")
    except ImportError as err:
        raise PuzzlegenError('audit needs scikit-learn: pip install "puzzlegen[audit]"') from err


def folds(sources: Sequence[str], seed: int) -> NDArray[np.int64]:
    """The fold of each puzzle, from 0: puzzles of one source share a fold, and folds have equally many sources."""
    names = sorted(set(sources), key=lambda name: digest("fold", seed, name))
    fold = {name: k % FOLDS for k, name in enumerate(names)}
    return np.array([fold[name] for name in sources], dtype=np.int64)


def probabilities(x: Matrix, y: Labels, fold: NDArray[np.int64], classes: int, seed: int) -> Matrix:
    """The class probabilities of each row, from a learner that has seen no row of the row's own fold.

    Args:
        x: features, ``(n, features)``; NaN and infinities count as 0.
        y: classes, ``(n,)``, from 0.
        fold: folds, ``(n,)``, from 0.
        classes: number of classes.
        seed: seed of subsampling and of the learners.

    Returns:
        ``(n, classes)``; all equal in a fold whose training part has only one class.
    """
    x = np.nan_to_num(x, posinf=0, neginf=0).astype(np.float32)
    # One thread: the fits are small, so more threads cost more than they give, and sums would depend on their number.
    with importlib.import_module("threadpoolctl").threadpool_limits(1):
        return _cross_validate(x, y, fold, classes, seed)


def _cross_validate(x: Matrix, y: Labels, fold: NDArray[np.int64], classes: int, seed: int) -> Matrix:
    predicted = np.full((len(x), classes), 1 / classes, dtype=np.float32)
    for k in np.unique(fold):
        train, test = np.flatnonzero(fold != k), np.flatnonzero(fold == k)
        if len(np.unique(y[train])) > 1:
            inner = fold[train] == (k + 1) % FOLDS
            model = _best_model(x, y, train[~inner], train[inner], seed)
            predicted[test] = _predict(_fit(model, x, y, train, seed), x[test], classes)
    return predicted


def _best_model(x: Matrix, y: Labels, train: Labels, held_out: Labels, seed: int) -> str:
    """The name of the learner that is right most often on the held-out rows; the first among equals."""
    if not len(held_out) or len(np.unique(y[train])) < 2:  # noqa: PLR2004 - nothing to learn from
        return _MODELS[0]
    hits = {name: _count_hits(_fit(name, x, y, train, seed), x[held_out], y[held_out]) for name in _MODELS}
    return max(hits, key=lambda name: hits[name])


def _count_hits(model: Any, x: Matrix, y: Labels) -> int:  # noqa: ANN401
    return int((model.predict(x) == y).sum())


def _fit(name: str, x: Matrix, y: Labels, rows: Labels, seed: int) -> Any:  # noqa: ANN401
    """The learner, trained on these rows, or on a random part of them if there are more than 20 000."""
    if len(rows) > _MOST_ROWS:
        keys = np.frombuffer(rng_for("rows", seed).raw(4 * len(rows)), dtype=np.uint32)
        rows = rows[np.argsort(keys, kind="stable")[:_MOST_ROWS]]
    model = _make_model(name, seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return model.fit(x[rows], y[rows])


def _make_model(name: str, seed: int) -> Any:  # noqa: ANN401
    if name == "trees":
        return sklearn("ensemble").HistGradientBoostingClassifier(
            max_iter=30,
            learning_rate=0.15,
            max_leaf_nodes=7,
            min_samples_leaf=15,
            early_stopping=False,
            random_state=seed,
        )
    linear = sklearn("linear_model").LogisticRegression(C=float(name), max_iter=300)
    pipeline = sklearn("pipeline")
    preprocessing = sklearn("preprocessing")
    clip = preprocessing.FunctionTransformer(_clipped)
    return pipeline.make_pipeline(preprocessing.StandardScaler(), clip, linear)


def _clipped(x: Matrix) -> Matrix:
    return np.clip(x, -4, 4)


def _predict(model: Any, x: Matrix, classes: int) -> Matrix:  # noqa: ANN401
    predicted = np.full((len(x), classes), 1e-6, dtype=np.float32)
    predicted[:, model.classes_] = model.predict_proba(x)
    return predicted


_MODELS: Final = (*map(str, _REGULARISATIONS), "trees")


def log_odds(p: NDArray[np.floating[Any]]) -> Matrix:
    """The log-odds of probabilities, which can be summed; probabilities are clipped to 1e-5 from 0 and 1."""
    clipped = np.clip(np.asarray(p, dtype=np.float64), 1e-5, 1 - 1e-5)
    return np.asarray(np.log(clipped / (1 - clipped)), dtype=np.float32)
