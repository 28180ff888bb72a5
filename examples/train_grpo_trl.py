"""Train on a build by GRPO with TRL: any vision-language model that TRL takes, all of its weights or by LoRA.

    python examples/train_grpo_trl.py puzzles/mine --model Qwen/Qwen2.5-VL-3B-Instruct --lora --vllm
    accelerate launch examples/train_grpo_trl.py puzzles/mine --profile video --frames 16
    python examples/train_grpo_trl.py puzzles/mine --tiny --max-steps 2   # no GPU, no download: does it run?

Needs ``puzzlegen[trl]``; ``--vllm`` needs vllm.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from trl import GRPOConfig, GRPOTrainer

from puzzlegen.adapters import trl
from puzzlegen.chat import FRAMES
from puzzlegen.errors import PuzzlegenError

PARTS = {
    "score": trl.score_reward,
    "accuracy": trl.accuracy_reward,
    "format": trl.format_reward,
    "transform": trl.transform_reward,
    "length": trl.length_reward,
}


def arguments(given: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build", help="a folder that puzzlegen built, or its name on the Hub")
    parser.add_argument("--profile", choices=["image", "multi_image", "video", "text"], help="default: the largest")
    parser.add_argument("--frames", type=int, help=f"most frames per puzzle of clips; default {FRAMES}")
    parser.add_argument("--streaming", action="store_true", help="read rows as they are needed; wants --max-steps")
    parser.add_argument("--evaluate", metavar="SPLIT", help="a split to evaluate on, such as validation")
    parser.add_argument("--model", default="Qwen/Qwen2.5-VL-3B-Instruct", help="name or folder")
    parser.add_argument("--tiny", action="store_true", help="a random model of 100,000 weights instead, on the CPU")
    parser.add_argument("--lora", action="store_true", help="train adapters of rank 16 in place of all weights")
    parser.add_argument("--vllm", action="store_true", help="generate with vLLM, in the same process")
    parser.add_argument("--rewards", nargs="+", choices=PARTS, default=["score"], help="parts of the score")
    parser.add_argument("--weights", nargs="+", type=float, help="one per reward; default 1 each")
    parser.add_argument("--out", type=Path, default=Path("runs/grpo"))
    parser.add_argument("--max-steps", type=int, default=-1)
    parser.add_argument("--batch", type=int, default=8, help="completions per device and step")
    parser.add_argument("--generations", type=int, default=8, help="completions per puzzle")
    parser.add_argument("--completion", type=int, default=512, help="most tokens of a completion")
    parser.add_argument("--learning-rate", type=float, default=1e-6)
    parser.add_argument("--beta", type=float, default=0.0, help="weight of the KL term")
    parser.add_argument("--seed", type=int, default=42)
    chosen = parser.parse_args(given)
    if chosen.weights and len(chosen.weights) != len(chosen.rewards):
        counts = f"{len(chosen.weights)} --weights for {len(chosen.rewards)} --rewards"
        raise PuzzlegenError(f"{counts}; give one per reward")
    if chosen.streaming and chosen.max_steps < 1:
        raise PuzzlegenError("--streaming does not know how many rows there are; give --max-steps")
    return chosen


def main(given: list[str] | None = None) -> GRPOTrainer:
    chosen = arguments(given)
    trainer = trainer_for(chosen, load(chosen, "train"))
    trainer.train()
    if not chosen.tiny:
        trainer.save_model(str(chosen.out))
    return trainer


def load(chosen: argparse.Namespace, split: str) -> Any:
    return trl.load(chosen.build, chosen.profile, split, streaming=chosen.streaming, frames=chosen.frames)


def trainer_for(chosen: argparse.Namespace, rows: Any) -> GRPOTrainer:
    """Return a trainer on ``rows`` with the command line's settings.

    Raises:
        PuzzlegenError: there is no such split to evaluate on, no such model, or the settings contradict each other.
    """
    model, processor = _model(chosen)
    settings, evaluated = config(chosen), load(chosen, chosen.evaluate) if chosen.evaluate else None
    try:
        return GRPOTrainer(
            model,
            [PARTS[name] for name in chosen.rewards],
            args=settings,
            train_dataset=rows,
            eval_dataset=evaluated,
            processing_class=processor,
            peft_config=_lora() if chosen.lora else None,
        )
    except OSError as err:  # so transformers says that there is no such model
        raise PuzzlegenError(f"'{chosen.model}' cannot be loaded: {' '.join(str(err).split()):.200}") from err


def _model(chosen: argparse.Namespace) -> tuple[Any, Any]:
    """Return what TRL takes: a name to load by itself and None, or a model and its processor."""
    if not chosen.tiny:
        return chosen.model, None
    import tiny_vlm  # noqa: PLC0415 - beside this file

    return tiny_vlm.build()


def config(chosen: argparse.Namespace) -> GRPOConfig:
    """Return GRPO's configuration with the command line's settings.

    Raises:
        PuzzlegenError: TRL refuses the settings, such as a --batch that --generations does not divide.
    """
    precision: dict[str, Any] = (
        {"use_cpu": True, "bf16": False, "gradient_checkpointing": False} if chosen.tiny else {"bf16": True}
    )
    if not chosen.tiny:
        precision["model_init_kwargs"] = {"dtype": "bfloat16"}
    try:
        return _config(chosen, precision)
    except ValueError as err:
        raise PuzzlegenError(f"TRL refuses these settings: {' '.join(str(err).split())}") from err


def _config(chosen: argparse.Namespace, precision: dict[str, Any]) -> GRPOConfig:
    return GRPOConfig(
        str(chosen.out),
        max_steps=chosen.max_steps,
        per_device_train_batch_size=chosen.batch,
        per_device_eval_batch_size=chosen.batch,
        num_generations=chosen.generations,
        max_completion_length=chosen.completion,
        learning_rate=chosen.learning_rate,
        reward_weights=chosen.weights,
        beta=chosen.beta,
        use_vllm=chosen.vllm,
        seed=chosen.seed,
        logging_steps=1,
        eval_strategy="steps" if chosen.evaluate else "no",
        eval_steps=100,
        save_strategy="no" if chosen.tiny else "steps",
        report_to="none",
        **precision,
    )


def _lora() -> Any:
    from peft import LoraConfig  # noqa: PLC0415 - only where it is asked for

    # Only the language model's projections; those of the vision tower have other names (qkv, proj) and are not adapted.
    names = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
    return LoraConfig(r=16, lora_alpha=32, target_modules=names, task_type="CAUSAL_LM")


def one_line_per_mistake(run: Callable[[], object]) -> None:
    """Run a script; a user's mistake ends it with one line and exit code 2, as in puzzlegen's own commands."""
    try:
        run()
    except PuzzlegenError as err:
        print(err, file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    one_line_per_mistake(main)
