"""TRL 1.x: a build as a dataset that ``GRPOTrainer`` and ``RLOOTrainer`` take, and reward functions.

    from puzzlegen.adapters import trl
    GRPOTrainer(model, train_dataset=trl.load("puzzles/mine"), reward_funcs=[trl.score_reward], ...)

TRL trains on pictures only: it ignores a column of videos, and on video blocks it computes the loss without having
seen them, both without an error. So clips become frames, each a picture with its time before it. A prompt's blocks are
made when a row is read and never stored: Arrow would add absent keys as nulls, and TRL takes a null ``image`` for one.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from PIL import Image

from puzzlegen.chat import FRAMES, LEAST_PER_CLIP
from puzzlegen.datafile import profile_of
from puzzlegen.errors import IntegrityError, PuzzlegenError
from puzzlegen.media.shown import timed_frames
from puzzlegen.reading import files_of, manifest_of, read_rows
from puzzlegen.records import Profile, split_in
from puzzlegen.schema import features
from puzzlegen.verify import score

if TYPE_CHECKING:
    from datasets import Dataset, IterableDataset

Row = dict[str, Any]
LogMetric = Callable[[str, float], None]
_KEPT: Final = ("id", "data_source", "ability", "answer", "solution", "ground_truth", "extra_info")
_PLACEHOLDER: Final = re.compile("(<image>|<video>)")
_SPEC: Final = {"v", "kind", "target", "params"}


def load(
    folder: str | Path,
    profile: Profile | None = None,
    split: str = "train",
    *,
    streaming: bool = False,
    frames: int | None = None,
) -> Dataset | IterableDataset:
    """One profile and split of a build, as TRL takes it.

    Args:
        folder: a build, or the name of one on the Hugging Face Hub (Parquet only).
        profile: ``image``, ``multi_image``, ``video`` or ``text``; default the largest. TRL takes no mixed batches.
        split: as the recipe names it.
        streaming: read rows as they are needed; ``GRPOConfig`` then needs ``max_steps``.
        frames: most frames per puzzle, shared evenly by its clips, at least two each; default ``FRAMES``.

    Returns:
        Rows of ``prompt`` (messages; where there are pictures, of blocks ``{"type": "image"}`` and
        ``{"type": "text", "text": ...}``), ``images`` (PIL; absent from ``text``) and what rewards need.

    Raises:
        PuzzlegenError: no such build, profile or split, or ``frames`` is below two.
    """
    if frames is not None and frames < LEAST_PER_CLIP:
        raise PuzzlegenError(f"frames={frames} shows no motion; give at least {LEAST_PER_CLIP}, or leave it out")
    rows = _rows(folder, profile, split, streaming)
    one = partial(as_trl, frames=frames or FRAMES)
    if streaming:
        return rows.map(one, remove_columns=rows.column_names)
    return rows.with_transform(partial(_each, one))


def as_trl(row: Row, frames: int = FRAMES) -> Row:
    """One record as TRL takes it; pictures must be decoded already, clips are decoded here.

    Raises:
        IntegrityError: placeholders and media do not match, or a clip lacks frames.
    """
    media = _shown(row, frames)
    count = sum(len(_PLACEHOLDER.findall(message["content"])) for message in row["prompt"])
    if count != len(media):
        raise IntegrityError(f"puzzle {row['id']}: {count} placeholders in the prompt, {len(media)} media")
    rest = iter(media)
    made = {key: row[key] for key in _KEPT}
    if not media:
        return made | {"prompt": row["prompt"]}
    prompt = [{"role": m["role"], "content": list(_blocks(m["content"], rest))} for m in row["prompt"]]
    return made | {"prompt": prompt, "images": [picture for medium in media for _, picture in medium]}


def _shown(row: Row, frames: int) -> list[list[tuple[str, Image.Image]]]:
    """For each medium its pictures, each with the words before it."""
    if row.get("videos"):
        each = max(LEAST_PER_CLIP, frames // len(row["videos"]))
        clips = zip(row["videos"], row["video_meta"], strict=True)
        return [
            [
                (f"\nframe at {time:.2f} s: ", picture)
                for time, picture in timed_frames(c["bytes"], m["timestamps"], each)
            ]
            for c, m in clips
        ]
    return [[("", picture)] for picture in row.get("images") or ()]


def _blocks(content: str, media: Iterator[list[tuple[str, Image.Image]]]) -> Iterator[dict[str, str]]:
    for part in _PLACEHOLDER.split(content):
        if not _PLACEHOLDER.fullmatch(part):
            yield from [{"type": "text", "text": part}] if part else []
            continue
        for words, _ in next(media):
            yield from [{"type": "text", "text": words}] if words else []
            yield {"type": "image"}


def _each(one: Callable[[Row], Row], batch: dict[str, list[Any]]) -> dict[str, list[Any]]:
    rows = [one(dict(zip(batch, values, strict=True))) for values in zip(*batch.values(), strict=True)]
    return {key: [row[key] for row in rows] for key in rows[0]}


def _rows(folder: str | Path, profile: Profile | None, split: str, streaming: bool) -> Any:  # noqa: ANN401 - untyped library
    try:
        import datasets  # noqa: PLC0415 - an extra
    except ImportError as err:
        raise PuzzlegenError('the TRL adapter needs datasets: pip install "puzzlegen[trl]"') from err
    if not Path(folder).is_dir():
        return datasets.load_dataset(str(folder), profile, split=split, streaming=streaming)
    manifest = manifest_of(Path(folder))
    folders = _folders(manifest, folder, profile, split)
    if manifest["recipe"]["output"]["format"] == "parquet":
        return datasets.load_dataset(str(folder), *folders, split=split, streaming=streaming)
    tars = [file for file in files_of(manifest) if file["folder"] in folders and split_in(file["path"]) == split]
    made = datasets.IterableDataset if streaming else datasets.Dataset
    # Digests keep the cache of datasets from taking one build for another that lay in the same place before.
    arguments = {"paths": [str(Path(folder) / t["path"]) for t in tars], "digests": [t["sha256"] for t in tars]}
    known = datasets.Features.from_dict(features(profile_of(folders[0])))
    return made.from_generator(_read, gen_kwargs=arguments, features=known)


def _read(paths: list[str], digests: list[str]) -> Iterator[Row]:  # noqa: ARG001
    for path in paths:
        yield from read_rows(Path(path))


def _folders(manifest: dict[str, Any], folder: str | Path, profile: Profile | None, split: str) -> list[str]:
    """The folders below ``data/`` of a profile with puzzles in the split: one, or in WebDataset one per media count."""
    rows = manifest["rows"]
    sizes = Counter({name: sum(splits.values()) for name, splits in rows.items()})
    chosen = profile or profile_of(max(sizes, key=lambda name: (sizes[name], name), default=""))
    found = [name for name, splits in rows.items() if profile_of(name) == chosen and split in splits]
    if not found:
        has = "; ".join(f"{name}: {', '.join(splits)}" for name, splits in rows.items()) or "none at all"
        raise PuzzlegenError(f"'{folder}' has no puzzles of profile {chosen} in split {split}; it has {has}")
    return found


def score_reward(completions: list[Any], **columns: Any) -> list[float | None]:  # noqa: ANN401
    """The whole score: accuracy, or for composites the weighted mean of the parts that the recipe asks for."""
    return _rewards("score", completions, **columns)


def accuracy_reward(completions: list[Any], **columns: Any) -> list[float | None]:  # noqa: ANN401
    """How right the answer is; for composites the answer to the user's own question."""
    return _rewards("accuracy", completions, **columns)


def format_reward(completions: list[Any], **columns: Any) -> list[float | None]:  # noqa: ANN401
    """1 where the response has the form that was asked for, else 0. Alone it pays for wrong answers: weigh it low."""
    return _rewards("format", completions, **columns)


def transform_reward(completions: list[Any], **columns: Any) -> list[float | None]:  # noqa: ANN401
    """How right a composite names the transformation; None for other rows."""
    return _rewards("transform", completions, **columns)


def length_reward(completions: list[Any], **columns: Any) -> list[float | None]:  # noqa: ANN401
    """1 where a composite's response is right and of the length that the recipe asks for; None for other rows."""
    return _rewards("length", completions, **columns)


def _rewards(
    part: str,
    completions: list[Any],
    ground_truth: list[Any] | None = None,
    data_source: list[str] | None = None,
    log_metric: LogMetric | None = None,
    **_: object,
) -> list[float | None]:
    """One part of every score, None for rows that are not ours; logged row by row, so that means are over rows."""
    truths = ground_truth or [None] * len(completions)
    found = [_part(part, completion, truth) for completion, truth in zip(completions, truths, strict=True)]
    for value, source in zip(found, data_source or (), strict=False):
        if log_metric is not None and value is not None:
            log_metric(f"{source}/{part}", value)
    return found


def _part(part: str, completion: Any, truth: Any) -> float | None:  # noqa: ANN401
    kind = _kind(truth) if isinstance(truth, str) else None
    if kind is None or (part in {"transform", "length"} and kind != "composite"):
        return None
    result = score(completion, truth)
    return result.value if part == "score" else result.parts[part]


@lru_cache(maxsize=4096)
def _kind(truth: str) -> str | None:
    """The kind of a verifier spec; None for any other text, such as a ground truth of another dataset."""
    try:
        spec = json.loads(truth)
    except ValueError:
        return None
    return spec["kind"] if isinstance(spec, dict) and set(spec) == _SPEC else None
