"""Parquet in the form that suits the Hugging Face Hub, with the same bytes whenever the rows are the same.

Each call of ``write`` writes one combined table as one row group; this and pinned codecs make the bytes stable. Media
columns stay uncompressed and content-defined chunking is on, so that the Hub stores only what changed.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq

from puzzlegen.arrays import arrow_array
from puzzlegen.records import Profile
from puzzlegen.schema import MEDIA_LEAVES, arrow_schema, leaves
from puzzlegen.writers import Row

CHUNKING: Final = {"min_chunk_size": 256 * 1024, "max_chunk_size": 1024 * 1024, "norm_level": 0}


class ParquetFile:
    """One Parquet file of a shard."""

    def __init__(self, path: Path, profile: Profile) -> None:
        self._schema = arrow_schema(profile)
        self._file = pq.ParquetWriter(
            path,
            self._schema,
            version="2.6",
            compression={leaf: "none" if leaf in MEDIA_LEAVES else "zstd" for leaf in leaves(self._schema)},
            use_dictionary=False,
            write_statistics=[leaf for leaf in leaves(self._schema) if leaf not in MEDIA_LEAVES],
            write_page_index=True,
            use_content_defined_chunking=CHUNKING,
        )

    def write(self, rows: list[Row]) -> None:
        """Append ``rows`` as one row group."""
        columns = [arrow_array([row[field.name] for row in rows], field.type) for field in self._schema]
        self._file.write_table(pa.Table.from_arrays(columns, schema=self._schema), row_group_size=len(rows))

    def close(self) -> None:
        """Write the footer."""
        self._file.close()
