"""Inspect AI: a build as a task. Pictures are sent as data URIs, clips as frames with their times, or whole.

``inspect eval puzzlegen/puzzles -T folder=puzzles/video_ssl --model openai/NAME``
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from inspect_ai import Task, task
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.model import (
    ChatMessage,
    ChatMessageSystem,
    ChatMessageUser,
    Content,
    ContentImage,
    ContentReasoning,
    ContentText,
    ContentVideo,
)
from inspect_ai.scorer import Score, Scorer, Target, grouped, mean, scorer, stderr
from inspect_ai.solver import TaskState, generate

from puzzlegen import verify
from puzzlegen.chat import FRAMES, Message, Part, chat_of, whole_response
from puzzlegen.reading import files_in, read_rows


@task
def puzzles(folder: str, split: str | None = None, frames: int | None = FRAMES) -> Task:
    """Return the puzzles of a build as a task.

    Args:
        folder: the build's folder.
        split: the split to use; None for all splits.
        frames: maximum number of frames per puzzle, shared by its clips; 0 sends clips whole, for models that take
            video.
    """
    samples = list(_samples(Path(folder), split, frames or None))
    return Task(dataset=MemoryDataset(samples, name=Path(folder).name), solver=generate(), scorer=puzzle_scorer())


@scorer(
    metrics={
        "score": [mean(), stderr(), grouped(mean(), "task", all=False)],
        "*": [mean()],
    }
)
def puzzle_scorer() -> Scorer:
    """Score a response, as a whole and by part; the explanation holds the reason."""

    async def score(state: TaskState, target: Target) -> Score:  # noqa: ARG001 - the signature is theirs
        truth = state.metadata["ground_truth"]
        response = _response_text(state)
        return Score(
            value=dict(verify.reward(response, truth)),
            answer=response,
            explanation=verify.score(response, truth).reason,
        )

    return score


def _samples(folder: Path, split: str | None, frames: int | None) -> Iterator[Sample]:
    for file in files_in(folder, split):
        for row in read_rows(folder / file["path"]):
            info = row["extra_info"]
            sample_metadata = {"ground_truth": row["ground_truth"], "task": info["task"], "chance": info["chance"]}
            messages = [_to_chat_message(turn) for turn in chat_of(row, frames)]
            yield Sample(id=row["id"], input=messages, target=row["answer"], metadata=sample_metadata)


def _to_chat_message(turn: Message) -> ChatMessage:
    content = [_content(part) for part in turn.parts]
    return ChatMessageSystem(content=content) if turn.role == "system" else ChatMessageUser(content=content)


def _content(part: Part) -> Content:
    if part.kind == "text":
        return ContentText(text=part.text)
    if part.kind == "image":
        return ContentImage(image=part.uri)
    return ContentVideo(video=part.uri, format="mp4")


def _response_text(state: TaskState) -> str:
    if not state.output.choices:
        return ""
    message = state.output.message
    blocks = [] if isinstance(message.content, str) else message.content
    reasoning_text = "\n".join(block.reasoning for block in blocks if isinstance(block, ContentReasoning))
    return whole_response(message.text, reasoning_text)
