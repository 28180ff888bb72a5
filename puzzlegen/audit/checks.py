"""Checks that count instead of learning: balance, duplicates, sources in several splits, solutions."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from typing import Final

from puzzlegen.audit.estimates import LEAST_SOURCES, uniform_p
from puzzlegen.audit.looks import HASH_SIDE, Bits, look_alikes
from puzzlegen.audit.report import Check, Probe
from puzzlegen.audit.seen import Seen

_UNLIKELY: Final = 1e-3
_LEAST_FOR_CONSTANT: Final = 8
#: Two pictures look alike if at most this many of 144 bits differ, whichever way they are turned or mirrored. Of pairs
#: of differently cleaned versions of one photo, 7 in 10 are that near; of 7503 pairs of different photos, one is.
NEAR_BITS: Final = 8
#: The same limit for suggesting that two sources show one scene. Of 38 to 45 clips, up to 20 of which were filmed in
#: one room, 8 to 14 look like another when one puzzle of each is compared, and half do when frames of them are; of
#: 127 photos, at most 10 do (crops of sky).
ALIKE_BITS: Final = 12
_SHARE_ALIKE: Final = 0.15
_LEAST_ALIKE: Final = 4
_MOST_COMPARED: Final = 2000
_MAX_NAMES: Final = 3
#: From this half-width of its interval on, a probe that finds nothing is no evidence.
_UNINFORMATIVE_HALF_WIDTH: Final = 0.12


def task_checks(seen: Sequence[Seen]) -> Iterator[Check]:
    """Yield the checks of one task."""
    if len({puzzle.scene for puzzle in seen}) >= LEAST_SOURCES:
        yield from _balance(seen)
    yield _duplicates(seen)
    unsound = [puzzle.id for puzzle in seen if not puzzle.sound]
    yield Check("solutions", "leaky" if unsound else "clean", f"{len(unsound)} do not score 1{_format_names(unsound)}")
    # A text that all puzzles share, such as a system message, gives nothing away.
    extra_texts = {puzzle.beside for puzzle in seen}
    detail = f"{len(extra_texts)} texts beside the question in prompts; one for all is no leak"
    yield Check("prompts", "leaky" if len(extra_texts) > 1 else "clean", detail)


def evidence(seen: Sequence[Seen], probes: Sequence[Probe]) -> Check:
    """Check whether there was enough to look at: a task of which nothing is known has not been shown to be clean."""
    sources = len({puzzle.scene for puzzle in seen})
    if sources < LEAST_SOURCES:
        detail = f"not probed: {sources} sources, at least {LEAST_SOURCES} are needed"
        return Check("evidence", "too few to tell", detail)
    informative = [probe for probe in probes if probe.counts and probe.sees != "constant"]
    if not informative:
        return Check("evidence", "weak", f"not probed: no probe fits answers of kind {seen[0].target.kind}")
    widest = max(probe.estimate.high - probe.estimate.low for probe in informative) / 2
    detail = f"the widest interval is +-{100 * widest:.1f} points"
    return Check("evidence", "too few to tell" if widest >= _UNINFORMATIVE_HALF_WIDTH else "clean", detail)


def _balance(task_puzzles: Sequence[Seen]) -> Iterator[Check]:
    targets = [puzzle.target for puzzle in task_puzzles]
    letters = [target.right for target in targets if target.letters]
    if letters:
        yield _class_balance("letters", letters, max(target.letters for target in targets))
    if len({target.classes for target in targets}) == 1 or len({frozenset(t.classes) for t in targets}) == 1:
        labels = [target.label for target in targets if target.label]
        if labels and targets[0].classes:
            yield _class_balance("answers", labels, len(targets[0].classes))
    if orders := [target.order for target in targets if target.order]:
        yield _position_balance(orders)
    answers = {(t.label, t.right if not t.classes else -1, t.order, t.amounts, t.truth) for t in targets}
    if len(answers) == 1 and len(task_puzzles) >= _LEAST_FOR_CONSTANT:
        yield Check("constant answer", "leaky", f"all {len(task_puzzles)} puzzles have the same answer")


def _position_balance(orders: Sequence[tuple[int, ...]]) -> Check:
    """Check whether, at some place of the orders, one part stands more often than the others."""
    count = min(map(len, orders))
    p_values = {k: uniform_p([order[k] for order in orders], count) for k in range(count)}
    position = min(p_values, key=lambda k: p_values[k])
    p = min(1.0, count * p_values[position])  # Boole's bound over the places
    detail = f"p {p:.3g} (chi-square, the worst of {count} places: {position + 1})"
    return Check("balance of places", "weak" if p < _UNLIKELY else "clean", detail)


def _class_balance(name: str, values: Sequence[int | str], kinds: int) -> Check:
    p = uniform_p(values, kinds)
    counts = ", ".join(f"{value} {n}" for value, n in sorted(Counter(values).items(), key=str))
    return Check(f"balance of {name}", "weak" if p < _UNLIKELY else "clean", f"p {p:.3g} (chi-square): {counts}")


def _duplicates(task_puzzles: Sequence[Seen]) -> Check:
    groups: dict[str, list[Seen]] = defaultdict(list)
    for puzzle in task_puzzles:
        groups[puzzle.fingerprint].append(puzzle)
    repeated = [group for group in groups.values() if len(group) > 1]
    crossing_ids = [group[0].id for group in repeated if len({puzzle.split for puzzle in group}) > 1]
    count = sum(len(group) - 1 for group in repeated)
    detail = f"{count} with the media and question of another{_format_names([group[0].id for group in repeated])}"
    return Check("duplicates", "leaky" if crossing_ids else "weak" if repeated else "clean", detail)


def _format_names(names: Sequence[str]) -> str:
    return f" ({', '.join(names[:_MAX_NAMES])}{', ...' if len(names) > _MAX_NAMES else ''})" if names else ""


class Splits:
    """Collects in which splits each source is used and what the source looks like, to find overlaps of splits."""

    def __init__(self) -> None:
        self._splits: dict[str, set[str]] = defaultdict(set)
        self._bytes: dict[str, set[str]] = defaultdict(set)
        self._bits: dict[tuple[str, str, str], Bits] = {}

    def add(self, puzzle: Seen, task: str) -> None:
        """Record the split of a puzzle's source, and what the puzzle's largest medium looks like."""
        self._splits[puzzle.source].add(puzzle.split)
        self._bytes[puzzle.source_sha256 or puzzle.source].add(puzzle.split)
        key = task, puzzle.split, puzzle.source
        if puzzle.bits is not None:
            self._bits.setdefault(key, puzzle.bits)

    def checks(self) -> Iterator[Check]:
        """Check whether sources, equal bytes, or pictures that look the same are in more than one split."""
        shared_sources = sorted(source for source, splits in self._splits.items() if len(splits) > 1)
        yield Check(
            "sources in two splits",
            "leaky" if shared_sources else "clean",
            f"{len(shared_sources)}{_format_names(shared_sources)}",
        )
        shared_bytes = sum(len(splits) > 1 for splits in self._bytes.values())
        yield Check("same bytes in two splits", "leaky" if shared_bytes else "clean", f"{shared_bytes} sources")
        near_pairs = sorted(self._near_pairs())
        detail = (
            f"{len(near_pairs)} pairs differ in at most {NEAR_BITS} of {HASH_SIDE**2} bits{_format_names(near_pairs)}"
        )
        yield Check("look-alikes in two splits", "weak" if near_pairs else "clean", detail)

    def _near_pairs(self) -> set[str]:
        pair_names: set[str] = set()
        bits_by_task: dict[str, dict[str, list[tuple[str, Bits]]]] = defaultdict(lambda: defaultdict(list))
        for (task, split, source), bits in self._bits.items():
            bits_by_task[task][split].append((source, bits))
        for splits in bits_by_task.values():
            by_size = sorted(splits.items(), key=lambda pair: len(pair[1]))
            for k, (_, smaller) in enumerate(by_size):
                for _, larger in by_size[k + 1 :]:
                    pair_names |= _near_pair_names(smaller, larger)
        return pair_names


def _near_pair_names(smaller: list[tuple[str, Bits]], larger: list[tuple[str, Bits]]) -> set[str]:
    index_pairs = look_alikes([bits for _, bits in smaller], [bits for _, bits in larger], NEAR_BITS)
    pairs = ((smaller[i][0], larger[k][0]) for i, k in index_pairs)
    return {f"{name_a} ~ {name_b}" for name_a, name_b in pairs if name_a != name_b}


def scenes_note(seen: Sequence[Seen]) -> str:
    """A hint at ``--together`` if many sources look like one of another scene; empty otherwise.

    One puzzle of each source is compared.
    """
    first: dict[str, tuple[str, Bits]] = {}
    for puzzle in sorted(seen, key=lambda puzzle: puzzle.id):
        if puzzle.bits is not None and len(first) < _MOST_COMPARED:
            first.setdefault(puzzle.source, (puzzle.scene, puzzle.bits))
    scenes, bits = [scene for scene, _ in first.values()], [source_bits for _, source_bits in first.values()]
    alike_indices = {i for i, k in (look_alikes(bits, bits, ALIKE_BITS) if bits else ()) if scenes[i] != scenes[k]}
    if len(alike_indices) < max(_LEAST_ALIKE, _SHARE_ALIKE * len(first)):
        return ""
    return (
        f"{len(alike_indices)} of {len(first)} sources look like another. Where such show one scene, name it "
        "by --together: who has seen one of them knows the others by heart."
    )
