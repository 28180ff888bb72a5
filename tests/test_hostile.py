"""Each hostile file is rejected with a reason, in bounded time and memory, without a crash or a read outside."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from conftest import recipe_with
from hostile import FILES, many_scans

from puzzlegen.building import build
from puzzlegen.files import escaped
from puzzlegen.media.limit import SIGNALS
from puzzlegen.reading import files_of, manifest_of, read_rows

TASKS: list[dict[str, Any]] = [{"task": "rotation", "reference": True}, {"task": "overlay_count"}]
KEEP = "hygiene: {duplicates: keep}"
_MOST_KB = 900_000


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    """The result of building all hostile files in a separate process: reasons, items used, and peak memory in kB."""
    place = tmp_path_factory.mktemp("hostile")
    folder = place / "media"
    folder.mkdir()
    for name, (make, _) in FILES.items():
        make(folder / name)
    with open(os.fsencode(folder) + b"/caf\xe9.jpg", "wb") as file:  # noqa: PTH123 - the name is not UTF-8
        file.write(b"no picture")
    (place / "r.yaml").write_text(f"source: {{kind: folder, path: '{folder}'}}\ntasks: {json.dumps(TASKS)}\n{KEEP}\n")
    code = (
        "import resource, subprocess, sys\n"
        f"done = subprocess.run([sys.executable, '-m', 'puzzlegen', 'build', {str(place / 'r.yaml')!r}, '--out', "
        f"{str(place / 'out')!r}, '--workers', '1'])\n"
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)\nsys.exit(done.returncode)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    rows = pq.read_table(place / "out" / "rejections.parquet").to_pylist()
    used = {
        row["extra_info"]["source_uri"]
        for file in files_of(manifest_of(place / "out"))
        for row in read_rows(place / "out" / file["path"], ["extra_info"])
    }
    return {"reasons": {row["item"]: row["reason"] for row in rows}, "used": used, "kb": int(done.stdout.split()[-1])}


@pytest.mark.parametrize("name", FILES)
def test_a_hostile_file_gets_its_reason(told: dict[str, dict[str, str]], name: str) -> None:
    item, expected = escaped(name.encode()), FILES[name][1]
    assert told["reasons"].get(item, "") == expected
    assert (item in told["used"]) == (expected == "")


def test_a_name_that_is_no_utf8_is_escaped(told: dict[str, dict[str, str]]) -> None:
    assert told["reasons"]["caf%E9.jpg"] == "undecodable"


def test_memory_stays_bounded(told: dict[str, int]) -> None:
    assert told["kb"] < _MOST_KB


def test_the_limit_holds_where_no_exception_can_reach() -> None:
    """A regular expression that backtracks for years holds the interpreter's lock, so only a signal can end it."""
    code = (
        "import re\nfrom puzzlegen.media.limit import time_limit\nwith time_limit(1):\n    re.match('(a*)*b', 'a' * 60)"
    )
    done = subprocess.run([sys.executable, "-c", code], check=False, timeout=120)
    assert done.returncode in {-number for number in SIGNALS}  # the signal for CPU time, unless the machine is too busy


def test_the_limit_holds_where_nothing_is_computed() -> None:
    code = "import time\nfrom puzzlegen.media.limit import time_limit\nwith time_limit(0.1):\n    time.sleep(100)"
    done = subprocess.run([sys.executable, "-c", code], check=False, timeout=120)
    assert done.returncode == -signal.SIGALRM


@pytest.mark.slow
def test_a_decoder_that_does_not_come_back_costs_its_item_alone(tmp_path: Path) -> None:
    """Two such files lie beside good ones, which give the same puzzles as without them."""
    folder = tmp_path / "media"
    folder.mkdir()
    source = recipe_with(TASKS).source
    for item in source.items():
        with source.open(item) as file:  # type: ignore[arg-type]
            (folder / f"{item.id}.jpg").write_bytes(file.read())
    for name in ("slow-a.jpg", "slow-b.jpg"):
        many_scans(folder / name, 3000)
    settings: dict[str, Any] = {"source": {"kind": "folder", "path": str(folder)}, "media": {"time_limit_s": 2}}
    settings["hygiene"] = {"duplicates": "keep"}
    built = build(recipe_with(TASKS[:1], **settings), tmp_path / "out", workers=2)
    assert built.manifest is not None
    assert built.manifest["kept"] == {"rotation": 4}
    assert built.manifest["rejected"] == {"rotation": {"too_slow": 2}}
    for name in ("slow-a.jpg", "slow-b.jpg"):
        (folder / name).unlink()
    build(recipe_with(TASKS[:1], **settings), tmp_path / "clean", workers=1)
    found = [
        {
            row["id"]
            for file in files_of(manifest_of(tmp_path / out))
            for row in read_rows(tmp_path / out / file["path"])
        }
        for out in ("out", "clean")
    ]
    assert found[0] == found[1]
