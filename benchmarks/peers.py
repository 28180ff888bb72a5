"""What people do without puzzlegen, on the same files: a plain Pillow loop, a plain PyAV loop, ``datasets.map``."""

from __future__ import annotations

import io
import random
import sys
from pathlib import Path
from typing import Any

from PIL import Image

_QUARTERS = (None, Image.Transpose.ROTATE_90, Image.Transpose.ROTATE_180, Image.Transpose.ROTATE_270)


def turned(row: dict[str, Any]) -> dict[str, Any]:
    """Shrink the picture to the size of a puzzle's and turn it by a random angle: no crop, no cleaning."""
    k = random.randrange(4)
    with Image.open(row["path"]) as raw:
        raw.draft("RGB", (800, 600))
        picture = raw.convert("RGB")
    picture.thumbnail((600, 448), Image.Resampling.BICUBIC)
    transpose = _QUARTERS[k]
    buffer = io.BytesIO()
    (picture if transpose is None else picture.transpose(transpose)).save(buffer, "JPEG", quality=90)
    return {"image": buffer.getvalue(), "answer": str(90 * k)}


def pillow(folder: Path, out: Path) -> None:
    """Turn all pictures in one process, collect the rows, write them at the end."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(pa.Table.from_pylist([turned({"path": str(path)}) for path in sorted(folder.iterdir())]), out)


def datasets(folder: Path, out: Path) -> None:
    """Turn all pictures by ``datasets.map`` with two processes."""
    from datasets import Dataset

    rows = Dataset.from_dict({"path": [str(path) for path in sorted(folder.iterdir())]})
    rows.map(turned, num_proc=2, remove_columns=["path"]).to_parquet(str(out))


def pyav(folder: Path, out: Path) -> None:
    """Decode and convert every frame, keep every fourth of the first 64, encode in reverse with x264's defaults."""
    import av

    del out
    for path in sorted(folder.iterdir()):
        with av.open(str(path)) as container:
            frames = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)][: 4 * 16 : 4]
        with av.open(io.BytesIO(), "w", format="mp4") as output:
            stream = output.add_stream("libx264", rate=4)
            stream.height, stream.width = 224, frames[0].shape[1] * 224 // frames[0].shape[0] // 2 * 2
            stream.pix_fmt = "yuv420p"
            for frame in reversed(frames):
                output.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
            output.mux(stream.encode(None))


if __name__ == "__main__":
    {"pillow": pillow, "datasets": datasets, "pyav": pyav}[sys.argv[1]](Path(sys.argv[2]), Path(sys.argv[3]))
    print(len(list(Path(sys.argv[2]).iterdir())))
