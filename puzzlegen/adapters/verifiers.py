"""verifiers (v1, 0.4): a folder as a taskset, pictures as data URIs, clips as frames behind their times.

``vf-validate puzzlegen-taskset --taskset.folder puzzles/video_ssl`` checks every puzzle's own solution;
``vf-eval`` and prime-rl take the same id. Its tasks' keys are the puzzles' ids.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import verifiers.v1 as vf

from puzzlegen.chat import FRAMES, chat_of, openai_messages, whole_response
from puzzlegen.reading import files_in, read_rows
from puzzlegen.verify import reward, score, solved


class PuzzleConfig(vf.TasksetConfig):
    """Which puzzles: those of a build's folder, or of one of its splits, with so many frames at most for its clips."""

    folder: Path = Path()
    split: str | None = None
    frames: int = FRAMES


class PuzzleData(vf.TaskData):
    """What a trace keeps of a puzzle, beside its prompt."""

    ground_truth: str
    solution: str


class PuzzleTask(vf.Task[PuzzleData]):
    """One puzzle."""

    @property
    def key(self) -> str:
        """The puzzle's id."""
        return str(self.data.id)

    @vf.reward
    async def reward(self, trace: vf.Trace) -> float:
        """What the last reply earns."""
        return score(_said(trace), self.data.ground_truth).value

    @vf.metric
    async def parts(self, trace: vf.Trace) -> dict[str, float]:
        """Accuracy, format, transform and length, under the same names for every task."""
        parts = reward(_said(trace), self.data.ground_truth)
        del parts["score"]
        return parts

    async def validate(self, runtime: vf.Runtime) -> bool:  # noqa: ARG002 - the signature is theirs
        """Whether the stored solution solves the puzzle."""
        return solved(score(self.data.solution, self.data.ground_truth))


class PuzzleTaskset(vf.Taskset[PuzzleTask, PuzzleConfig]):
    """All puzzles of a folder, read as they are asked for."""

    def load(self) -> Iterator[PuzzleTask]:
        """The puzzles, in the folder's order."""
        for file in files_in(self.config.folder, self.config.split):
            for row in read_rows(self.config.folder / file["path"]):
                messages = openai_messages(chat_of(row, self.config.frames))
                system = [said["content"] for said in messages if said["role"] == "system"]
                data = PuzzleData(
                    id=row["id"],
                    name=row["extra_info"]["task"],
                    prompt=[said for said in messages if said["role"] != "system"],
                    system_prompt=system[0] if system else None,
                    ground_truth=row["ground_truth"],
                    solution=row["solution"],
                )
                yield PuzzleTask(data, self.config.task)


def _said(trace: vf.Trace) -> str:
    replies = trace.assistant_messages
    return whole_response(trace.last_reply, replies[-1].reasoning_content if replies else None)
