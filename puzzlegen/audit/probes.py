"""The probes of one task: which features predict what, and how often they are right."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from math import factorial
from typing import Final

import numpy as np
from numpy.typing import NDArray

from puzzlegen.audit.classes import Classes, classes_of, letters_of
from puzzlegen.audit.constants import NEAR, constant_probe
from puzzlegen.audit.estimates import LEAST_SOURCES, SURE, repeats_p
from puzzlegen.audit.learning import Matrix, probabilities
from puzzlegen.audit.mentions import MENTIONS, mention_probe
from puzzlegen.audit.ordering import joint_probes, place_probes
from puzzlegen.audit.report import Family, Probe
from puzzlegen.audit.sample import Folding, sample
from puzzlegen.audit.seen import Seen
from puzzlegen.audit.sharpness import SHARPNESS

_PATCHES: Final = "patches at fixed places"
#: By the table over the options: the table of copies without traces.
_CONTROLS: Final = {"traces": "washed", "sharpness": "sharpness of content"}


class TaskProbes:
    """Runs the probes that fit one task.

    Args:
        seen: puzzles of one task with the same parameters.
        seed: seed of folds and learners.
    """

    def __init__(self, seen: Sequence[Seen], seed: int) -> None:
        self._sample = sample(seen, seed)
        self._seen = self._sample.seen

    def run(self) -> Iterator[Probe]:
        """Yield each probe that fits the kind of answer; none with too few sources.

        Artefact and mark probes that would not be clean have a control; traces only if the puzzles have been washed.
        """
        targets = [puzzle.target for puzzle in self._seen]
        classes, letters = classes_of(targets), letters_of(targets)
        if len(set(self._sample.sources)) < LEAST_SOURCES:
            return
        yield from self._constant_probes(classes, letters)
        if classes.labels:
            for family, sees, x in self._features():
                yield self._class_probe(family, sees, x, classes)
        elif all(target.order for target in targets):
            yield from self._end_probes([target.order for target in targets])
        if letters.labels:
            yield from self._letter_probes(letters)
        if self._seen[0].target.kind == "set" and (tables := self._option_tables("mentions")):
            yield mention_probe(self._sample, tables)
        yield from self._fit_probes()
        if self._seen[0].parts:
            yield from place_probes(self._sample)
        if all(puzzle.joints for puzzle in self._seen):
            yield from joint_probes(self._sample)

    def _constant_probes(self, classes: Classes, letters: Classes) -> Iterator[Probe]:
        targets = [puzzle.target for puzzle in self._seen]
        if classes.labels and not classes.cut:
            # Of many classes, the commonest is above average by chance; the interval takes no account of that.
            counts, chance = classes.uneven, classes.even_share
            yield self._sample.probe("blind", "constant", "class", classes.constant_hits(), chance, counts=counts)
        if letters.labels:
            counts, chance = letters.uneven, letters.even_share
            yield self._sample.probe("blind", "constant", "letter", letters.constant_hits(), chance, counts=counts)
        if targets[0].kind in NEAR and targets[0].truth:
            yield constant_probe(self._sample)
        if orders := [target.order for target in targets if target.order]:
            commonest, times = Counter(orders).most_common(1)[0]
            hits, chance = [float(order == commonest) for order in orders], self._sample.order_chance
            # Of many orders, some recur by chance; the interval of the commonest takes no account of that.
            counts = repeats_p(times, len(orders), chance) < SURE
            yield self._sample.probe("blind", "constant", "order", hits, chance, counts=counts)

    def _features(self) -> Iterator[tuple[Family, str, Matrix]]:
        yield "blind", "words and fields", _stack_features([puzzle.words for puzzle in self._seen])
        if all(puzzle.spelling is not None for puzzle in self._seen):
            spellings = _stack_features([p.spelling for p in self._seen if p.spelling is not None])
            if (spellings != spellings[0]).any():
                yield "blind", "spelling", spellings
        if all(puzzle.form is not None for puzzle in self._seen):
            yield "blind", "sizes, bytes, borders", _stack_features([p.form for p in self._seen if p.form is not None])
        if all(puzzle.traces is not None for puzzle in self._seen):
            yield "artefact", "traces", _stack_features([p.traces for p in self._seen if p.traces is not None])
        if all(puzzle.sharpness for puzzle in self._seen):
            yield "artefact", SHARPNESS, _stack_features([puzzle.sharpness[0] for puzzle in self._seen])
        if all(puzzle.tones is not None for puzzle in self._seen):
            yield "blind", "tones", _stack_features([p.tones for p in self._seen if p.tones is not None])
        if all(puzzle.patches for puzzle in self._seen):
            yield "mark", _PATCHES, _stack_features([puzzle.patches[0] for puzzle in self._seen])

    def _end_probes(self, orders: Sequence[tuple[int, ...]]) -> Iterator[Probe]:
        """Predict from words which part stands first and last in an order; the parts have probes of their own."""
        # Two orders are never asked, which leaves the ends uneven.
        chance = factorial(len(orders[0]) - 1) * self._sample.order_chance
        text_features = [feature for feature in self._features() if feature[1] in {"words and fields", "spelling"}]
        for name, k in (("first part", 0), ("last part", -1)):
            ends = Classes([str(order[k]) for order in orders], [tuple(map(str, sorted(order))) for order in orders])
            for family, sees, x in text_features:
                yield self._sample.probe(family, sees, name, self._class_hits(x, ends), chance)

    def _class_probe(self, family: Family, sees: str, x: Matrix, classes: Classes, names: str = "class") -> Probe:
        probe = self._sample.probe(family, sees, names, self._class_hits(x, classes), classes.chance)
        controls: dict[str, list[tuple[Matrix, ...]]] = {
            "traces": [puzzle.washed for puzzle in self._seen],
            SHARPNESS: [puzzle.sharpness[1:] for puzzle in self._seen],
            _PATCHES: [puzzle.patches[1:] for puzzle in self._seen],
        }
        if probe.verdict == "clean" or not all(copies := controls.get(sees, [()])):
            return probe
        copy_sets = zip(*copies, strict=True)
        washed = float(
            np.mean([self._class_hits(_stack_features(copy_features), classes) for copy_features in copy_sets])
        )
        return replace(probe, washed=round(washed, 4))

    def _class_hits(self, x: Matrix, classes: Classes) -> list[float]:
        labels, allowed = classes.labels, classes.allowed
        class_names = sorted({name for possible in allowed for name in possible} | set(labels))
        index = {name: k for k, name in enumerate(class_names)}
        y = np.array([index[label] for label in labels], dtype=np.int64)
        is_allowed = np.zeros((len(y), len(class_names)), dtype=bool)
        for row, possible in enumerate(allowed):
            is_allowed[row, [index[name] for name in possible]] = True

        def hits(folding: Folding) -> list[float]:
            predicted = probabilities(x, y, folding.fold, len(class_names), folding.seed)
            right: list[float] = (np.where(is_allowed, predicted, -1).argmax(axis=1) == y).astype(float).tolist()
            return right

        return self._sample.averaged(hits)

    def _letter_probes(self, letters: Classes) -> Iterator[Probe]:
        blind = [x for family, _, x in self._features() if family == "blind"]
        yield self._class_probe("blind", "words, fields, sizes, bytes, tones", np.hstack(blind), letters, "letter")
        for family, sees, x in self._features():
            if family == "mark":
                yield self._class_probe(family, sees, x, letters, "letter")
        probed_keys: dict[str, tuple[Family, str]] = {
            "words": ("blind", "the options' words"),
            "form": ("blind", "the options' sizes, bytes, borders"),
            "traces": ("artefact", "the options' traces"),
            "sharpness": ("artefact", f"the options' {SHARPNESS}"),
            "mentions": ("blind", MENTIONS),
        }
        yield from self._option_probes(probed_keys)

    def _fit_probes(self) -> Iterator[Probe]:
        sees = {"joints": "learned joints", "hole": "the hole's rim", "colours": "colours"}
        yield from self._option_probes({key: ("edge", text) for key, text in sees.items()})

    def _option_probes(self, probed_keys: dict[str, tuple[Family, str]]) -> Iterator[Probe]:
        right = [puzzle.target.right for puzzle in self._seen]
        for key, (family, sees) in probed_keys.items():
            if tables := self._option_tables(key):
                chance = float(np.mean([1 / len(table) for table in tables]))
                probe = self._sample.probe(family, sees, "option", self._sample.picked(tables, right), chance)
                copies = self._option_tables(_CONTROLS.get(key, "")) if probe.verdict != "clean" else []
                washed = round(float(np.mean(self._sample.picked(copies, right))), 4) if copies else None
                yield replace(probe, washed=washed)

    def _option_tables(self, key: str) -> list[Matrix]:
        tables = [puzzle.options[key] for puzzle in self._seen if key in puzzle.options]
        return tables if len(tables) == len(self._seen) else []


def _stack_features(rows: Sequence[NDArray[np.float32]]) -> Matrix:
    """Stack features into one matrix; if puzzles have different numbers of media, only features that all have."""
    width = min(len(row) for row in rows)
    return np.stack([row[:width] for row in rows]).astype(np.float32)
