"""How a question is put to a model, and how its right answer is written as a full response."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field

from puzzlegen.records import Answer, Puzzle

_THINK = "Think it through step by step inside <think> and </think>, then give the final answer "
_PLAIN = "Give the final answer "
_PLACE = {
    "answer": "inside <answer> and </answer>",
    "boxed": "inside \\boxed{}",
}


class PromptSettings(BaseModel):
    """The form of prompts and answers: the recipe's section ``prompt``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    reasoning: bool = Field(default=True, description="ask for reasoning inside <think> before the answer")
    format: Literal["answer", "boxed"] = Field("answer", description="where the final answer stands")
    system: str | None = Field(default=None, description="system message, if any")


class Posed(NamedTuple):
    """A puzzle's words, ready for a record."""

    problem: str
    prompt: list[dict[str, str]]
    solution: str
    ground_truth: str


def compose(puzzle: Puzzle, settings: PromptSettings) -> Posed:
    """The puzzle's question and solution in the form that ``settings`` asks for."""
    answer = puzzle.answer
    lead = _THINK if settings.reasoning else _PLAIN
    problem = f"{puzzle.question}\n\n{lead}{_PLACE[settings.format]}: {answer.hint}."
    system = [{"role": "system", "content": settings.system}] if settings.system else []
    params = answer.spec.params | {"format": settings.format, "think": settings.reasoning}
    return Posed(
        problem,
        [*system, {"role": "user", "content": problem}],
        response(answer.text, settings, _because(answer)),
        answer.spec._replace(params=params).to_json(),
    )


def response(text: str, settings: PromptSettings, because: str = "") -> str:
    """A full response that gives ``text`` as its final answer."""
    final = f"<answer>{text}</answer>" if settings.format == "answer" else f"\\boxed{{{text}}}"
    return f"<think>\n{because}\n</think>\n{final}" if settings.reasoning else final


def _because(answer: Answer) -> str:
    options: Any = answer.spec.params.get("options")
    if options:
        return f"What I see fits option {answer.text}: {options[answer.text]}."
    return f"What I see gives {answer.text}."
