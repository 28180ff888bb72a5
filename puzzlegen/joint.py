"""Joint records, which ask two questions: what was done to the medium, and the user's own about the original (ViSS-R1).

The first answer goes into ``<transform>``, the second into ``<answer>``, and one verifier spec weighs both. The truth
of the first question is always the transformation that was applied, never what some model said about it. Tasks may cut
the rim off a medium: a question about the rim can then not be answered, which nothing here can detect.
"""

from __future__ import annotations

import re
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from puzzlegen.chance import expected
from puzzlegen.prompts import PLACE, Posed, PromptSettings, because, final, messages, reasoned
from puzzlegen.questions import AnswerType, Question
from puzzlegen.ranges import RISING
from puzzlegen.records import Item, Puzzle, Spoils, VerifierSpec
from puzzlegen.verify import VerifierError, score, solved

_WORDS: Final[dict[Spoils, str]] = {
    "directions": (
        "left|right|leftmost|rightmost|top|bottom|upper|lower|up|down|upwards?|downwards?|above|below|beneath|under"
        "|underneath|over|upside|upright|horizontal|horizontally|vertical|vertically|diagonal|diagonally|corners?"
        "|clockwise|counter-?clockwise|anti-?clockwise|north|south|east|west|rotat(?:e|es|ed|ing|ion)|tilted"
        "|directions?|positions?|facing|quadrant|coordinates?"
    ),
    "order": (
        "before|after|afterwards|first|second|third|last|next|then|begin|begins|beginning|start|starts|starting|end"
        "|ends|ending|final|finally|initial|initially|early|earlier|earliest|late|later|latest|previous|previously"
        "|prior|following|subsequent|subsequently|order|sequence|chronological|reversed?|eventually|until|meanwhile"
        "|becom(?:e|es|ing)|timestamps?|directions?"
    ),
}
_SPOILED_PATTERNS: Final = {spoils: re.compile(rf"\b(?:{words})\b", re.IGNORECASE) for spoils, words in _WORDS.items()}
_METRICS: Final[dict[AnswerType, str]] = {
    "numerical": "numeric",
    "ocr": "wer",
    "free": "rouge",
    "regression": "relative",
}
_STOPS: Final = (".", "!", "?")
_HINTS: Final[dict[AnswerType, str]] = {
    "choice": "only the letter of the correct option",
    "numerical": "only the number",
    "ocr": "only the text that is read, word for word",
    "free": "only the answer itself",
    "regression": "only the number",
}
#: Most characters of an answer, and of a whole reason, in a rejection.
_MAX_SHOWN_CHARS: Final = 80
_MAX_DETAIL_CHARS: Final = 200


class Weights(BaseModel):
    """The weight of each part of a response. All four parts are also reported separately, for trainers that weigh them.

    ``length`` is 0 by default, unlike in ViSS-R1, so that a stored solution scores 1: few are as long as asked for.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    answer: float = Field(1.0, gt=0, le=100, description="the user's question is answered correctly")
    transform: float = Field(0.5, gt=0, le=100, description="the transformation is named correctly")
    format: float = Field(1.0, ge=0, le=100, description="the response has the tags that were asked for")
    length: float = Field(
        0.0, ge=0, le=100, description="the response has about the length that was asked for; ViSS-R1 uses 0.2"
    )


Words = Annotated[int, Field(ge=0)]


class JoinSettings(BaseModel):
    """How a puzzle and the user's own question become one record: the recipe's section ``join``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    mode: Literal["rl", "sft"] = Field(
        "rl",
        description="whose reasoning solutions give for your question: rl a generated sentence, sft your own thought",
    )
    weights: Weights = Weights()
    words_range: Annotated[tuple[Words, Words], RISING] = Field(
        (320, 768), description="fewest and most words of a response that earns the length's weight"
    )
    unasked: Literal["reject", "pretext"] = Field(
        "reject", description="items without a question: reject them, or ask the puzzle alone"
    )
    spoilable: Literal["keep", "reject"] = Field(
        "keep",
        description="questions whose wording the transformation would invalidate: keep them with a tag, or reject",
    )


def refusal(
    settings: JoinSettings, item: Item, spoils: Spoils | None, prompt: PromptSettings
) -> tuple[str, str] | None:
    """The rejection's reason and detail if the item's question cannot be joined to a puzzle; None if it can."""
    if not item.qa:
        return "no_question", ""
    question = Question.from_json(item.qa)
    if settings.spoilable == "reject" and spoilable(question, spoils):
        return "spoiled_question", ""
    problem = _scoring_problem(question, prompt, settings)
    return ("unverifiable", problem) if problem else None


def _scoring_problem(question: Question, prompt: PromptSettings, join: JoinSettings) -> str:
    """Why a response with both right answers does not score as solved, or one with a wrong second answer does."""
    first_spec = VerifierSpec("choice", "A", {"options": {"A": "yes", "B": "no"}})
    truth, thought = _joint_spec(first_spec, question, prompt, join).to_json(), _second_thought(question, join)
    responses = [_response("A", text, prompt, thought) for text in (question.answer, *_wrong_answers(question))]
    shown_answer = f"the answer '{question.answer[:_MAX_SHOWN_CHARS]}'"
    try:
        right, *wrong = (solved(score(scored_response, truth)) for scored_response in responses)
    except VerifierError as err:
        if question.type == "choice":
            return str(err)[:_MAX_DETAIL_CHARS]
        is_number = question.type in ("numerical", "regression")
        return f"{shown_answer} {'is not a number' if is_number else 'has no words, or too many to be scored'}"
    if not right:
        return f"{shown_answer} is not read back unchanged from {PLACE[prompt.format]}"
    return f"a wrong answer would score like {shown_answer}" if any(wrong) else ""


def spoilable(question: Question, spoils: Spoils | None) -> bool:
    """Whether the question mentions what the transformation changes, so that only the restored medium answers it."""
    words = " ".join([question.text, *question.options.values()])
    return spoils is not None and _SPOILED_PATTERNS[spoils].search(words) is not None


def compose(puzzle: Puzzle, item: Item, spoils: Spoils | None, prompt: PromptSettings, join: JoinSettings) -> Posed:
    """Compose a puzzle and the user's own question into one record.

    Args:
        puzzle: the first question, with the transformed medium.
        item: the item, whose ``qa`` is the second question.
        spoils: the kind of question that the transformation spoils, if any.
        prompt: the form of the answer, whether reasoning is asked for, and the system message.
        join: the weights, and whose reasoning the solution contains.
    """
    question = Question.from_json(item.qa)
    problem = f"{puzzle.question}\n\n{_second_problem(question, item)}\n\n{_answer_form(puzzle, question, prompt)}"
    truth = _joint_spec(puzzle.answer.spec, question, prompt, join)
    thought = _thought(puzzle, question, join)
    wrong = [(text, question.answer) for text in puzzle.answer.wrong]
    wrong += [(puzzle.answer.text, text) for text in _wrong_answers(question)]
    return Posed(
        problem,
        messages(problem, prompt),
        _response(puzzle.answer.text, question.answer, prompt, thought),
        truth.to_json(),
        question.answer,
        expected(truth),
        tuple(_response(*answers, prompt, thought) for answers in wrong),
        "+question:spoilable" if spoilable(question, spoils) else "+question",
    )


def _second_problem(question: Question, item: Item) -> str:
    medium = "clip" if item.kind == "video" else "picture"
    options = "".join(f"\n{letter}. {text}" for letter, text in question.options.items())
    return (
        f"That was the first question. The second is about the {medium} as it was before it was changed: mentally undo "
        f"the change, then answer.\n{question.text}{options}"
    )


def _answer_form(puzzle: Puzzle, question: Question, prompt: PromptSettings) -> str:
    think = "Think about both step by step inside <think> and </think>. Then give" if prompt.reasoning else "Give"
    return (
        f"{think} the answer to the first question inside <transform> and </transform>: {puzzle.answer.hint}. "
        f"Then give the answer to the second question {PLACE[prompt.format]}: {_HINTS[question.type]}."
    )


def _joint_spec(
    first_spec: VerifierSpec, question: Question, prompt: PromptSettings, join: JoinSettings
) -> VerifierSpec:
    target = {"answer": spec_of(question)._asdict(), "transform": first_spec._asdict()}
    response_form = {"format": prompt.format, "think": prompt.reasoning}
    weights = {"weights": join.weights.model_dump(), "words": list(join.words_range)}
    return VerifierSpec("composite", target, response_form | weights)


def spec_of(question: Question) -> VerifierSpec:
    """The verifier spec of the user's question."""
    if question.type == "choice":
        return VerifierSpec("choice", question.answer, {"options": question.options})
    return VerifierSpec("text", question.answer, {"metric": _METRICS[question.type]})


def _wrong_answers(question: Question) -> list[str]:
    if question.type == "choice":
        return [letter for letter in question.options if letter != question.answer]
    return [f"not {question.answer}"]


def _thought(puzzle: Puzzle, question: Question, join: JoinSettings) -> str:
    return (
        f"First, what was done: {because(puzzle.answer)} Now the second question, with that undone: "
        f"{_second_thought(question, join)}"
    )


def _second_thought(question: Question, join: JoinSettings) -> str:
    own_thought = question.thought if join.mode == "sft" else ""
    stop = "" if question.answer.endswith(_STOPS) else "."
    return own_thought or f"what I see gives {question.answer}{stop}"


def _response(transform: str, answer: str, prompt: PromptSettings, thought: str) -> str:
    return reasoned(f"<transform>{transform}</transform>\n{final(answer, prompt)}", prompt, thought)
