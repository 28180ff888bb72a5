"""A dataset of the Hugging Face Hub, or a local folder that ``datasets`` loads, with any columns of pictures or clips.

``datasets`` determines which files make up a split. If these are Parquet, as nearly everywhere on the Hub, they are
read in place, one row group at a time, and nothing else is downloaded. Other formats are loaded by ``datasets`` into
its cache. The revision is pinned to a commit, which is recorded in the manifest.
"""

from __future__ import annotations

import io
import re
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, Final, Literal

from pydantic import Field

from puzzlegen import columns
from puzzlegen.cells import MediaColumn, Table, open_cell
from puzzlegen.columns import Columns
from puzzlegen.errors import SourceError, Unusable
from puzzlegen.files import Found, Kept, escaped, joined, tree_at
from puzzlegen.records import Item, Kind, Mark, Skipped
from puzzlegen.sources import Source, unmarked
from puzzlegen.tables import Reading, items_of_row, items_of_table, open_beside

_COMMIT: Final = re.compile("[0-9a-f]{40}")
_LOADED_BUNDLE: Final = "rows"
_tables: Final[Kept[Table]] = Kept(1)


class Hub(Source):
    """The pictures and clips of one split of a dataset."""

    kind: Literal["hub"] = "hub"
    name: str = Field(description="a dataset's id, such as user/photos, or a local folder")
    config: str | None = Field(None, description="its config; without it, the default one")
    split: str = Field("train", description="its split")
    revision: str | None = Field(None, description="branch, tag or commit; pinned to a commit when the build begins")
    media: dict[str, Literal["image", "video"]] = Field(
        {},
        description="media columns, such as {picture: image}; without it, the columns that the schema marks as media",
    )
    fields: dict[columns.Field, str] = Field({}, description="other columns by what they hold, such as {id: key}")
    licence: str = Field("", description="default licence for rows without one")

    def placeless(self) -> dict[str, Any]:
        """Return the settings as JSON, without the name if that is a local folder."""
        settings = super().placeless()
        return {k: v for k, v in settings.items() if k != "name"} if Path(self.name).is_dir() else settings

    def pinned(self) -> Source:
        """Return the source with its revision replaced by the commit that this is now."""
        if Path(self.name).is_dir() or _COMMIT.fullmatch(self.revision or ""):
            return self
        info = _call_loader(self.name, lambda: _import_hub().HfApi().dataset_info(self.name, revision=self.revision))
        return self.model_copy(update={"revision": info.sha})

    def items(self) -> Iterator[Item | Skipped]:
        """Yield rows in order of the split's files and of places in them; each medium of a row is an item."""
        return unmarked(self.listed())

    def listed(self, after: str = "") -> Iterator[Item | Skipped | Mark]:
        """Yield the entries of :meth:`items`, with a mark after each file that is read in place."""
        reading = Reading(dict(self.media), Columns.of(None, self.fields, asks=self._asks), self.licence)
        files = self._files()
        if not files or not all(name.endswith(".parquet") for name in files):
            yield from self._loaded_items(reading)
            return
        tree = tree_at(self._root)
        for name in files[files.index(after) + 1 if after in files else 0 :]:
            found = tree.find(name)
            if isinstance(found, Found):
                yield from items_of_table(self._table(name, found.stamp), name, found.stamp, reading)
            else:
                yield found
            yield Mark(name)

    def open(self, item: Item) -> BinaryIO:
        """Open the bytes of the item's cell, or the file that the cell names."""
        name, _, group = item.bundle.rpartition(":")
        if name == _LOADED_BUNDLE:
            return self._loaded_cell(item.at)
        table = _tables.get((self._root, name, item.stamp), lambda: self._table(name, item.stamp))
        content = open_cell(table, int(group), item.at)
        if isinstance(content, str):
            return open_beside(tree_at(self._root), name, content)
        return content

    @property
    def _root(self) -> str:
        return self.name if Path(self.name).is_dir() else f"hf://datasets/{self.name}@{self.revision}"

    def _table(self, name: str, stamp: int) -> Table:
        return Table(tree_at(self._root).parts(name, stamp), name)

    def _files(self) -> list[str]:
        """Return the split's files, relative to the dataset; empty if ``datasets`` does not name them."""
        loader = _import_datasets()
        local_path = Path(self.name)
        if local_path.is_dir() and (local_path / "state.json").is_file():
            return []
        builder = _call_loader(
            self.name, lambda: loader.load_dataset_builder(self.name, self.config, revision=self.revision)
        )
        files_by_split = builder.config.data_files or {}
        if files_by_split and self.split not in files_by_split:
            raise SourceError(
                f"'{self.name}' has no split '{self.split}'; it has {', '.join(map(str, files_by_split))}"
            )
        root = f"{local_path.resolve()}/" if local_path.is_dir() else f"{self._root}/"
        return [escaped(str(file).removeprefix(root).encode()) for file in files_by_split.get(self.split, ())]

    def _load_rows(self) -> Any:  # noqa: ANN401 - datasets has no types
        return _loaded_splits.get((self.name, self.config, self.split, self.revision), lambda: _Loaded(self)).rows

    def _loaded_items(self, reading: Reading) -> Iterator[Item | Skipped]:
        rows = self._load_rows()
        media = _media_columns(rows.features, reading.media, self.name)
        names = [name for name in rows.column_names if name in reading.named.wanted - {c.name for c in media}]
        plain_columns = rows.select_columns(names)
        arrow_rows = rows.with_format("arrow")
        for row_index in range(len(rows)):
            counts = {c.name: _media_count(arrow_rows, row_index, c) for c in media}
            # One bundle per row: rows can be read one by one, and so be shuffled.
            location = f"{_LOADED_BUNDLE}:{row_index}", row_index, 0
            yield from items_of_row(
                {**(plain_columns[row_index] if names else {}), **counts},
                joined(_LOADED_BUNDLE, str(row_index)),
                media,
                reading,
                location,
            )

    def _loaded_cell(self, at: str) -> BinaryIO:
        row, position, column = at.split(":", 2)
        value = self._load_rows().with_format("arrow")[int(row)].column(column)[0].as_py()
        value = value[int(position)] if position else value
        data = value.get("bytes") if isinstance(value, dict) else value
        if isinstance(value, dict) and data is None and value.get("path"):
            return _open_inside(value["path"], self.name)
        if not isinstance(data, bytes):
            raise Unusable("unreadable", "the cell is empty")
        return io.BytesIO(data)


class _Loaded:
    """The rows of a split as loaded by ``datasets``: memory-mapped, media undecoded."""

    def __init__(self, source: Hub) -> None:
        loader = _import_datasets()
        if (Path(source.name) / "state.json").is_file():
            self.rows = _call_loader(source.name, lambda: loader.load_from_disk(source.name))
        else:
            arguments = {"split": source.split, "revision": source.revision}
            self.rows = _call_loader(source.name, lambda: loader.load_dataset(source.name, source.config, **arguments))

    def close(self) -> None:
        """Release the rows."""
        del self.rows


_loaded_splits: Final[Kept[_Loaded]] = Kept(2)


def _open_inside(path: str, name: str) -> BinaryIO:
    """Open a file that a row names, if it lies in the dataset's folder or in a cache of ``datasets``."""
    config, resolved = _import_datasets().config, Path(path).resolve()
    allowed_folders = [config.HF_DATASETS_CACHE, config.HF_CACHE_HOME, *([name] if Path(name).is_dir() else [])]
    if not any(resolved.is_relative_to(Path(folder).resolve()) for folder in allowed_folders):
        raise Unusable("outside_source", path)
    try:
        return resolved.open("rb")
    except FileNotFoundError as err:
        raise Unusable("unreadable", err.strerror or "") from err


def _media_count(rows: Any, row_index: int, column: MediaColumn) -> int:  # noqa: ANN401
    if not column.several:
        return 1
    cell = rows[row_index].column(column.name)[0]
    return len(cell) if cell.is_valid else 0


def _media_columns(features: Any, named: dict[str, Kind], name: str) -> list[MediaColumn]:  # noqa: ANN401
    kinds: dict[str, Kind] = {"Image": "image", "Video": "video"}
    found_columns = []
    for column, feature in features.items():
        inner = feature[0] if isinstance(feature, list) else getattr(feature, "feature", None)
        kind = named.get(column) if named else kinds.get(type(inner or feature).__name__)
        if kind:
            found_columns.append(MediaColumn(column, kind, inner is not None))
    if not found_columns:
        raise SourceError(f"'{name}' has no column of media; name one, such as media: {{picture: image}}")
    return found_columns


def _import_datasets() -> Any:  # noqa: ANN401
    try:
        import datasets  # noqa: PLC0415 - only this source needs it
        from tqdm import tqdm  # noqa: PLC0415 - comes with datasets
    except ImportError as err:
        raise SourceError('a source of kind hub needs datasets: pip install "puzzlegen[read]"') from err
    if not hasattr(tqdm, "_lock"):
        # The lock that tqdm would make is shared between processes, and leaks when a worker is killed.
        tqdm.set_lock(threading.RLock())
    return datasets


def _import_hub() -> Any:  # noqa: ANN401
    _import_datasets()
    import huggingface_hub  # noqa: PLC0415 - comes with datasets

    return huggingface_hub


def _call_loader(name: str, call: Any) -> Any:  # noqa: ANN401
    """Return what the Hub or ``datasets`` answers; all their errors but a lack of memory become a SourceError."""
    try:
        return call()
    except MemoryError:
        raise
    except Exception as err:
        first_line = str(err).partition("\n")[0]
        raise SourceError(f"'{name}' cannot be loaded: {type(err).__name__}: {first_line[:200]}") from err
