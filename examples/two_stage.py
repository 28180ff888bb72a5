"""ViSS-R1's two ways to train: first on puzzles and then on your own data, or on records that ask both.

    puzzlegen build pretext_grpo --source my_rows.jsonl --out puzzles/pretext     # stage 1: the puzzles alone
    python examples/two_stage.py pretext puzzles/pretext my_rows.jsonl --model Qwen/Qwen2.5-VL-3B-Instruct

    puzzlegen build viss_r1 --source my_rows.jsonl --out puzzles/joint    # both in one record, <transform> first
    python examples/two_stage.py joint puzzles/joint

``my_rows.jsonl`` holds your own questions, one JSON object per line: ``media`` (the path of a picture, relative to this
file's folder), ``question`` and ``answer``. Stage 2 starts from the model that stage 1 trained. The flags of
train_grpo_trl.py work here too.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import train_grpo_trl as grpo
from datasets import Dataset
from datasets import Image as Picture
from trl import GRPOTrainer

from puzzlegen.adapters import trl
from puzzlegen.records import VerifierSpec

FORM = "\n\nThink it through inside <think> and </think>, then give the answer inside <answer> and </answer>."


def main(given: list[str] | None = None) -> GRPOTrainer:
    command_line = sys.argv[1:] if given is None else given
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("way", choices=["pretext", "joint"])
    way, rest = parser.parse_known_args(command_line[:1])[0].way, command_line[1:]
    return joint(rest) if way == "joint" else pretext(rest)


def joint(rest: list[str]) -> GRPOTrainer:
    """Train in one stage, with each part of the score as a separately logged reward, weighted as in the paper."""
    paper = ["--rewards", "accuracy", "transform", "format", "length", "--weights", "1", "0.5", "1", "0.2"]
    return grpo.main([*rest, *paper])


def pretext(rest: list[str]) -> GRPOTrainer:
    """Train in two stages, the second on the first's model in memory; save each in its own folder below --out."""
    build, own_data, *flags = rest
    chosen = grpo.arguments([build, *flags])
    # Prepared first, so that mistakes in the second stage's input show before the first stage is paid for.
    rows, args = own_rows(Path(own_data)), grpo.config(_stage(chosen, "own", evaluate=None))
    first_trainer = grpo.trainer_for(_stage(chosen, "puzzles"), grpo.load(chosen, "train"))
    _train(first_trainer)
    second_trainer = GRPOTrainer(
        first_trainer.model,
        [grpo.PARTS[name] for name in chosen.rewards],
        args=args,
        train_dataset=rows,
        processing_class=first_trainer.processing_class,
    )
    _train(second_trainer)
    return second_trainer


def _stage(chosen: argparse.Namespace, name: str, **changes: object) -> argparse.Namespace:
    return argparse.Namespace(**{**vars(chosen), "out": chosen.out / name, **changes})


def _train(trainer: GRPOTrainer) -> None:
    trainer.train()
    trainer.save_model(trainer.args.output_dir)


def own_rows(path: Path) -> Dataset:
    """Return the user's rows in the form of puzzles, each with a verifier spec, so that the same rewards score them."""
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    pictures = [[str(path.parent / row["media"])] for row in rows]
    dataset = Dataset.from_dict(
        {
            "images": pictures,
            "prompt": [[{"role": "user", "content": _with_placeholder(row["question"]) + FORM}] for row in rows],
            "ground_truth": [_truth(str(row["answer"])) for row in rows],
            "data_source": ["own"] * len(rows),
        }
    ).cast_column("images", [Picture()])
    return trl.prepare(dataset)


def _with_placeholder(question: str) -> str:
    """Return the question with one ``<image>`` for its picture, in front unless the question has it already.

    Raises:
        SystemExit: the question has more than one placeholder, or a ``<video>``.
    """
    text = question if "<image>" in question else f"<image>\n{question}"
    if text.count("<image>") > 1 or "<video>" in text:
        raise SystemExit(f"{question!r:.80}: a question has one picture; take out the other <image> or <video>")
    return text


def _truth(answer: str) -> str:
    return VerifierSpec("text", answer, {"metric": "exact", "format": "answer", "think": True}).to_json()


if __name__ == "__main__":
    grpo.one_line_per_mistake(main)
