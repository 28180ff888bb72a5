"""The dataset card: a README.md that the Hub shows and from which ``load_dataset`` finds the files."""

from __future__ import annotations

import re
from typing import Any, Final

import yaml

_LOAD = """```python
from datasets import load_dataset

puzzles = load_dataset("{where}", "{config}", split="{split}")
```"""

_SCORE = """```python
from puzzlegen.verify import score

score(response, puzzle["ground_truth"]).value   # 0.0 to 1.0
```"""

#: What an audit writes stands between these lines, and is replaced by the next.
_AUDIT_BEGINS: Final = "<!-- audit begins -->"
_AUDIT_ENDS: Final = "<!-- audit ends -->"


def card(manifest: dict[str, Any]) -> str:
    """The card of a finished build."""
    parts = [f"---\n{_front_matter(manifest)}---\n\n# Puzzles with one right answer\n"]
    parts.append(
        "Made by [puzzlegen](https://pypi.org/project/puzzlegen/) from raw media, without labels and without a model. "
        "Each record holds a transformed medium, a question, the answer and a verifier spec in `ground_truth`.\n"
    )
    if manifest["rows"]:
        config = max(manifest["rows"], key=lambda f: (sum(manifest["rows"][f].values()), f))
        split = next(iter(sorted(manifest["rows"][config])))
        parts.append(f"## Use\n\n{_LOAD.format(where='.', config=config, split=split)}\n\n{_SCORE}\n")
    parts.append(f"## Puzzles\n\n{_counts(manifest)}\n")
    parts.append(f"## How it was built\n\n{_origin(manifest)}\n")
    return "\n".join(parts)


def _front_matter(manifest: dict[str, Any]) -> str:
    rows = manifest["rows"]
    webdataset = manifest["recipe"]["output"]["format"] == "webdataset"
    suffix = "tar" if webdataset else "parquet"
    largest = max(rows, key=lambda folder: (sum(rows[folder].values()), folder), default=None)
    configs = []
    for folder, splits in rows.items():
        files = [{"split": s, "path": f"data/{folder}/{s}-*.{suffix}"} for s in _in_order(splits)]
        config: dict[str, Any] = {"config_name": folder, "data_files": files}
        configs.append(config | ({"default": True} if folder == largest else {}))
    front = {
        "annotations_creators": ["machine-generated"],
        "tags": ["puzzlegen", "reinforcement-learning", *(["webdataset"] if webdataset else [])],
        "configs": configs,
    }
    return str(yaml.safe_dump(front, sort_keys=False))


def _in_order(splits: dict[str, int]) -> list[str]:
    return sorted(splits, key=lambda split: (split != "train", split))


def _counts(manifest: dict[str, Any]) -> str:
    tasks = sorted(set(manifest["kept"]) | set(manifest["rejected"]) - {""})
    lines = ["| task | puzzles | rejected, by reason |", "|---|---|---|"]
    for task in tasks:
        reasons = sorted(manifest["rejected"].get(task, {}).items())
        why = ", ".join(f"{reason} {count}" for reason, count in reasons) or "none"
        lines.append(f"| `{task}` | {manifest['kept'].get(task, 0)} | {why} |")
    if skipped := manifest["rejected"].get(""):
        lines.append(f"\nNot items: {', '.join(f'{r} {n}' for r, n in sorted(skipped.items()))}.")
    return "\n".join(lines)


def _origin(manifest: dict[str, Any]) -> str:
    versions = ", ".join(f"{name} {number}" for name, number in sorted(manifest["environment"].items()))
    recipe = yaml.safe_dump(manifest["recipe"], sort_keys=False)
    return (
        f"Items: {manifest['source']['items']}. Versions: {versions}. The same recipe, source bytes and versions give "
        f"the same bytes.\n\n```yaml\n{recipe}```"
    )


def with_audit(text: str, section: str) -> str:
    """The card with this section about its audit at its end, in place of an earlier one."""
    spot = re.compile(rf"\n*{re.escape(_AUDIT_BEGINS)}.*?{re.escape(_AUDIT_ENDS)}\n", re.DOTALL)
    return f"{spot.sub('', text).rstrip()}\n\n{_AUDIT_BEGINS}\n{section.strip()}\n{_AUDIT_ENDS}\n"
