"""The values that pass between parts: items, media, puzzles, verifier specs, rejections. All are immutable."""

from __future__ import annotations

import json
from typing import Any, Final, Literal, NamedTuple

Kind = Literal["image", "video", "graph"]
Profile = Literal["image", "multi_image", "video", "text"]
#: The questions about a medium that a transformation spoils: those about directions, or those about order in time.
Spoils = Literal["directions", "order"]

SPEC_VERSION = 1
#: Made once, as json.dumps makes an encoder for every call.
_CANONICAL: Final = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)

#: Every reason that may stand in ``rejections.parquet``, and what it means.
REASONS: dict[str, str] = {
    "unsupported_file": "the file's extension is not that of a supported image or video format",
    "hidden": "the name starts with a dot; hidden files and folders are not read",
    "not_a_file": "a pipe, socket or device",
    "unreadable_folder": "the folder cannot be listed",
    "outside_source": "a link or path that leads out of the source; cells of Parquet can hold bytes instead of paths",
    "linked_folder": "a symbolic link to a folder; these are not followed",
    "build": "the output of a build; such folders are not read",
    "not_selected": "its name matches none of the source's globs",
    "no_task_for_kind": "the recipe has no task for this kind of media",
    "unreadable": "the file cannot be opened or read",
    "too_slow": "opening and decoding it took longer than the recipe's media.time_limit_s",
    "undecodable": "the file is not what its name says, truncated or damaged",
    "too_small": "fewer pixels than clean media need (media.image and media.video: side_px_range, max_scale)",
    "too_large": "more pixels or bytes than the decoder is allowed",
    "too_elongated": "so long and thin that a square crop would lose most of it",
    "too_short": "fewer seconds or frames than the task needs",
    "no_long_shot": "no uncut shot is long enough for the task",
    "static": "nothing moves",
    "flat": "a part that the question is about has no content",
    "symmetric": "the picture looks the same after the asked transformation",
    "no_upright": "nothing tells which side is up; with reference: true the picture as it was is shown beside it",
    "interchangeable": "two parts look the same, so several answers would be right",
    "telling": "something other than the content gives the right option away",
    "reversible": "the clip looks the same backwards",
    "repeated": "the part that is asked for occurs more than once",
    "no_partner": "too few other items in its shard are unlike enough, or output.shard_size is too small",
    "no_overlap": "two views share too little to be recognised as views of one picture",
    "too_few_nodes": "the graph has too few nodes or edges for the question",
    "ambiguous": "several answers would be right",
    "bad_row": "a row of a table or of metadata cannot be read, lacks a required value or contradicts itself",
    "duplicate_row": "the same row is in the table more than once",
    "no_task_for_split": "the recipe has no task for this kind of media in its split",
    "not_drawn": "left out to meet a mixture's weights and limits",
    "duplicate": "the same bytes as another item",
    "near_duplicate": "it looks like another item",
    "excluded": "it matches or resembles one of the media that the recipe excludes",
    "licence": "its licence is not among those that the recipe allows, or among those it denies",
    "duplicate_id": "another item of the source has the same name",
    "no_question": "the recipe joins the user's own question, and the item has none",
    "unverifiable": "the answer to the user's own question cannot be scored: empty, too long or not of its type",
    "spoiled_question": "the transformation would change the answer to the user's own question",
}


#: Media types by the suffixes of puzzles' media.
MIME: Final = {
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "png": "image/png",
    "webp": "image/webp",
    "mp4": "video/mp4",
}


class Item(NamedTuple):
    """One image, clip or graph of a source, addressed but not yet opened.

    Attributes:
        id: name that is stable in its source, never a position (for a folder: the relative path, odd bytes escaped).
        kind: what it holds.
        size: bytes, 0 if unknown.
        licence: as the source states it, empty if it does not.
        stamp: changes when the item may have changed (for a file: its modification time); below 2**63; has no influence
            on output bytes.
        qa: the user's own question about it, as canonical JSON, if the source has one.
        group: items of one group share a split; empty: the item is a group of its own.
        bundle: items of one bundle are read together and stay together in the plan; empty: the item is read alone.
        at: position in its file or bundle, in the source's own notation; has no influence on output bytes.
    """

    id: str
    kind: Kind
    size: int = 0
    licence: str = ""
    stamp: int = 0
    qa: str = ""
    group: str = ""
    bundle: str = ""
    at: str = ""


class Skipped(NamedTuple):
    """An entry of a source that is no item, and the reason why."""

    id: str
    reason: str
    detail: str = ""


class Mark(NamedTuple):
    """A place in a source's listing, in the source's own notation; everything before the mark has been listed."""

    at: str


class VideoMeta(NamedTuple):
    """How a clip is to be sampled: frames per second, number of frames, and the time of each frame in seconds."""

    fps: float
    frames: int
    timestamps: tuple[float, ...]


class Medium(NamedTuple):
    """One encoded picture or clip of a puzzle; ``ext`` is without dot (``jpg``, ``png``, ``mp4``)."""

    data: bytes
    ext: str
    meta: VideoMeta | None = None


class VerifierSpec(NamedTuple):
    """All that a verifier needs to score a response; stored in ``ground_truth`` as one JSON string."""

    kind: str
    target: Any
    params: dict[str, Any]
    v: int = SPEC_VERSION

    def to_json(self) -> str:
        """Return canonical JSON, so that equal specs are equal strings."""
        return canonical_json(self._asdict())


class Answer(NamedTuple):
    """The one right answer of a puzzle.

    Attributes:
        text: the answer as a person would write it, and as it stands in the solution.
        spec: scores a response.
        wrong: answers that must score less; the build checks them.
        chance: expected score of a policy that answers without looking.
        hint: the part of the prompt that tells the model the form of the answer.
    """

    text: str
    spec: VerifierSpec
    wrong: tuple[str, ...]
    chance: float
    hint: str


class Puzzle(NamedTuple):
    """One generated problem, before it gets its id and the form of its prompt.

    Attributes:
        question: text with ``<image>`` or ``<video>`` once per medium, in order.
        media: the media of those placeholders.
        answer: the ground truth.
        difficulty: 0 (easy) to 1 (hard), from the task's parameters alone.
        margin: how clearly the right answer is the only one; 0 is just accepted.
    """

    question: str
    media: tuple[Medium, ...]
    answer: Answer
    difficulty: float
    margin: float


class Rejection(NamedTuple):
    """An item and a task that gave no puzzle; ``reason`` is a key of :data:`REASONS`."""

    item_id: str
    task: str
    reason: str
    detail: str = ""
    variant: int = 0


def canonical_json(value: Any) -> str:  # noqa: ANN401 - JSON is any
    """Return JSON with sorted keys and no spaces, so that equal values give equal strings."""
    return _CANONICAL.encode(value)


def split_in(path: str) -> str:
    """Return the split with which a data file's name begins."""
    return path.rpartition("/")[2].rsplit("-", 3)[0]
