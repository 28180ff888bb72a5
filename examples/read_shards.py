"""Read a build without puzzlegen: python examples/read_shards.py puzzles/video_ssl --out media

Shards are plain Parquet files. This script counts the puzzles per task and writes the first puzzle's media and text to
a folder.
"""

from __future__ import annotations

import argparse
from collections import Counter
from pathlib import Path

import pyarrow.parquet as pq


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build", type=Path)
    parser.add_argument("--out", type=Path, default=Path("media"))
    args = parser.parse_args()
    counts: Counter[str] = Counter()
    shards = sorted(args.build.glob("data/*/*.parquet"))
    for shard in shards:
        counts.update(pq.read_table(shard, columns=["data_source"]).column(0).to_pylist())
    for task, count in sorted(counts.items()):
        print(f"{task:32} {count}")
    first = next(pq.ParquetFile(shards[0]).iter_batches(batch_size=1)).to_pylist()[0]
    args.out.mkdir(parents=True, exist_ok=True)
    for medium in first.get("images") or first.get("videos") or ():
        (args.out / medium["path"]).write_bytes(medium["bytes"])
    (args.out / f"{first['id']}.txt").write_text(f"{first['problem']}\n\n{first['solution']}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
