"""lmms-eval: JSON lines with media as paths, and an lmms-eval task for each profile and split.

``lmms-eval --include_path OUT/tasks --tasks puzzlegen`` runs all tasks.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, ClassVar

from puzzlegen.export import Carrier, Made, Row, Target

#: Parts of :func:`puzzlegen.verify.reward` that lmms-eval reports, each as a mean over the rows.
_METRICS = ("score", "accuracy", "format")
_AGGREGATE_METRICS = [{"metric": part, "aggregation": "mean", "weight_by_size": True} for part in _METRICS]
_FUNCTIONS = ("doc_to_messages", "doc_to_text", "doc_to_visual", "process_results")


class LmmsEval(Target):
    """Rows and tasks for lmms-eval; the tasks call the functions of ``puzzlegen.adapters.lmms_eval``."""

    images: ClassVar[tuple[Carrier, ...]] = ("path",)
    videos: ClassVar[tuple[Carrier, ...]] = ("path",)

    def row(self, row: Row, media: list[Any]) -> Row:
        """Return the columns that the adapter's functions read."""
        columns = {name: row[name] for name in ("id", "prompt", "answer", "ground_truth")}
        return columns | {"task": row["extra_info"]["task"], "media": media}

    def files(self, made: Made) -> Mapping[str, bytes]:
        """Return the tasks and their group as YAML: lines of JSON, which is valid YAML, and ``!function`` tags."""
        names = {f"puzzlegen_{profile}_{split}": f"{profile}/{split}.jsonl" for profile, split in _profile_splits(made)}
        tasks = {f"tasks/{name}.yaml": _task_yaml(name, f"{made.root}/{path}") for name, path in names.items()}
        group = json.dumps({"group": "puzzlegen", "task": sorted(names), "aggregate_metric_list": _AGGREGATE_METRICS})
        import_line = f"from puzzlegen.adapters.lmms_eval import {', '.join(_FUNCTIONS)}  # noqa: F401\n"
        return {**tasks, "tasks/puzzlegen.yaml": group.encode(), "tasks/utils.py": import_line.encode()}


def _profile_splits(made: Made) -> list[tuple[str, str]]:
    return [(profile, split) for profile, splits in made.rows.items() for split in splits]


def _task_yaml(name: str, path: str) -> bytes:
    metrics = [{"metric": part, "aggregation": "mean", "higher_is_better": True} for part in _METRICS]
    config = {
        "task": name,
        "dataset_path": "json",
        "dataset_kwargs": {"data_files": {"test": path}},
        "test_split": "test",
        "output_type": "generate_until",
        # By default lmms-eval ends a response at the first empty line, in the middle of the reasoning.
        "generation_kwargs": {"until": [], "max_new_tokens": 4096, "do_sample": False},
        # By default lmms-eval strips the reasoning, which the format score needs.
        "reasoning_tags": "none",
        "doc_to_target": "answer",
        "metric_list": metrics,
        "metadata": [{"version": 1.0}],
    }
    lines = [f"{key}: {json.dumps(value)}" for key, value in config.items()]
    lines += [f"{function}: !function utils.{function}" for function in _FUNCTIONS]
    return "".join(f"{line}\n" for line in lines).encode()
