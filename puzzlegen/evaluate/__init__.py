"""Ask a model the puzzles of a folder and keep its responses in a file that ``puzzlegen score`` reads.

Many questions are open at once, each response is written as soon as it arrives, and the same call resumes a run that
was stopped. Models are in ``endpoint`` and ``in_process``; any object with the methods of :class:`Model` will do.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple, Protocol, Self, TypeAlias

from puzzlegen.chat import Message, chat_of
from puzzlegen.datafile import profile_of
from puzzlegen.errors import Interrupted, PuzzlegenError
from puzzlegen.evaluate.responses import ResponseFile
from puzzlegen.reading import decoding, files_in, read_rows

_COLUMNS: Final = ["id", "prompt"]
_MEDIA: Final = {"image": ["images"], "multi_image": ["images"], "video": ["videos", "video_meta"], "text": []}
#: After this many consecutive failures the run stops, because the fault lies with the model or the network.
MOST_IN_A_ROW: Final = 20


class Reply(NamedTuple):
    """A model's response, and why it ended, such as ``stop`` or ``length``."""

    text: str
    finish: str = "stop"


class Failed(Exception):  # noqa: N818 - a statement about one question
    """One question got no response, for a reason that does not concern the other questions."""


class Model(Protocol):
    """A model that answers chats inside ``async with``."""

    async def __aenter__(self) -> Self:
        """Prepare to answer; raise PuzzlegenError if the model cannot be reached or used."""

    async def __aexit__(self, *_: object) -> None:
        """Release the model's resources."""

    async def ask(self, chat: list[Message], sample: int) -> Reply:
        """Return a response to the chat, the ``sample``-th of several, from 0.

        Raises:
            Failed: there is no response, for a reason that may not concern other questions.
            PuzzlegenError: all questions would meet the same fault.
        """


class Selection(NamedTuple):
    """Which puzzles to ask; by default all.

    Attributes:
        split: only puzzles of this split.
        tasks: only puzzles of these tasks.
        limit: only this many puzzles, drawn at random but the same at each call; those of a smaller limit are among
            those of a larger one.
    """

    split: str | None = None
    tasks: tuple[str, ...] = ()
    limit: int | None = None


EVERYTHING: Final = Selection()
#: A puzzle's id, the chat to send, and which of the puzzle's samples this is.
Question: TypeAlias = tuple[str, list[Message], int]


class Progress(NamedTuple):
    """The progress of a run, in responses.

    Attributes:
        of: responses wanted.
        done: responses in the file, those of earlier runs included.
        cut: responses of this run that were cut off for length.
        failed: questions of this run that got no response, by reason.
    """

    of: int
    done: int
    cut: int
    failed: Counter[str]


def evaluate(
    folder: Path,
    model: Model,
    responses: ResponseFile,
    *,
    selection: Selection = EVERYTHING,
    samples: int = 1,
    frames: int | None = None,
    concurrency: int = 8,
    report: Callable[[Progress], None] = lambda _: None,
) -> Progress:
    """Ask every selected question to which ``responses`` holds no response yet.

    Args:
        folder: a finished build.
        model: the model to ask, not yet entered.
        responses: an open response file.
        selection: which puzzles to ask.
        samples: responses per puzzle.
        frames: most frames per puzzle, shared by its clips; None sends clips whole.
        concurrency: questions open at once.
        report: called with the progress at the start and after each question.

    Raises:
        PuzzlegenError: the folder or the selection is wrong, or ``MOST_IN_A_ROW`` questions in a row failed.
        Interrupted: the user stopped the run; the responses that arrived are kept.
    """
    ids = _select_ids(folder, selection)
    wanted = {(question_id, k) for question_id in ids for k in range(samples)}
    run = _Run(model, responses, len(wanted), len(wanted & responses.done), report)
    questions = _questions(folder, selection, {question_id for question_id, _ in wanted - responses.done}, frames)
    todo = (
        (question_id, chat, k)
        for question_id, chat in questions
        for k in range(samples)
        if (question_id, k) not in responses.done
    )
    try:
        asyncio.run(run.all(todo, concurrency))
    except KeyboardInterrupt:
        raise Interrupted("stopped; the same command goes on from here") from None
    return run.progress


class _Run:
    def __init__(
        self, model: Model, responses: ResponseFile, of: int, done: int, report: Callable[[Progress], None]
    ) -> None:
        self._model, self._responses, self._report = model, responses, report
        self.progress = Progress(of, done, 0, Counter())
        self._consecutive_failures = 0

    async def all(self, todo: Iterator[Question], concurrency: int) -> None:
        """Ask all questions in ``todo``; only the open ones are in memory."""
        self._report(self.progress)
        if self.progress.done < self.progress.of:
            async with self._model:
                await asyncio.gather(*(self._worker(todo) for _ in range(concurrency)))

    async def _worker(self, todo: Iterator[Question]) -> None:
        for puzzle_id, chat, sample in todo:
            try:
                reply = await self._model.ask(chat, sample)
            except Failed as err:
                self._count_failure(puzzle_id, str(err))
            else:
                self._responses.add(puzzle_id, sample, reply.text, reply.finish)
                self._consecutive_failures = 0
                cut = self.progress.cut + (reply.finish == "length")
                self.progress = self.progress._replace(done=self.progress.done + 1, cut=cut)
            self._report(self.progress)

    def _count_failure(self, puzzle_id: str, reason: str) -> None:
        self.progress.failed[reason] += 1
        self._consecutive_failures += 1
        if self._consecutive_failures >= MOST_IN_A_ROW:
            raise PuzzlegenError(
                f"{MOST_IN_A_ROW} questions in a row got no response, the last (puzzle {puzzle_id}) because: {reason}; "
                "mend that and run the same command again: what came is kept"
            )


def _media_columns(file: dict[str, Any]) -> list[str]:
    return _MEDIA[profile_of(file["folder"])]


def _select_ids(folder: Path, selection: Selection) -> list[str]:
    """The ids of the puzzles to ask. Ids are hashes, so the smallest ones are a random part of all tasks and media."""
    tasks: dict[str, str] = {}
    for file in files_in(folder, selection.split):
        rows = read_rows(folder / file["path"], ["id", "extra_info"])
        tasks |= {row["id"]: row["extra_info"]["task"] for row in rows}
    unknown = sorted(set(selection.tasks) - set(tasks.values()))
    if unknown:
        task_names = ", ".join(sorted(set(tasks.values())))
        raise PuzzlegenError(f"'{folder}' has no puzzles of the task '{unknown[0]}'; it has {task_names}")
    ids = sorted(question_id for question_id, task in tasks.items() if not selection.tasks or task in selection.tasks)
    return ids[: selection.limit]


def _questions(
    folder: Path, selection: Selection, ids: set[str], frames: int | None
) -> Iterator[tuple[str, list[Message]]]:
    for file in files_in(folder, selection.split):
        for row in read_rows(folder / file["path"], _COLUMNS + _media_columns(file)):
            if row["id"] in ids:
                with decoding(row["id"]):
                    chat = chat_of(row, frames)
                yield row["id"], chat
