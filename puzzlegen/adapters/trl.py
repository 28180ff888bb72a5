"""TRL 1.x: load a build as a dataset for ``GRPOTrainer`` and ``RLOOTrainer``, and reward functions.

    from puzzlegen.adapters import trl
    GRPOTrainer(model, train_dataset=trl.load("puzzles/mine"), reward_funcs=[trl.score_reward], ...)

TRL trains on pictures only. It ignores a ``videos`` column, and for video blocks in a prompt it computes the loss
without the clips; neither raises an error. So each clip is turned into frames: pictures, each preceded by its time.
Content blocks of a prompt are made when a row is read and never stored, because Arrow would add absent keys as nulls,
and TRL takes a null ``image`` for an image.

Functions of ``datasets`` that combine datasets silently drop transforms that run on reading. So pass several builds to
one :func:`load`. To mix a build with other rows, combine :func:`records` and pass the result to :func:`prepare`:

    mixed = datasets.concatenate_datasets([trl.records("puzzles/mine"), other_rows])
    GRPOTrainer(model, train_dataset=trl.prepare(mixed), reward_funcs=[trl.score_reward], ...)
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

from PIL import Image

from puzzlegen.chat import FRAMES, LEAST_PER_CLIP, frames_of_each, whole_response
from puzzlegen.datafile import profile_of
from puzzlegen.errors import IntegrityError, PuzzlegenError, one_line
from puzzlegen.media.shown import timed_frames
from puzzlegen.reading import files_of, manifest_of, read_rows
from puzzlegen.records import Profile, split_in
from puzzlegen.schema import features
from puzzlegen.verify import score

if TYPE_CHECKING:
    from datasets import Dataset, IterableDataset

Row = dict[str, Any]
LogMetric = Callable[[str, float], None]
#: Columns left out of a prepared record: their content is in its ``prompt`` and ``images``, or in another column.
_CONSUMED_COLUMNS: Final = {"problem", "prompt", "images", "videos", "video_meta", "reward_model"}
_CHECKED_ROWS: Final = 64
_PUZZLE_SOURCE_PREFIX: Final = "puzzlegen/"
_HUB_NAME: Final = re.compile(r"[\w.-]+/[\w.-]+")
_PLACEHOLDER: Final = re.compile("(<image>|<video>)")
_SPEC_KEYS: Final = {"v", "kind", "target", "params"}


def load(
    folders: str | Path | Sequence[str | Path],
    profile: Profile | Sequence[Profile] | None = None,
    split: str = "train",
    *,
    streaming: bool = False,
    frames: int | None = None,
    completions: bool = False,
) -> Dataset | IterableDataset:
    """Load builds as a dataset for TRL: :func:`records` followed by :func:`prepare`.

    Args:
        folders: one build or several; a build is a folder or a name on the Hugging Face Hub (``owner/name``, Parquet
            only).
        profile: one or several of ``image``, ``multi_image`` and ``video``, or ``text`` alone; by default the profile
            with the most puzzles.
        split: a split's name, as in the recipe.
        streaming: whether to read rows only when they are needed; ``GRPOConfig`` then needs ``max_steps``.
        frames: maximum number of frames per puzzle, shared by its clips, which get at least two each; default
            ``FRAMES``.
        completions: whether rows get the stored solution as ``completion``, for ``SFTTrainer``; give ``SFTConfig`` then
            ``remove_unused_columns=False``. ``GRPOTrainer`` takes no such column.

    Returns:
        Rows with ``prompt`` (messages; with pictures, their content is a list of blocks ``{"type": "image"}`` and
        ``{"type": "text", "text": ...}``), ``images`` (PIL; absent for ``text``) and the columns that rewards need.

    Raises:
        PuzzlegenError: there is no such build, profile or split, ``text`` is combined with other profiles, or
            ``frames`` is below two.
    """
    return prepare(records(folders, profile, split, streaming=streaming), frames, completions=completions)


def records(
    folders: str | Path | Sequence[str | Path],
    profile: Profile | Sequence[Profile] | None = None,
    split: str = "train",
    *,
    streaming: bool = False,
) -> Dataset | IterableDataset:
    """Load builds as they are stored, to combine them with other rows before :func:`prepare`.

    Other rows need ``prompt`` (messages whose text holds ``<image>`` once for each picture in ``images``), ``images``
    and the columns that their own rewards read.

    Args:
        folders: as for :func:`load`.
        profile: as for :func:`load`.
        split: a split's name, as in the recipe.
        streaming: whether to read rows only when they are needed; several streams are read one after another, and
            ``shuffle`` mixes them.

    Raises:
        PuzzlegenError: there is no such build, profile or split, or ``text`` is combined with other profiles.
    """
    datasets = _import_datasets()
    builds = [folders] if isinstance(folders, str | Path) else list(folders)
    requested = [profile] if isinstance(profile, str) else profile
    profiles: list[Profile | None] = list(requested) if requested else [_largest_profile(builds)]
    if not builds or ("text" in profiles and len(profiles) > 1):
        raise PuzzlegenError(
            f"folders={builds}, profile={profiles}: give a folder at least, and text puzzles in a run of their own, "
            "because TRL takes no batch of rows with and without pictures"
        )
    loaded = [_load_build(build, wanted_profile, split, streaming) for build in builds for wanted_profile in profiles]
    return loaded[0] if len(loaded) == 1 else datasets.concatenate_datasets(loaded)


def prepare(
    rows: Dataset | IterableDataset, frames: int | None = None, *, completions: bool = False
) -> Dataset | IterableDataset:
    """Convert records to TRL's form, row by row as they are read; columns of the user's own are kept.

    Args:
        rows: the result of :func:`records`, alone or combined with other rows. A combination of several results of
            :func:`load` works as well, because combining them has turned them back into records.
        frames: as for :func:`load`.
        completions: as for :func:`load`; the rows then need ``solution``.

    Raises:
        PuzzlegenError: ``rows`` have no column ``prompt``, or ``frames`` is below two.
    """
    if frames is not None and frames < LEAST_PER_CLIP:
        raise PuzzlegenError(f"frames={frames} shows no motion; give at least {LEAST_PER_CLIP}, or leave it out")
    if "prompt" not in (rows.column_names or ["prompt"]):
        raise PuzzlegenError(f"the rows have no column prompt but {', '.join(rows.column_names)}; give trl.records()")
    convert = partial(as_trl, frames=frames or FRAMES, completions=completions)
    if isinstance(rows, _import_datasets().IterableDataset):
        return rows.map(convert, remove_columns=rows.column_names)
    if "video_meta" in rows.column_names:
        _check_first_rows(rows, frames or FRAMES)
    return rows.with_transform(partial(_convert_batch, convert))


def _check_first_rows(rows: Dataset, frames: int) -> None:
    """Check the first rows for clips that lose frames, to warn now rather than in the middle of training."""
    present_columns = [name for name in ("data_source", "problem", "video_meta") if name in rows.column_names]
    for row in rows.select(range(min(_CHECKED_ROWS, len(rows)))).select_columns(present_columns):
        frames_of_each(row, frames)


def as_trl(row: Row, frames: int = FRAMES, *, completions: bool = False) -> Row:
    """Convert one record to TRL's form; pictures must be decoded already, clips are decoded here.

    Raises:
        IntegrityError: the numbers of placeholders and media differ, or a clip lacks frames.
    """
    media = _pictures_by_medium(row, frames)
    placeholder_count = sum(len(_PLACEHOLDER.findall(_text(message))) for message in row["prompt"])
    if placeholder_count != len(media):
        raise IntegrityError(
            f"puzzle {row.get('id')}: {placeholder_count} placeholders in the prompt, {len(media)} media"
        )
    remaining_media = iter(media)
    converted = {key: value for key, value in row.items() if key not in _CONSUMED_COLUMNS}
    if completions:
        if not isinstance(row.get("solution"), str):
            raise PuzzlegenError("a row has no solution; give SFTConfig(remove_unused_columns=False), or rows with one")
        converted["completion"] = [{"role": "assistant", "content": row["solution"]}]
    if not media:
        return converted | {"prompt": row["prompt"]}
    prompt = [{"role": m["role"], "content": list(_blocks(m["content"], remaining_media))} for m in row["prompt"]]
    return converted | {"prompt": prompt, "images": [picture for medium in media for _, picture in medium]}


def _text(message: Row) -> str:
    content = message["content"]
    if not isinstance(content, str):
        raise PuzzlegenError("a prompt is made of blocks already; combine trl.records(), and prepare what comes out")
    return content


def _pictures_by_medium(row: Row, frames: int) -> list[list[tuple[str, Image.Image]]]:
    """Return for each medium its pictures, each with the text that precedes it (a frame's number and time)."""
    if row.get("videos"):
        clips = zip(row["videos"], row["video_meta"], frames_of_each(row, frames), strict=True)
        frames_by_clip = [timed_frames(clip["bytes"], meta["timestamps"], limit) for clip, meta, limit in clips]
        return [[(f"\n{frame.caption} ", frame.picture) for frame in clip_frames] for clip_frames in frames_by_clip]
    return [[("", picture)] for picture in row.get("images") or ()]


def _blocks(content: str, media: Iterator[list[tuple[str, Image.Image]]]) -> Iterator[dict[str, str]]:
    for part in _PLACEHOLDER.split(content):
        if not _PLACEHOLDER.fullmatch(part):
            yield from [{"type": "text", "text": part}] if part else []
            continue
        for label, _ in next(media):
            yield from [{"type": "text", "text": label}] if label else []
            yield {"type": "image"}


def _convert_batch(convert: Callable[[Row], Row], batch: dict[str, list[Any]]) -> dict[str, list[Any]]:
    rows = [convert(dict(zip(batch, values, strict=True))) for values in zip(*batch.values(), strict=True)]
    if any(row.keys() != rows[0].keys() for row in rows):
        raise PuzzlegenError("rows with and without pictures in one batch, which TRL does not take; train them apart")
    return {key: [row[key] for row in rows] for key in rows[0]}


def _import_datasets() -> Any:  # noqa: ANN401 - untyped library
    try:
        import datasets  # noqa: PLC0415 - an extra
    except ImportError as err:
        raise PuzzlegenError('the TRL adapter needs datasets: pip install "puzzlegen[trl]"') from err
    return datasets


def _load_build(folder: str | Path, profile: Profile | None, split: str, streaming: bool) -> Any:  # noqa: ANN401 - untyped library
    datasets = _import_datasets()
    if not Path(folder).is_dir():
        return _load_from_hub(str(folder), profile, split, streaming)
    manifest = manifest_of(Path(folder))
    folders = _folders(manifest, folder, profile, split)
    if manifest["recipe"]["output"]["format"] == "parquet":
        return datasets.load_dataset(str(folder), *folders, split=split, streaming=streaming)
    tars = [file for file in files_of(manifest) if file["folder"] in folders and split_in(file["path"]) == split]
    dataset_class = datasets.IterableDataset if streaming else datasets.Dataset
    # The cache of datasets is keyed by these arguments: digests tell a build from an earlier one in the same folder.
    arguments = {"paths": [str(Path(folder) / t["path"]) for t in tars], "digests": [t["sha256"] for t in tars]}
    dataset_features = datasets.Features.from_dict(features(profile_of(folders[0])))
    return dataset_class.from_generator(_read_files, gen_kwargs=arguments, features=dataset_features)


def _load_from_hub(name: str, profile: Profile | None, split: str, streaming: bool) -> Any:  # noqa: ANN401
    if not _HUB_NAME.fullmatch(name):
        raise PuzzlegenError(f"'{name}': no such folder, and no name on the Hub, which is owner/name; give a build")
    try:
        return _import_datasets().load_dataset(name, profile, split=split, streaming=streaming)
    # What is not on the Hub is an OSError; a profile or split that a dataset there lacks is a ValueError.
    except (OSError, ValueError) as err:
        detail = one_line(err, 200)
        raise PuzzlegenError(f"'{name}': no such folder here, and the Hub does not give it: {detail}") from err


def _read_files(paths: list[str], digests: list[str]) -> Iterator[Row]:  # noqa: ARG001
    for path in paths:
        yield from read_rows(Path(path))


def _folders(manifest: dict[str, Any], folder: str | Path, profile: Profile | None, split: str) -> list[str]:
    """Return a profile's folders below ``data/`` that have the split: one or, in WebDataset, one per media count."""
    rows = manifest["rows"]
    matching = [name for name, splits in rows.items() if profile_of(name) == profile and split in splits]
    if not matching:
        available = "; ".join(f"{name}: {', '.join(splits)}" for name, splits in rows.items()) or "none at all"
        raise PuzzlegenError(f"'{folder}' has no puzzles of profile {profile} in split {split}; it has {available}")
    return matching


def _largest_profile(builds: Sequence[str | Path]) -> Profile | None:
    """Return the profile with the most puzzles in the local folders; None (no local folder) means the Hub's default."""
    sizes: Counter[str] = Counter()
    for build in builds:
        if Path(build).is_dir():
            for name, splits in manifest_of(Path(build))["rows"].items():
                sizes[profile_of(name)] += sum(splits.values())
    return cast("Profile | None", max(sizes, key=lambda name: (sizes[name], name), default=None))


def score_reward(completions: list[Any], **columns: Any) -> list[float | None]:  # noqa: ANN401
    """Reward with the whole score: the accuracy or, for composites, the mean of its parts weighted by the recipe."""
    return _rewards("score", completions, **columns)


def accuracy_reward(completions: list[Any], **columns: Any) -> list[float | None]:  # noqa: ANN401
    """Reward with the accuracy of the answer; for composites, of the answer to the user's own question."""
    return _rewards("accuracy", completions, **columns)


def format_reward(completions: list[Any], **columns: Any) -> list[float | None]:  # noqa: ANN401
    """Reward 1 for a response in the requested format, else 0. Give it a low weight: it also pays for wrong answers."""
    return _rewards("format", completions, **columns)


def transform_reward(completions: list[Any], **columns: Any) -> list[float | None]:  # noqa: ANN401
    """Reward with the accuracy of the transformation named in a composite; None for other rows."""
    return _rewards("transform", completions, **columns)


def length_reward(completions: list[Any], **columns: Any) -> list[float | None]:  # noqa: ANN401
    """Reward 1 if a composite's answer is not wrong and the response has the recipe's length; None for other rows."""
    return _rewards("length", completions, **columns)


def _rewards(
    part: str,
    completions: list[Any],
    ground_truth: list[Any] | None = None,
    data_source: list[str] | None = None,
    log_metric: LogMetric | None = None,
    prompts: list[Any] | None = None,
    **_: object,
) -> list[float | None]:
    """Return one part of each score, None for rows that are not puzzles; log each row, so that means are over rows."""
    truths = ground_truth or [None] * len(completions)
    for prompt, source in zip(prompts or (), data_source or (), strict=False):
        _refuse_unprepared(prompt, source)
    part_values = [_score_part(part, completion, truth) for completion, truth in zip(completions, truths, strict=True)]
    for value, source in zip(part_values, data_source or (), strict=False):
        if log_metric is not None and value is not None:
            log_metric(f"{source}/{part}", value)
    return part_values


def _refuse_unprepared(prompt: Any, source: object) -> None:  # noqa: ANN401
    """Raise PuzzlegenError if a build's prompt still holds a placeholder as text: a prepared prompt never does."""
    if not str(source).startswith(_PUZZLE_SOURCE_PREFIX):
        return
    contents = [message["content"] for message in prompt] if isinstance(prompt, list) else [prompt]
    blocks = [block for content in contents for block in (content if isinstance(content, list) else [content])]
    texts = [str(block.get("text") if isinstance(block, dict) else block) for block in blocks]
    if placeholder := next(filter(None, map(_PLACEHOLDER.search, texts)), None):
        raise PuzzlegenError(
            f"a prompt of {source} holds {placeholder[0]} as text, so its pictures are lost or out of place: combining "
            "datasets drops what trl.load() does; give the combined dataset to puzzlegen.adapters.trl.prepare()"
        )


def _score_part(part: str, completion: Any, truth: Any) -> float | None:  # noqa: ANN401
    kind = _spec_kind(truth) if isinstance(truth, str) else None
    if kind is None or (part in {"transform", "length"} and kind != "composite"):
        return None
    result = score(_response_text(completion), truth)
    return result.value if part == "score" else result.parts[part]


def _response_text(completion: Any) -> Any:  # noqa: ANN401
    """Return the response preceded by its reasoning, which TRL separates if the tokenizer parses responses."""
    last_message = completion[-1] if isinstance(completion, list) and completion else None
    if not isinstance(last_message, dict) or not isinstance(reply := last_message.get("content") or "", str):
        return completion
    reasoning = last_message.get("reasoning_content") or last_message.get("thinking")
    return whole_response(reply, reasoning) if reasoning else completion


@lru_cache(maxsize=4096)
def _spec_kind(truth: str) -> str | None:
    """Return the kind of a verifier spec; None for any other text, such as a ground truth of another dataset."""
    try:
        spec = json.loads(truth)
    except ValueError:
        return None
    return spec["kind"] if isinstance(spec, dict) and set(spec) == _SPEC_KEYS else None
