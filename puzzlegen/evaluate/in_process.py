"""A model run by transformers in this process, one question at a time: a way to try a checkpoint without a server."""

from __future__ import annotations

import asyncio
import io
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Self

from PIL import Image

from puzzlegen.chat import Message, Part
from puzzlegen.errors import PuzzlegenError, one_line
from puzzlegen.evaluate import Reply
from puzzlegen.evaluate.endpoint import Sampling

_DEFAULT_MAX_TOKENS = 4096


class InProcess:
    """A model that generates responses on the device that transformers chooses.

    Args:
        sampling: ``model`` is a folder or a name on the Hub; ``extra`` is passed to ``generate``; without
            ``max_tokens``, responses end at 4096 tokens.
        loaded: a model and its processor that are already in memory, such as those of a training run.

    Raises:
        PuzzlegenError: transformers is missing, or cannot load the model.
    """

    def __init__(self, sampling: Sampling, loaded: tuple[Any, Any] | None = None) -> None:
        self._sampling = sampling
        self._library = _import_transformers()
        self._model, self._processor = loaded or self._load()
        # One thread, because set_seed acts on the whole process: of two questions at once, one would draw the samples
        # of the other's seed.
        self._thread = ThreadPoolExecutor(1)

    def _load(self) -> tuple[Any, Any]:
        name = self._sampling.model
        try:
            # The pipeline only loads model and processor, onto a GPU if there is one: its output would hide why a
            # response ended.
            pipeline = self._library.pipeline("image-text-to-text", model=name, dtype="auto")
        except (OSError, ValueError, TypeError, ImportError) as err:
            reason = one_line(err) or type(err).__name__
            raise PuzzlegenError(f"transformers cannot load '{name}': {reason}") from err
        return pipeline.model.eval(), pipeline.processor

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        return None

    async def ask(self, chat: list[Message], sample: int) -> Reply:
        """Return the model's response, after those asked for earlier; see :class:`puzzlegen.evaluate.Model`."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._generate, chat, sample)

    def _generate(self, chat: list[Message], sample: int) -> Reply:
        messages = [
            {"role": message.role, "content": [_content_block(part) for part in message.parts]} for message in chat
        ]
        inputs = self._processor.apply_chat_template(
            messages, tokenize=True, add_generation_prompt=True, return_dict=True, return_tensors="pt"
        ).to(self._model.device)
        if self._sampling.seed is not None:
            self._library.set_seed(self._sampling.seed + sample)
        token_limit = self._sampling.max_tokens or _DEFAULT_MAX_TOKENS
        output = self._model.generate(**inputs, max_new_tokens=token_limit, **_generation_options(self._sampling))
        new_tokens = output[0][inputs["input_ids"].shape[1] :]
        text: str = self._processor.decode(new_tokens, skip_special_tokens=True)
        return Reply(text, "length" if len(new_tokens) >= token_limit else "stop")


def _generation_options(sampling: Sampling) -> dict[str, Any]:
    extra = sampling.extra or {}
    if sampling.temperature is None:
        return extra
    if sampling.temperature == 0:
        return {"do_sample": False, **extra}
    return {"do_sample": True, "temperature": sampling.temperature, **extra}


def _content_block(part: Part) -> dict[str, Any]:
    if part.kind == "text":
        return {"type": "text", "text": part.text}
    if part.kind == "video":
        raise PuzzlegenError("a model in process takes clips as frames: give --frames, without --whole-clips")
    with Image.open(io.BytesIO(part.data)) as picture:
        return {"type": "image", "image": picture.convert("RGB")}


def _import_transformers() -> Any:  # noqa: ANN401 - a module
    try:
        import transformers  # noqa: PLC0415 - an extra
    except ImportError as err:
        raise PuzzlegenError("a model in process needs torch and transformers: pip install torch transformers") from err
    return transformers
