"""Turns a record into the numbers that probes work on; the record's media are decoded once and not kept."""

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
from puzzlegen.audit.sharpness import sharpness, sharpness_of_content
from puzzlegen.audit.targets import Target, target_of
from puzzlegen.audit.traces import grid, level, traces
from puzzlegen.reading import decoding
from puzzlegen.rng import digest
from puzzlegen.verify import VerifierError, score, solved
from puzzlegen.writers import Row

Table = NDArray[np.float32]

_MOST_SIDE_BY_SIDE: Final = 3
_OPTION_MEDIUM_PATTERN: Final = re.compile(r"^([A-Z])[.:] ?<(?:image|video)>$", re.MULTILINE)
_GIVEN_PATTERN: Final = re.compile(r"(?:Shot|Original picture):(?: <(?:image|video)>)+\n")
_GROUPS_PATTERN: Final = re.compile(r"frames in (\d+) groups")


class Seen(NamedTuple):
    """One puzzle as probes see it. Tables have one row per option or per part.

    Attributes:
        id: the puzzle's id.
        split: the puzzle's split.
        source: the item that the puzzle was made of.
        scene: the name that the source shares with other sources of its scene; the source's own if none is known.
        source_sha256: digest of the source's bytes.
        target: the answer to predict.
        fingerprint: digest of the puzzle's media and question.
        difficulty: as recorded.
        margin: as recorded.
        chance: as recorded.
        sound: whether the stored solution scores 1.
        beside: what the prompt holds besides the question.
        words: features of the question's text and the record's fields.
        spelling: how the question is written; None without media, where the text is the content.
        form: sizes, bytes and borders of the media; None without media.
        traces: how the media were made; None without media, or where an order of the media is asked (see ``parts``).
        sharpness: how sharp and noisy the pictures are, then smaller copies of them; empty for clips, and as for
            ``traces``.
        tones: how light and coloured the only medium is; None unless there is exactly one.
        patches: colours of small patches of the only medium, then of patches at moved places; empty unless there is
            exactly one medium.
        options: tables over the options, by what they show: the options' words, how often the text names the options,
            form, traces and sharpness of their media, and how they fit.
        parts: tables over the parts, where an order of the media is asked: their form, traces and sharpness.
        joints: how the parts join; None if there are no parts.
        bits: what the largest medium looks like, from ``looks.look_bits``; None without media.
        washed: ``traces`` of copies without traces; empty until :func:`with_washed` adds them, as it adds the tables
            "washed" to ``options`` and ``parts``.
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
    sharpness: tuple[Table, ...]
    tones: Table | None
    patches: tuple[Table, ...]
    options: dict[str, Table]
    parts: dict[str, Table]
    joints: Joints | None
    bits: NDArray[np.uint8] | None
    washed: tuple[Table, ...] = ()


def look(row: Row, opened: list[Opened]) -> Seen:
    """Compute everything that probes need of one record, whose media are ``opened``."""
    target, info = target_of(row["ground_truth"]), row["extra_info"]
    opened = _asked_media(row, opened)
    is_ordered = bool(target.order) and len(opened) == len(target.order)
    has_shared_traces = not is_ordered and bool(opened)
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
        sound=_is_sound(row),
        beside=_other_messages(row),
        words=surface.words(row, target),
        spelling=surface.spelling(row) if opened else None,
        form=_join_features([surface.form(medium) for medium in opened]) if opened else None,
        traces=_media_traces(opened) if has_shared_traces else None,
        sharpness=_media_sharpness(opened) if has_shared_traces else (),
        tones=tones(opened[0]) if len(opened) == 1 else None,
        patches=patches(opened[0]) if len(opened) == 1 else (),
        options=_option_tables(row, target, opened) | fit_tables(row, target, opened, joints),
        parts=_part_tables(opened) if is_ordered else {},
        joints=joints,
        bits=_largest_bits(opened),
    )


def with_washed(puzzle: Seen, row: Row) -> Seen:
    """Add the traces that the puzzle's media would have if they were made anew: the control of artefact probes."""
    media = _asked_media(row, media_of(row))
    copies = [washed(medium) for medium in media]
    is_ordered = bool(puzzle.parts)
    option_copies = _option_media(row, puzzle.target, copies)
    return puzzle._replace(
        washed=() if is_ordered or not copies else (_media_traces(copies), *_washed_traces(media)),
        parts=puzzle.parts | ({"washed": _trace_table(copies)} if is_ordered else {}),
        options=puzzle.options | ({"washed": _relative(traces, option_copies)} if option_copies else {}),
    )


def _washed_traces(media: list[Opened]) -> Iterator[Table]:
    for time in range(1, WASHES_OF_CLIPS if media[0].coded else WASHES):
        yield _media_traces([washed(medium, time) for medium in media])


def _media_traces(opened: list[Opened]) -> Table:
    return _join_features([traces(medium) for medium in opened])


def _media_sharpness(opened: list[Opened]) -> tuple[Table, ...]:
    if opened[0].coded:
        return ()
    return (
        _join_features([sharpness(medium) for medium in opened]),
        _join_features([sharpness_of_content(medium) for medium in opened]),
    )


def _asked_media(row: Row, opened: list[Opened]) -> list[Opened]:
    """The media without the unchanged shot or picture that some puzzles show first: it has no trace of the answer."""
    given_match = _GIVEN_PATTERN.match(row["problem"])
    return opened[given_match[0].count("<") :] if given_match else opened


def _largest_bits(opened: Sequence[Opened]) -> NDArray[np.uint8] | None:
    if not opened:
        return None
    largest = max(opened, key=lambda medium: medium.size[0] * medium.size[1])
    return look_bits(largest.pictures[0])


def media_of(row: Row) -> list[Opened]:
    """Decode the record's media.

    Raises:
        IntegrityError: a medium cannot be decoded.
    """
    with decoding(row["id"]):
        return [open_medium(stored) for column in ("images", "videos") for stored in row.get(column) or ()]


def _is_sound(row: Row) -> bool:
    try:
        return solved(score(row["solution"], row["ground_truth"]))
    except VerifierError:
        return False


def _other_messages(row: Row) -> str:
    """The prompt's messages besides the question, as JSON; a user message that is more than the question counts."""
    messages = row.get("prompt") or [{"role": "user", "content": row["problem"]}]
    return json.dumps([m for m in messages if (m["role"], m["content"]) != ("user", row["problem"])], sort_keys=True)


def _join_features(vectors: Sequence[Table]) -> Table:
    """Join the features of several media.

    Up to three: each medium's features, then the last one's minus the first one's. More: mean and standard deviation.
    """
    if len(vectors) == 1:
        return vectors[0]
    if len(vectors) <= _MOST_SIDE_BY_SIDE:
        return np.concatenate([*vectors, vectors[-1] - vectors[0]])
    return np.concatenate([np.mean(vectors, axis=0), np.std(vectors, axis=0)]).astype(np.float32)


def _option_tables(row: Row, target: Target, opened: list[Opened]) -> dict[str, Table]:
    tables = {}
    if target.letters > 1 and (words := surface.option_words(target)) is not None:
        tables["words"] = words
    if not opened and (mentions := surface.mentions(row["problem"], target)) is not None:
        tables["mentions"] = mentions
    if option_media := _option_media(row, target, opened):
        position_columns = np.eye(len(option_media), 8, dtype=np.float32)
        tables["form"] = np.hstack([_relative(surface.form, option_media), position_columns])
        tables["traces"] = _relative(traces, option_media)
        tables |= _sharpness_tables(option_media)
    return tables


def _option_media(row: Row, target: Target, opened: list[Opened]) -> list[Opened]:
    """The media that are themselves the lettered options; empty if none are."""
    option_count = len(_OPTION_MEDIUM_PATTERN.findall(row["problem"]))
    return opened[-option_count:] if 1 < option_count == target.letters <= len(opened) else []


def _relative(features: Callable[[Opened], Table], compared_media: list[Opened]) -> Table:
    return surface.relative(np.stack([features(medium) for medium in compared_media]))


def _part_tables(opened: list[Opened]) -> dict[str, Table]:
    position_columns = np.eye(len(opened), dtype=np.float32)
    return {
        "form": np.hstack([_relative(surface.form, opened), position_columns]),
        "traces": _trace_table(opened),
        **_sharpness_tables(opened),
    }


def _sharpness_tables(compared_media: list[Opened]) -> dict[str, Table]:
    """The pictures' sharpness, and that of smaller copies as its control; empty for clips."""
    if compared_media[0].coded:
        return {}
    return {
        "sharpness": _relative(sharpness, compared_media),
        "sharpness of content": _relative(sharpness_of_content, compared_media),
    }


def _trace_table(parts: list[Opened]) -> Table:
    table = np.stack([grid(medium) for medium in parts])
    if not parts[0].coded:
        return table
    return np.hstack([table, _relative(level, parts)])


def _joints(row: Row, target: Target, opened: list[Opened]) -> Joints | None:
    """The joints of tiles or clips, each a medium of its own or all within one picture or clip; None without any."""
    params: dict[str, Any] = json.loads(row["extra_info"]["params"])
    rows, cols = params.get("rows"), params.get("cols")
    is_order_of_media = bool(target.order) and len(opened) == len(target.order)
    if is_order_of_media and rows and cols and rows * cols == len(opened):
        return tile_joints([medium.pictures[0] for medium in opened], rows, cols)
    is_shot = is_order_of_media and (opened[0].coded or _GIVEN_PATTERN.match(row["problem"]))
    if is_shot or _continues_given(row, target, opened):
        return clip_joints([medium.pictures for medium in opened])
    # With a reference, the first picture holds the tiles, and the second is the unchanged picture.
    if (len(opened) == 1 or params.get("reference")) and rows and cols and not opened[0].coded:
        return tile_joints(_cut_cells(opened[0].pictures[0], rows, cols), rows, cols)
    if len(opened) == 1 and (groups := _GROUPS_PATTERN.search(row["problem"])):
        count, frames = int(groups[1]), opened[0].pictures
        length = len(frames) // count
        return clip_joints([frames[k * length : (k + 1) * length] for k in range(count)])
    return None


def _continues_given(row: Row, target: Target, opened: list[Opened]) -> bool:
    """Whether the first medium is a given part of a shot, and the others are to follow it in order or as options."""
    asked_count = len(opened) - 1
    are_clip_options = (
        target.letters == asked_count > 1 and len(_OPTION_MEDIUM_PATTERN.findall(row["problem"])) == asked_count
    )
    return len(target.order) == asked_count > 1 or (are_clip_options and bool(opened[0].coded))


def _cut_cells(picture: NDArray[np.uint8], rows: int, cols: int) -> list[NDArray[np.uint8]]:
    height, width = picture.shape[0] // rows, picture.shape[1] // cols
    corners = [(r * height, c * width) for r in range(rows) for c in range(cols)]
    return [picture[y : y + height, x : x + width] for y, x in corners]
