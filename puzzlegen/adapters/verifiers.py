"""verifiers (v1, 0.4): a build as a taskset. Pictures are sent as data URIs, clips as frames with their times.

``vf-validate puzzlegen-taskset --taskset.folder puzzles/video_ssl`` checks the stored solution of every puzzle;
``vf-eval`` and prime-rl take the same taskset id. The key of a task is the id of its puzzle.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import verifiers.v1 as vf

from puzzlegen.chat import FRAMES, chat_of, openai_messages, whole_response
from puzzlegen.reading import files_in, read_rows
from puzzlegen.verify import reward, score, solved


class PuzzleConfig(vf.TasksetConfig):
    """The puzzles to use: a build's folder, one split (None: all), and the maximum number of frames per puzzle."""

    folder: Path = Path()
    split: str | None = None
    frames: int = FRAMES


class PuzzleData(vf.TaskData):
    """The data of a puzzle that a trace keeps beside the prompt."""

    ground_truth: str
    solution: str


class PuzzleTask(vf.Task[PuzzleData]):
    """One puzzle as a task."""

    @property
    def key(self) -> str:
        """The puzzle's id."""
        return str(self.data.id)

    @vf.reward
    async def reward(self, trace: vf.Trace) -> float:
        """Score the last reply."""
        return score(_response_text(trace), self.data.ground_truth).value

    @vf.metric
    async def parts(self, trace: vf.Trace) -> dict[str, float]:
        """Return accuracy, format, transform and length, under the same names for every task."""
        parts = reward(_response_text(trace), self.data.ground_truth)
        del parts["score"]
        return parts

    async def validate(self, runtime: vf.Runtime) -> bool:  # noqa: ARG002 - the signature is theirs
        """Check whether the stored solution solves the puzzle."""
        return solved(score(self.data.solution, self.data.ground_truth))


class PuzzleTaskset(vf.Taskset[PuzzleTask, PuzzleConfig]):
    """The puzzles of a build, read lazily."""

    def load(self) -> Iterator[PuzzleTask]:
        """Yield the puzzles in the order of the build."""
        for file in files_in(self.config.folder, self.config.split):
            for row in read_rows(self.config.folder / file["path"]):
                messages = openai_messages(chat_of(row, self.config.frames))
                system = [message["content"] for message in messages if message["role"] == "system"]
                data = PuzzleData(
                    id=row["id"],
                    name=row["extra_info"]["task"],
                    prompt=[message for message in messages if message["role"] != "system"],
                    system_prompt=system[0] if system else None,
                    ground_truth=row["ground_truth"],
                    solution=row["solution"],
                )
                yield PuzzleTask(data, self.config.task)


def _response_text(trace: vf.Trace) -> str:
    replies = trace.assistant_messages
    return whole_response(trace.last_reply, replies[-1].reasoning_content if replies else None)
