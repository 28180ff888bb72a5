"""WebDataset tars: USTAR, without times and owners, never compressed, so that equal rows give equal bytes.

A sample is ``<id>.json`` with all columns but the media, then one member per medium: ``<id>.0.jpg``, ``<id>.1.jpg`` and
so on. Every sample of a folder has the same members and the same JSON keys, without nulls or empty lists, because
``datasets`` takes the schema from the first five samples and drops keys that come later.
"""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path

from puzzlegen.writers import Row

MEDIA_COLUMNS = ("images", "videos")


class TarFile:
    """One tar of a shard."""

    def __init__(self, path: Path) -> None:
        self._tar = tarfile.open(path, "w", format=tarfile.USTAR_FORMAT)  # noqa: SIM115 - closed by close()

    def write(self, rows: list[Row]) -> None:
        """Append ``rows``."""
        for row in rows:
            columns = {key: value for key, value in row.items() if key not in MEDIA_COLUMNS}
            self._add(f"{row['id']}.json", json.dumps(columns, sort_keys=True, ensure_ascii=False).encode())
            for column in MEDIA_COLUMNS:
                for k, medium in enumerate(row.get(column, ())):
                    self._add(f"{row['id']}.{k}.{medium['path'].rpartition('.')[2]}", medium["bytes"])

    def _add(self, name: str, data: bytes) -> None:
        member = tarfile.TarInfo(name)
        member.size = len(data)
        member.mode = 0o644
        self._tar.addfile(member, io.BytesIO(data))

    def close(self) -> None:
        """Write the end of the archive."""
        self._tar.close()
