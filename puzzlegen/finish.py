"""What people see of a finished folder first: its card, with a picture of one puzzle per task."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any, Final

from puzzlegen.census import Census, take_census
from puzzlegen.media.sheet import sheet
from puzzlegen.output import write_atomic
from puzzlegen.records import Medium
from puzzlegen.writers.card import card

ASSETS: Final = "assets"


def write_card(out: Path, manifest: dict[str, Any]) -> list[dict[str, Any]]:
    """Write README.md and its pictures.

    Args:
        out: a folder whose data files are all in place.
        manifest: as it will be written, but for the pictures.

    Returns:
        The pictures, as the manifest names files: path, bytes, sha256.
    """
    census = take_census(out, manifest)
    assets = [_asset(out, *picture) for picture in _pictures(census)]
    write_atomic(out / "README.md", card(manifest, census, {Path(a["path"]).stem: a["path"] for a in assets}).encode())
    return assets


def _pictures(census: Census) -> list[tuple[str, bytes]]:
    found = []
    for task, counted in sorted(census.tasks.items()):
        stored = [*counted.example.get("images", ()), *counted.example.get("videos", ())]
        if stored:
            found.append((task, sheet([Medium(m["bytes"], m["path"].rpartition(".")[2]) for m in stored])))
    return found


def _asset(out: Path, task: str, data: bytes) -> dict[str, Any]:
    path = f"{ASSETS}/{task}.jpg"
    write_atomic(out / path, data)
    return {"path": path, "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
