"""From a record to the numbers that probes work on; its media are decoded once and forgotten."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from puzzlegen.audit import surface
from puzzlegen.audit.fits import fit_tables
from puzzlegen.audit.joints import Joints, clip_joints, tile_joints
from puzzlegen.audit.looks import look_bits
from puzzlegen.audit.marks import patches, tones
from puzzlegen.audit.media import WASHES, WASHES_OF_CLIPS, Opened, open_medium, washed
from puzzlegen.audit.targets import Target, target_of
from puzzlegen.audit.traces import grid, level, traces
from puzzlegen.reading import decoding
from puzzlegen.rng import digest
from puzzlegen.verify import VerifierError, score, solved
from puzzlegen.writers import Row

Table = NDArray[np.float32]

_MOST_SIDE_BY_SIDE: Final = 3
_OPTION_MEDIUM: Final = re.compile(r"^([A-Z])[.:] ?<(?:image|video)>$", re.MULTILINE)
_GIVEN: Final = re.compile(r"(?:Shot|The picture as it was):(?: <(?:image|video)>)+\n")
_GROUPS: Final = re.compile(r"frames in (\d+) groups")


class Seen(NamedTuple):
    """One puzzle as probes see it; a table has a row per option or per part.

    Attributes:
        id: of the puzzle.
        split: of the puzzle.
        source: the item it was made of.
        scene: what that item shares with others of its scene; its own name if nothing is known of that.
        source_sha256: of that item's bytes.
        target: what to name.
        fingerprint: of its media and its question.
        difficulty: as recorded.
        margin: as recorded.
        chance: as recorded.
        sound: whether its solution scores 1.
        beside: what the prompt holds beside the question.
        words: text and fields.
        spelling: how the question is written; None without media, where the text is the content.
        form: sizes, bytes, borders.
        traces: how its media were made; None without media.
        tones: how light and coloured its one medium is; None with several.
        patches: colours of small patches of its one medium, then those of moved ones; empty with several.
        options: tables over its options: of their words, how often the text names them, of their media's form
            and traces, and of how they fit.
        parts: tables over its parts, where an order is asked: of their form and traces.
        joints: how its parts join; None if it has none.
        bits: what its largest medium looks like, by ``looks.look_bits``; None without media.
        washed: as ``traces``, of copies that bear none; empty unless asked for, as is "washed" in options and parts.
    """

    id: str
    split: str
    source: str
    scene: str
    source_sha256: str
    target: Target
    fingerprint: str
    difficulty: float
    margin: float
    chance: float
    sound: bool
    beside: str
    words: Table
    spelling: Table | None
    form: Table | None
    traces: Table | None
    tones: Table | None
    patches: tuple[Table, ...]
    options: dict[str, Table]
    parts: dict[str, Table]
    joints: Joints | None
    bits: NDArray[np.uint8] | None
    washed: tuple[Table, ...] = ()


def look(row: Row, opened: list[Opened]) -> Seen:
    """Everything that probes need of one record, whose media are ``opened``."""
    target, info = target_of(row["ground_truth"]), row["extra_info"]
    opened = _asked_about(row, opened)
    ordered = bool(target.order) and len(opened) == len(target.order)
    whole = not ordered and bool(opened)
    joints = _joints(row, target, opened)
    return Seen(
        id=row["id"],
        split=info["split"],
        source=info["source_uri"],
        scene=info["source_uri"],
        source_sha256=info["source_sha256"],
        target=target,
        fingerprint=digest("puzzle", row["problem"], *(medium.sha256 for medium in opened)).hex()[:32],
        difficulty=info["difficulty"],
        margin=info["margin"],
        chance=info["chance"],
        sound=_sound(row),
        beside=_prompted(row),
        words=surface.words(row, target),
        spelling=surface.spelling(row) if opened else None,
        form=_side_by_side([surface.form(medium) for medium in opened]) if opened else None,
        traces=_whole(opened) if whole else None,
        tones=tones(opened[0]) if len(opened) == 1 else None,
        patches=patches(opened[0]) if len(opened) == 1 else (),
        options=_options(row, target, opened) | fit_tables(row, target, opened, joints),
        parts=_parts(opened) if ordered else {},
        joints=joints,
        bits=_bits(opened),
    )


def with_washed(puzzle: Seen, row: Row) -> Seen:
    """The puzzle with what its traces would be if its media had been made anew: the control of artefact probes."""
    asked = _asked_about(row, media_of(row))
    copies = [washed(medium) for medium in asked]
    ordered = bool(puzzle.parts)
    shown = _shown_options(row, puzzle.target, copies)
    return puzzle._replace(
        washed=() if ordered or not copies else (_whole(copies), *_again(asked)),
        parts=puzzle.parts | ({"washed": _made(copies)} if ordered else {}),
        options=puzzle.options | ({"washed": _relative(traces, shown)} if shown else {}),
    )


def _again(asked: list[Opened]) -> Iterator[Table]:
    for time in range(1, WASHES_OF_CLIPS if asked[0].coded else WASHES):
        yield _whole([washed(medium, time) for medium in asked])


def _whole(opened: list[Opened]) -> Table:
    return _side_by_side([traces(medium) for medium in opened])


def _asked_about(row: Row, opened: list[Opened]) -> list[Opened]:
    """The media without the shot or picture that some puzzles show first, as it was: it bears nothing of the answer."""
    given = _GIVEN.match(row["problem"])
    return opened[given[0].count("<") :] if given else opened


def _bits(opened: Sequence[Opened]) -> NDArray[np.uint8] | None:
    if not opened:
        return None
    largest = max(opened, key=lambda medium: medium.size[0] * medium.size[1])
    return look_bits(largest.pictures[0])


def media_of(row: Row) -> list[Opened]:
    """The record's media, decoded.

    Raises:
        IntegrityError: one of them cannot be.
    """
    with decoding(row["id"]):
        return [open_medium(stored) for column in ("images", "videos") for stored in row.get(column) or ()]


def _sound(row: Row) -> bool:
    try:
        return solved(score(row["solution"], row["ground_truth"]))
    except VerifierError:
        return False


def _prompted(row: Row) -> str:
    """What a trainer's prompt holds beside the question, as text; the question must be all of the user's."""
    messages = row.get("prompt") or [{"role": "user", "content": row["problem"]}]
    return json.dumps([m for m in messages if (m["role"], m["content"]) != ("user", row["problem"])], sort_keys=True)


def _side_by_side(found: Sequence[Table]) -> Table:
    """Few media: each one's features, and how the last differs from the first. Many: mean and spread."""
    if len(found) == 1:
        return found[0]
    if len(found) <= _MOST_SIDE_BY_SIDE:
        return np.concatenate([*found, found[-1] - found[0]])
    return np.concatenate([np.mean(found, axis=0), np.std(found, axis=0)]).astype(np.float32)


def _options(row: Row, target: Target, opened: list[Opened]) -> dict[str, Table]:
    tables = {}
    if target.letters > 1 and (words := surface.option_words(target)) is not None:
        tables["words"] = words
    if not opened and (mentions := surface.mentions(row["problem"], target)) is not None:
        tables["mentions"] = mentions
    if shown := _shown_options(row, target, opened):
        place = np.eye(len(shown), 8, dtype=np.float32)
        tables["form"] = np.hstack([_relative(surface.form, shown), place])
        tables["traces"] = _relative(traces, shown)
    return tables


def _shown_options(row: Row, target: Target, opened: list[Opened]) -> list[Opened]:
    """The media that are options themselves."""
    marked = len(_OPTION_MEDIUM.findall(row["problem"]))
    return opened[-marked:] if 1 < marked == target.letters <= len(opened) else []


def _relative(features: Callable[[Opened], Table], shown: list[Opened]) -> Table:
    return surface.relative(np.stack([features(medium) for medium in shown]))


def _parts(opened: list[Opened]) -> dict[str, Table]:
    place = np.eye(len(opened), dtype=np.float32)
    return {"form": np.hstack([_relative(surface.form, opened), place]), "traces": _made(opened)}


def _made(parts: list[Opened]) -> Table:
    table = np.stack([grid(medium) for medium in parts])
    if not parts[0].coded:
        return table
    return np.hstack([table, _relative(level, parts)])


def _joints(row: Row, target: Target, opened: list[Opened]) -> Joints | None:
    """Of tiles or clips that are media of their own, or that are laid out in one picture or clip."""
    params: dict[str, Any] = json.loads(row["extra_info"]["params"])
    rows, cols = params.get("rows"), params.get("cols")
    several = bool(target.order) and len(opened) == len(target.order)
    if several and rows and cols and rows * cols == len(opened):
        return tile_joints([medium.pictures[0] for medium in opened], rows, cols)
    of_a_shot = several and (opened[0].coded or _GIVEN.match(row["problem"]))
    if of_a_shot or _after_given(row, target, opened):
        return clip_joints([medium.pictures for medium in opened])
    # Of two pictures the first is the tiles, the other the picture as it was.
    if (len(opened) == 1 or params.get("reference")) and rows and cols and not opened[0].coded:
        return tile_joints(_cells(opened[0].pictures[0], rows, cols), rows, cols)
    if len(opened) == 1 and (groups := _GROUPS.search(row["problem"])):
        count, frames = int(groups[1]), opened[0].pictures
        length = len(frames) // count
        return clip_joints([frames[k * length : (k + 1) * length] for k in range(count)])
    return None


def _after_given(row: Row, target: Target, opened: list[Opened]) -> bool:
    """Whether one medium of a clip is given, and the others are to be put after it or are clips that may go on."""
    asked = len(opened) - 1
    clips = target.letters == asked > 1 and len(_OPTION_MEDIUM.findall(row["problem"])) == asked
    return len(target.order) == asked > 1 or (clips and bool(opened[0].coded))


def _cells(picture: NDArray[np.uint8], rows: int, cols: int) -> list[NDArray[np.uint8]]:
    height, width = picture.shape[0] // rows, picture.shape[1] // cols
    places = [(r * height, c * width) for r in range(rows) for c in range(cols)]
    return [picture[y : y + height, x : x + width] for y, x in places]
