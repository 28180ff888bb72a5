"""Make skyrl_gym's environment by name and step it: ``run_skyrl_env.py ROWS.jsonl``, with the rows of an export."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import skyrl_gym

from puzzlegen.adapters.skyrl import register


def main(rows: str) -> None:
    """Print what the stored solution and a response without an answer earn, per row."""
    register()
    found = []
    for line in Path(rows).read_text().splitlines():
        row = json.loads(line)
        extras = {key: value for key, value in row.items() if key not in {"prompt", "env_class"}}
        for action in (row["extra_info"]["solution"], "no idea"):
            env = skyrl_gym.make(row["env_class"], env_config={}, extras=extras)
            prompt, _ = env.init(row["prompt"])
            step = env.step(action)
            found.append([step["reward"], step["done"], env.get_metrics(), len(prompt)])
    print("RESULT " + json.dumps(found))


if __name__ == "__main__":
    main(sys.argv[1])
