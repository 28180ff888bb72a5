"""Do the puzzles teach? Train a model from scratch on a CPU: a short SFT, then GRPO through the adapter.

    puzzlegen build examples/teaches.yaml --out puzzles/teaches
    python examples/prove_it_teaches.py puzzles/teaches --out docs

Accuracy is measured on held-out scenes. Needs ``puzzlegen[trl]`` and matplotlib. Each run (a task, a seed, with
pictures or with blank ones) writes a file below ``--out`` and is skipped if that file exists. At the end the script
prints a table with chance and intervals, and plots the accuracy curves.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any, Final

import numpy as np
import tiny_vlm
import torch
from transformers import TrainerCallback
from trl import GRPOConfig, GRPOTrainer

from puzzlegen.adapters import trl
from puzzlegen.verify import score

BATCH: Final = 32
SFT_RATE: Final = 2e-3
TASKS: Final = ("rotation", "jigsaw")
CHANCE: Final = {"rotation": 1 / 4, "jigsaw": 1 / 24}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build", type=Path)
    parser.add_argument("--out", type=Path, default=Path("docs"))
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--sft-steps", type=int, default=12)
    parser.add_argument("--steps", type=int, default=320, help="of GRPO")
    parser.add_argument("--prompts", type=int, default=16, help="puzzles per step of GRPO")
    parser.add_argument("--generations", type=int, default=4, help="answers per puzzle")
    parser.add_argument("--every", type=int, default=80, help="GRPO steps between looks at the held-out puzzles")
    parser.add_argument("--learning-rate", type=float, default=5e-4, help="of GRPO; SFT takes 2e-3")
    parser.add_argument("--tasks", nargs="+", choices=TASKS, default=list(TASKS))
    parser.add_argument("--only", choices=["pictures", "blank"], help="one of the two runs per seed")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    runs = arguments.out / "teaches"
    runs.mkdir(parents=True, exist_ok=True)
    for task, seed, blank in product(arguments.tasks, arguments.seeds, (False, True)):
        name = "blank" if blank else "pictures"
        path = runs / f"{task}-{name}-{seed}.json"
        if not path.exists() and arguments.only in {None, name}:
            path.write_text(json.dumps(run(arguments, task, seed, blank=blank)) + "\n")
    report(runs, arguments.out / "teaches.png")


def run(arguments: argparse.Namespace, task: str, seed: int, *, blank: bool) -> dict[str, Any]:
    """Train one model; return which held-out puzzles it got right after SFT, during GRPO and after GRPO."""
    train, held_out = rows_of(arguments.build, task, "train"), list(rows_of(arguments.build, task, "validation"))
    phrases = {text for row in held_out for text in _texts(row)}
    tiny = tiny_vlm.build(phrases=phrases, seed=seed, hidden=64)
    if blank:
        tiny.model.model.visual.register_forward_pre_hook(_blank, with_kwargs=True)
    sft(tiny, train, arguments, seed)
    looks = [(0, right(tiny, held_out))]
    print(f"{task}, seed {seed}, {'blank' if blank else 'pictures'}: {np.mean(looks[-1][1]):.3f} after SFT", flush=True)
    grpo(tiny, train, arguments, seed, _Look(tiny, held_out, looks, arguments.every))
    items = [row["extra_info"]["source_uri"] for row in held_out]
    return {"task": task, "seed": seed, "blank": blank, "items": items, "looks": looks}


def rows_of(build: Path, task: str, split: str) -> Any:
    """Return the rows of one task; each model learns one task only."""
    rows = trl.load(build, "image", split)
    sources = rows.with_format(None)["data_source"]
    return rows.select([k for k, source in enumerate(sources) if source == f"puzzlegen/{task}"])


def _texts(row: Any) -> list[str]:
    """Return question and answer. Each becomes one token, so that there is nothing to learn but to look."""
    return [*(block["text"] for block in row["prompt"][0]["content"] if block["type"] == "text"), row["solution"]]


def _blank(_: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Set every pixel to the mean grey, in training and in testing (a forward pre-hook of the vision tower)."""
    named = {key: torch.zeros_like(value) if key == "hidden_states" else value for key, value in kwargs.items()}
    return (torch.zeros_like(args[0]), *args[1:]) if args else (), named


def sft(tiny: tiny_vlm.Tiny, train: Any, arguments: argparse.Namespace, seed: int) -> None:
    """Train a few steps on the stored solutions, so that the model learns the form of an answer."""
    optimizer = torch.optim.AdamW(tiny.model.parameters(), lr=SFT_RATE)
    order = np.random.default_rng(seed)
    tiny.model.train()
    for _ in range(arguments.sft_steps):
        rows = [train[int(k)] for k in order.integers(len(train), size=BATCH)]
        loss = torch.nn.functional.cross_entropy(answering(tiny, rows), _tokens(tiny, rows))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


def grpo(tiny: tiny_vlm.Tiny, train: Any, arguments: argparse.Namespace, seed: int, look: TrainerCallback) -> None:
    """Run GRPO as any user of the adapter would, only smaller."""
    config = GRPOConfig(
        str(arguments.out / "teaches" / "trainer"), use_cpu=True, bf16=False, gradient_checkpointing=False,
        report_to="none", save_strategy="no", disable_tqdm=True, logging_strategy="no", seed=seed,
        per_device_train_batch_size=arguments.prompts * arguments.generations,
        num_generations=arguments.generations, max_completion_length=1, beta=0.0,
        max_steps=arguments.steps, learning_rate=arguments.learning_rate, lr_scheduler_type="constant",
    )  # fmt: skip
    GRPOTrainer(
        tiny.model, [trl.score_reward], args=config, train_dataset=train, processing_class=tiny.processor,
        callbacks=[look],
    ).train()  # fmt: skip


class _Look(TrainerCallback):  # type: ignore[misc]
    """Evaluates the model on the held-out puzzles every few steps."""

    def __init__(self, tiny: tiny_vlm.Tiny, rows: list[Any], looks: list[Any], every: int) -> None:
        self._tiny, self._rows, self._looks, self._every = tiny, rows, looks, every

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:  # noqa: ARG002 - TRL names them
        if state.global_step % self._every == 0:
            self._looks.append((state.global_step, right(self._tiny, self._rows)))
            print(f"  {np.mean(self._looks[-1][1]):.3f} after step {state.global_step}", flush=True)
            self._tiny.model.train()


def answering(tiny: tiny_vlm.Tiny, rows: list[Any]) -> torch.Tensor:
    """Return the logits ``(rows, vocabulary)`` of the token that answers."""
    texts = [tiny.processor.apply_chat_template(row["prompt"], add_generation_prompt=True) for row in rows]
    images = [row["images"] for row in rows]
    inputs = tiny.processor(images=images, text=texts, padding=True, return_tensors="pt")
    logits: torch.Tensor = tiny.model(**inputs).logits[:, -1]
    return logits


def _tokens(tiny: tiny_vlm.Tiny, rows: list[Any]) -> torch.Tensor:
    return torch.tensor([tiny.processor.tokenizer.convert_tokens_to_ids(row["solution"]) for row in rows])


def right(tiny: tiny_vlm.Tiny, rows: list[Any]) -> list[int]:
    """Return for each puzzle 1 if the verifier scores the likeliest answer as right, else 0."""
    tiny.model.eval()
    hits: list[int] = []
    with torch.no_grad():
        for batch in _batches(rows):
            responses = tiny.processor.batch_decode(answering(tiny, batch).argmax(-1, keepdim=True))
            hits += [
                int(score(text, row["ground_truth"]).value >= 1) for text, row in zip(responses, batch, strict=True)
            ]
    return hits


def _batches(rows: list[Any]) -> Iterator[list[Any]]:
    # Rows are of one task, so their prompts all have the same length.
    for k in range(0, len(rows), BATCH):
        yield rows[k : k + BATCH]


def report(runs: Path, picture: Path) -> None:
    """Print accuracy with intervals, and draw the curves of all runs that have a file."""
    results = [json.loads(path.read_text()) for path in sorted(runs.glob("*.json"))]
    print(f"{'':24} {'n':>5} {'chance':>7} {'after SFT':>24} {'after GRPO':>24}")
    for task, blank in product(TASKS, (False, True)):
        matching = [result for result in results if result["task"] == task and result["blank"] == blank]
        if matching:
            ends = [interval(matching, look) for look in (0, -1)]
            cells = " ".join(f"{mean:7.3f} ({low:.3f} to {high:.3f})" for mean, low, high in ends)
            count = sum(len(result["items"]) for result in matching)
            print(f"{task:12} {'blank' if blank else 'pictures':11} {count:5} {CHANCE[task]:7.3f} {cells}")
    if results:
        draw(results, picture)


def interval(some: list[dict[str, Any]], look: int) -> tuple[float, float, float]:
    """Return the mean accuracy of some runs and its 95 % interval, by resampling seeds and held-out scenes."""
    table: dict[tuple[int, str], list[int]] = {}
    for result in some:
        for item, hit in zip(result["items"], result["looks"][look][1], strict=True):
            table.setdefault((result["seed"], item), []).append(hit)
    seeds, items = sorted({key[0] for key in table}), sorted({key[1] for key in table})
    cell = np.array([[np.mean(table[seed, item]) for item in items] for seed in seeds])
    draws = np.random.default_rng(0)
    means = [
        cell[np.ix_(draws.integers(len(seeds), size=len(seeds)), draws.integers(len(items), size=len(items)))].mean()
        for _ in range(4000)
    ]
    return float(cell.mean()), *map(float, np.quantile(means, [0.025, 0.975]))


def draw(done: list[dict[str, Any]], path: Path) -> None:
    """Plot one panel per task, with one line per run and a dotted line at chance."""
    from matplotlib import pyplot as plt  # noqa: PLC0415 - nothing else needs it

    tasks = [task for task in TASKS if any(result["task"] == task for result in done)]
    figure, panels = plt.subplots(1, len(tasks), figsize=(5 * len(tasks), 3.6), layout="constrained", squeeze=False)
    for task, axes in zip(tasks, panels[0], strict=True):
        for result in (result for result in done if result["task"] == task):
            steps, values = [step for step, _ in result["looks"]], [np.mean(hits) for _, hits in result["looks"]]
            label = ("blank pictures" if result["blank"] else "pictures") if result["seed"] == done[0]["seed"] else None
            axes.plot(steps, values, color="tab:grey" if result["blank"] else "tab:blue", label=label)
        axes.axhline(CHANCE[task], color="black", linestyle=":", label="chance")
        axes.set(title=task, xlabel="GRPO steps after a short SFT", ylabel="held-out accuracy", ylim=(0, 1))
        axes.legend()
    figure.savefig(path, dpi=110)


if __name__ == "__main__":
    main()
