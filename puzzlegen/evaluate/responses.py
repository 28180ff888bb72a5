"""A file of responses that grows while a model is asked and stays usable however the run ends."""

from __future__ import annotations

import fcntl
import io
import json
from pathlib import Path
from typing import Any, BinaryIO, Final, Self

from puzzlegen.errors import PuzzlegenError
from puzzlegen.output import refused

#: The beginning of every line of a response file.
_LINE_PREFIX: Final = b'{"id": '


class ResponseFile:
    """JSON lines of ``{"id", "sample", "response", "finish", "model"}``, one per response.

    A last line that a kill cut in the middle is dropped. A file with responses of another model or other settings is
    refused.

    Args:
        path: the file; if it exists, new responses are appended.
        model: the model and its settings, as JSON that every line repeats.
    """

    def __init__(self, path: Path, model: dict[str, Any]) -> None:
        self._path, self._model = path, model
        self.done: set[tuple[str, int]] = set()
        self._file: BinaryIO

    def __enter__(self) -> Self:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self._path.open("ab+", buffering=0)
        except OSError as err:
            raise refused(self._path, err) from err
        try:
            self._lock()
            self._read()
        except BaseException:
            self._file.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def add(self, puzzle_id: str, sample: int, response: str, finish: str) -> None:
        """Append one response, unbuffered: when this returns, the response is in the file.

        Raises:
            OutputError: the file cannot be written; nothing of the response is in it.
        """
        line = {"id": puzzle_id, "sample": sample, "response": response, "finish": finish, "model": self._model}
        try:
            self._append((json.dumps(line) + "\n").encode())
        except OSError as err:
            raise refused(self._path, err) from err
        self.done.add((puzzle_id, sample))

    def _append(self, data: bytes) -> None:
        end = self._file.seek(0, io.SEEK_END)
        written = 0
        try:
            # A disk that is nearly full takes a part of the data; only the next write fails.
            while written < len(data):
                written += self._file.write(data[written:])
        except OSError:
            # Other responses may still arrive, and must not be appended to a part of this one.
            self._file.truncate(end)
            raise

    def _lock(self) -> None:
        """Keep other runs from writing to the file; the system drops the lock however this process ends."""
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as err:
            raise PuzzlegenError(f"another run writes '{self._path}'; wait for it, or choose another file") from err

    def _read(self) -> None:
        self._file.seek(0)
        valid_bytes = 0
        # The file itself is unbuffered: reading its lines directly would go byte by byte.
        for number, line in enumerate(io.BufferedReader(io.FileIO(self._file.fileno(), closefd=False)), 1):
            if not line.endswith(b"\n"):
                if not line.startswith(_LINE_PREFIX[: len(line)]):
                    raise PuzzlegenError(f"'{self._path}' holds no responses of such a run; choose another file")
                break
            valid_bytes += len(line)
            if line.strip():
                self._record_line(line, number)
        self._file.truncate(valid_bytes)

    def _record_line(self, line: bytes, number: int) -> None:
        try:
            row = json.loads(line)
            key, model = (str(row["id"]), int(row["sample"])), row["model"]
        except (ValueError, KeyError, TypeError) as err:
            raise PuzzlegenError(
                f"{self._path}:{number}: no response of such a run ({err}); mend the line, or choose another file"
            ) from err
        if model != self._model:
            raise PuzzlegenError(
                f"{self._path}:{number}: asked otherwise: {json.dumps(model)} there, {json.dumps(self._model)} now; "
                "choose another file"
            )
        self.done.add(key)
