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
_LOADED: Final = "rows"
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
        told = super().placeless()
        return {k: v for k, v in told.items() if k != "name"} if Path(self.name).is_dir() else told

    def pinned(self) -> Source:
        """Return the source with its revision replaced by the commit that this is now."""
        if Path(self.name).is_dir() or _COMMIT.fullmatch(self.revision or ""):
            return self
        told = _asked(self.name, lambda: _hub().HfApi().dataset_info(self.name, revision=self.revision))
        return self.model_copy(update={"revision": told.sha})

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
        if name == _LOADED:
            return self._loaded_cell(item.at)
        table = _tables.get((self._root, name, item.stamp), lambda: self._table(name, item.stamp))
        found = open_cell(table, int(group), item.at)
        if isinstance(found, str):
            return open_beside(tree_at(self._root), name, found)
        return found

    @property
    def _root(self) -> str:
        return self.name if Path(self.name).is_dir() else f"hf://datasets/{self.name}@{self.revision}"

    def _table(self, name: str, stamp: int) -> Table:
        return Table(tree_at(self._root).parts(name, stamp), name)

    def _files(self) -> list[str]:
        """Return the split's files, relative to the dataset; empty if ``datasets`` does not name them."""
        loader = _datasets()
        here = Path(self.name)
        if here.is_dir() and (here / "state.json").is_file():
            return []
        builder = _asked(self.name, lambda: loader.load_dataset_builder(self.name, self.config, revision=self.revision))
        found = builder.config.data_files or {}
        if found and self.split not in found:
            raise SourceError(f"'{self.name}' has no split '{self.split}'; it has {', '.join(map(str, found))}")
        root = f"{here.resolve()}/" if here.is_dir() else f"{self._root}/"
        return [escaped(str(file).removeprefix(root).encode()) for file in found.get(self.split, ())]

    def _loaded(self) -> Any:  # noqa: ANN401 - datasets has no types
        return _datasets_loaded.get((self.name, self.config, self.split, self.revision), lambda: _Loaded(self)).rows

    def _loaded_items(self, reading: Reading) -> Iterator[Item | Skipped]:
        rows = self._loaded()
        media = _media_of(rows.features, reading.media, self.name)
        names = [name for name in rows.column_names if name in reading.named.wanted - {c.name for c in media}]
        light = rows.select_columns(names)
        plain = rows.with_format("arrow")
        for place in range(len(rows)):
            counts = {c.name: _length(plain, place, c) for c in media}
            spot = f"{_LOADED}:{place}", place, 0  # one bundle per row: rows can be read one by one, and so be shuffled
            yield from items_of_row(
                {**(light[place] if names else {}), **counts}, joined(_LOADED, str(place)), media, reading, spot
            )

    def _loaded_cell(self, at: str) -> BinaryIO:
        row, place, column = at.split(":", 2)
        value = self._loaded().with_format("arrow")[int(row)].column(column)[0].as_py()
        value = value[int(place)] if place else value
        data = value.get("bytes") if isinstance(value, dict) else value
        if isinstance(value, dict) and data is None and value.get("path"):
            return _inside(value["path"], self.name)
        if not isinstance(data, bytes):
            raise Unusable("unreadable", "the cell is empty")
        return io.BytesIO(data)


class _Loaded:
    """The rows of a split as loaded by ``datasets``: memory-mapped, media undecoded."""

    def __init__(self, source: Hub) -> None:
        loader = _datasets()
        if (Path(source.name) / "state.json").is_file():
            self.rows = _asked(source.name, lambda: loader.load_from_disk(source.name))
        else:
            arguments = {"split": source.split, "revision": source.revision}
            self.rows = _asked(source.name, lambda: loader.load_dataset(source.name, source.config, **arguments))

    def close(self) -> None:
        """Release the rows."""
        del self.rows


_datasets_loaded: Final[Kept[_Loaded]] = Kept(2)


def _inside(path: str, name: str) -> BinaryIO:
    """Open a file that a row names, if it lies in the dataset's folder or in a cache of ``datasets``."""
    config, place = _datasets().config, Path(path).resolve()
    known = [config.HF_DATASETS_CACHE, config.HF_CACHE_HOME, *([name] if Path(name).is_dir() else [])]
    if not any(place.is_relative_to(Path(folder).resolve()) for folder in known):
        raise Unusable("outside_source", path)
    try:
        return place.open("rb")
    except FileNotFoundError as err:
        raise Unusable("unreadable", err.strerror or "") from err


def _length(rows: Any, place: int, column: MediaColumn) -> int:  # noqa: ANN401
    if not column.several:
        return 1
    cell = rows[place].column(column.name)[0]
    return len(cell) if cell.is_valid else 0


def _media_of(features: Any, named: dict[str, Kind], name: str) -> list[MediaColumn]:  # noqa: ANN401
    kinds: dict[str, Kind] = {"Image": "image", "Video": "video"}
    found = []
    for column, form in features.items():
        inner = form[0] if isinstance(form, list) else getattr(form, "feature", None)
        kind = named.get(column) if named else kinds.get(type(inner or form).__name__)
        if kind:
            found.append(MediaColumn(column, kind, inner is not None))
    if not found:
        raise SourceError(f"'{name}' has no column of media; name one, such as media: {{picture: image}}")
    return found


def _datasets() -> Any:  # noqa: ANN401
    try:
        import datasets  # noqa: PLC0415 - only this source needs it
        from tqdm import tqdm  # noqa: PLC0415 - comes with datasets
    except ImportError as err:
        raise SourceError('a source of kind hub needs datasets: pip install "puzzlegen[read]"') from err
    if not hasattr(tqdm, "_lock"):
        # The lock that tqdm would make is shared between processes, and leaks when a worker is killed.
        tqdm.set_lock(threading.RLock())
    return datasets


def _hub() -> Any:  # noqa: ANN401
    _datasets()
    import huggingface_hub  # noqa: PLC0415 - comes with datasets

    return huggingface_hub


def _asked(name: str, call: Any) -> Any:  # noqa: ANN401
    """Return what the Hub or ``datasets`` answers; all their errors but a lack of memory become a SourceError."""
    try:
        return call()
    except MemoryError:
        raise
    except Exception as err:
        first = str(err).partition("\n")[0]
        raise SourceError(f"'{name}' cannot be loaded: {type(err).__name__}: {first[:200]}") from err
