"""Indexes beside WebDataset tars, for the readers of wids and of Megatron-Energon; always the same bytes.

Per tar, ``<tar>.idx`` has the offset of each sample's first header and of the archive's end, as little-endian uint64.
Per folder, ``.nv-meta`` says that its samples are crude (no field map), how many samples each tar holds, and which tars
make up train, val and test. Per split, ``<split>.json`` is the list of shards that wids reads.
"""

from __future__ import annotations

import json
import struct
import tarfile
from pathlib import Path
from typing import Any, Final

#: The version of Energon whose form of ``.nv-meta`` is written.
_ENERGON: Final = "7.4.1"
_DATASET: Final = b"__module__: megatron.energon\n__class__: CrudeWebdataset\n"
#: Energon knows only three parts of a dataset; splits with other names belong to none.
_PARTS: Final = {"train": "train", "validation": "val", "val": "val", "dev": "val", "test": "test"}

Files = list[dict[str, Any]]


def indexes(out: Path, folder: str, files: dict[str, Files]) -> dict[str, bytes]:
    """Return all indexes of one folder below ``data/``, by path.

    Args:
        out: the output folder.
        folder: name of the folder below ``data/``.
        files: the folder's tars by split, as entries of the manifest.
    """
    place = f"data/{folder}"
    made = {f"{f['path']}.idx": _offsets(out / f["path"]) for tars in files.values() for f in tars}
    made |= {f"{place}/{split}.json": _wids(f"{folder}-{split}", tars) for split, tars in files.items()}
    meta = {"dataset.yaml": _DATASET, "split.yaml": _parts(files), ".info.json": _info(files)}
    return made | {f"{place}/.nv-meta/{name}": data for name, data in meta.items()}


def _offsets(path: Path) -> bytes:
    begins, last = [], ""
    with tarfile.open(path, "r:") as tar:
        for member in tar:
            key = member.name.partition(".")[0]
            if key != last:
                begins.append(member.offset)
                last = key
        begins.append(tar.offset)
    return struct.pack(f"<{len(begins)}Q", *begins)


def _wids(name: str, tars: Files) -> bytes:
    shards = [{"url": _name(f), "nsamples": f["rows"], "filesize": f["bytes"]} for f in tars]
    return _json({"__kind__": "wids-shard-index-v1", "wids_version": 1, "name": name, "shardlist": shards})


def _parts(files: dict[str, Files]) -> bytes:
    parts: dict[str, list[str]] = {part: [] for part in ("train", "val", "test")}
    for split, tars in files.items():
        if split in _PARTS:
            parts[_PARTS[split]] += [_name(f) for f in tars]
    return _json({"exclude": [], "split_parts": parts})  # JSON is YAML


def _info(files: dict[str, Files]) -> bytes:
    counts = {_name(f): f["rows"] for tars in files.values() for f in tars}
    return _json({"energon_version": _ENERGON, "shard_counts": counts})


def _name(file: dict[str, Any]) -> str:
    return str(file["path"].rpartition("/")[2])


def _json(value: Any) -> bytes:  # noqa: ANN401 - JSON is any
    return (json.dumps(value, indent=1) + "\n").encode()
