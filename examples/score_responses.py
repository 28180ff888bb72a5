"""Write a policy's responses and score them: python examples/score_responses.py puzzles/video_ssl new.jsonl

To score responses that you already have, run `puzzlegen score puzzles/video_ssl responses.jsonl`.

The policy here is the laziest possible: it always answers with the first option. It should earn chance and no more:
that is the point.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from puzzlegen.reading import files_of, manifest_of, read_rows
from puzzlegen.scoring import score_file


def respond(row: dict[str, Any]) -> str:
    """Return the response to one puzzle; replace this function by your model."""
    spec = json.loads(row["ground_truth"])
    options = spec["params"].get("options") or spec["params"].get("labels") or ["1"]
    return f"<think>\nI do not look.\n</think>\n<answer>{next(iter(options))}</answer>"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build", type=Path)
    parser.add_argument("responses", type=Path, help="a new file")
    args = parser.parse_args()
    if args.responses.exists():
        parser.error(f"{args.responses} exists; `puzzlegen score` scores it, this writes another one")
    with args.responses.open("x", encoding="utf-8") as file:
        for shard in files_of(manifest_of(args.build)):
            for row in read_rows(args.build / shard["path"]):
                file.write(json.dumps({"id": row["id"], "response": respond(row)}) + "\n")
    for task in score_file(args.build, args.responses).tasks:
        print(f"{task.task:20} n {task.n:5}  reward {task.reward:.3f}  chance {task.chance:.3f}")


if __name__ == "__main__":
    main()
