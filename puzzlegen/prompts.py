"""Prompts and solutions: how a question is put to a model, and how its right answer is written as a full response."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, field_validator

from puzzlegen.records import Answer, Puzzle

_THINK = "Think step by step inside <think> and </think>, then give the final answer "
_PLAIN = "Give the final answer "
#: Placeholders of media in a question.
PLACEHOLDERS = ("<image>", "<video>")
#: Where the final answer must stand, in the prompt's words.
PLACE = {
    "answer": "inside <answer> and </answer>",
    "boxed": "inside \\boxed{}",
}


class PromptSettings(BaseModel):
    """The form of prompts and answers: the recipe's section ``prompt``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    reasoning: bool = Field(default=True, description="ask for reasoning inside <think> before the answer")
    format: Literal["answer", "boxed"] = Field("answer", description="where the final answer stands")
    system: str | None = Field(default=None, description="system message, if any")

    @field_validator("system")
    @classmethod
    def _without_media(cls, system: str | None) -> str | None:
        if system and (named := [word for word in PLACEHOLDERS if word in system]):
            raise ValueError(f"it holds {named[0]}, which stands for a medium in the question; leave it out")
        return system


class Posed(NamedTuple):
    """The texts of a puzzle, ready for a record.

    Attributes:
        problem: the user's text.
        prompt: the same text as chat messages.
        solution: a full response that scores 1 or, in a composite, 1 in each part but the length.
        ground_truth: the verifier spec, as JSON.
        answer: the answer as a person would write it.
        chance: expected score of a policy that answers without looking.
        wrong: full responses that must score less than 1.
        tag: suffix of the record's ability, for what the record trains besides the task's own.
    """

    problem: str
    prompt: list[dict[str, str]]
    solution: str
    ground_truth: str
    answer: str
    chance: float
    wrong: tuple[str, ...]
    tag: str = ""


def compose(puzzle: Puzzle, settings: PromptSettings) -> Posed:
    """Return the puzzle's question and solution in the form that ``settings`` asks for."""
    answer = puzzle.answer
    lead = _THINK if settings.reasoning else _PLAIN
    problem = f"{puzzle.question}\n\n{lead}{PLACE[settings.format]}: {answer.hint}."
    params = answer.spec.params | {"format": settings.format, "think": settings.reasoning}
    return Posed(
        problem,
        messages(problem, settings),
        response(answer.text, settings, because(answer)),
        answer.spec._replace(params=params).to_json(),
        answer.text,
        answer.chance,
        tuple(response(wrong, settings) for wrong in answer.wrong),
    )


def messages(problem: str, settings: PromptSettings) -> list[dict[str, str]]:
    """Return the user's text as chat messages, after the system message if there is one."""
    system = [{"role": "system", "content": settings.system}] if settings.system else []
    return [*system, {"role": "user", "content": problem}]


def response(text: str, settings: PromptSettings, because: str = "") -> str:
    """Return a full response with ``text`` as its final answer."""
    return reasoned(final(text, settings), settings, because)


def final(text: str, settings: PromptSettings) -> str:
    """Return ``text`` in the tags or box of a final answer."""
    return f"<answer>{text}</answer>" if settings.format == "answer" else f"\\boxed{{{text}}}"


def reasoned(said: str, settings: PromptSettings, because: str) -> str:
    """Return what a response says, preceded by its reasoning if reasoning is asked for."""
    return f"<think>\n{because}\n</think>\n{said}" if settings.reasoning else said


def because(answer: Answer) -> str:
    """Return a sentence of reasoning that leads to the answer."""
    options: Any = answer.spec.params.get("options")
    if isinstance(options, dict):
        return f"What I see fits option {answer.text}: {options[answer.text]}."
    return f"What I see gives {answer.text}."
