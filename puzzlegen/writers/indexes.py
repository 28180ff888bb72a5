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
_DATASET_YAML: Final = b"__module__: megatron.energon\n__class__: CrudeWebdataset\n"
#: Energon knows only three parts of a dataset; splits with other names belong to none.
_SPLIT_PARTS: Final = {"train": "train", "validation": "val", "val": "val", "dev": "val", "test": "test"}

Files = list[dict[str, Any]]


def indexes(out: Path, folder: str, files: dict[str, Files]) -> dict[str, bytes]:
    """Return all indexes of one folder below ``data/``, by path.

    Args:
        out: the output folder.
        folder: name of the folder below ``data/``.
        files: the folder's tars by split, as entries of the manifest.
    """
    base = f"data/{folder}"
    index_files = {f"{f['path']}.idx": _offsets(out / f["path"]) for tars in files.values() for f in tars}
    index_files |= {f"{base}/{split}.json": _wids_index(f"{folder}-{split}", tars) for split, tars in files.items()}
    meta = {"dataset.yaml": _DATASET_YAML, "split.yaml": _split_parts(files), ".info.json": _shard_counts(files)}
    return index_files | {f"{base}/.nv-meta/{name}": data for name, data in meta.items()}


def _offsets(path: Path) -> bytes:
    offsets, last_key = [], ""
    # Opened through the path, which may lie behind a URL.
    with path.open("rb") as file, tarfile.open(fileobj=file, mode="r:") as tar:
        for member in tar:
            key = member.name.partition(".")[0]
            if key != last_key:
                offsets.append(member.offset)
                last_key = key
        offsets.append(tar.offset)
    return struct.pack(f"<{len(offsets)}Q", *offsets)


def _wids_index(name: str, tars: Files) -> bytes:
    shards = [{"url": _file_name(f), "nsamples": f["rows"], "filesize": f["bytes"]} for f in tars]
    return _json_bytes({"__kind__": "wids-shard-index-v1", "wids_version": 1, "name": name, "shardlist": shards})


def _split_parts(files: dict[str, Files]) -> bytes:
    parts: dict[str, list[str]] = {part: [] for part in ("train", "val", "test")}
    for split, tars in files.items():
        if split in _SPLIT_PARTS:
            parts[_SPLIT_PARTS[split]] += [_file_name(f) for f in tars]
    return _json_bytes({"exclude": [], "split_parts": parts})  # JSON is YAML


def _shard_counts(files: dict[str, Files]) -> bytes:
    counts = {_file_name(f): f["rows"] for tars in files.values() for f in tars}
    return _json_bytes({"energon_version": _ENERGON, "shard_counts": counts})


def _file_name(file: dict[str, Any]) -> str:
    return str(file["path"].rpartition("/")[2])


def _json_bytes(value: Any) -> bytes:  # noqa: ANN401 - JSON is any
    return (json.dumps(value, indent=1) + "\n").encode()
