"""lmms-eval (0.7): the functions that the tasks written by ``puzzlegen export --to lmms_eval`` call.

Chat models of lmms-eval get each medium in the place of its placeholder; older models get all media, then the text.
"""

from __future__ import annotations

import re
from typing import Any, Final

from PIL import Image

from puzzlegen.verify import reward

_PLACEHOLDER: Final = re.compile(r"(<image>|<video>)")
Doc = dict[str, Any]


def doc_to_visual(doc: Doc) -> list[Any]:
    """Return the media of a row: decoded pictures, and paths of clips."""
    return [path if path.endswith(".mp4") else _load_picture(path) for path in doc["media"]]


def doc_to_text(doc: Doc) -> str:
    """Return the prompt as one text without its media placeholders."""
    texts = [_PLACEHOLDER.sub("", message["content"]).strip() for message in doc["prompt"]]
    return "\n\n".join(texts)


def doc_to_messages(doc: Doc) -> list[dict[str, Any]]:
    """Return the prompt as messages, with the media in place of their placeholders."""
    visuals = iter(doc_to_visual(doc))
    return [{"role": turn["role"], "content": _content(turn["content"], visuals)} for turn in doc["prompt"]]


def process_results(doc: Doc, results: list[str]) -> dict[str, float]:
    """Return the score of the response and its parts."""
    return reward(results[0], doc["ground_truth"])


def _content(text: str, visuals: Any) -> list[dict[str, Any]]:  # noqa: ANN401 - pictures or paths
    content: list[dict[str, Any]] = []
    for piece in _PLACEHOLDER.split(text):
        if _PLACEHOLDER.fullmatch(piece):
            content.append({"type": piece.strip("<>"), "url": next(visuals)})
        elif piece.strip():
            content.append({"type": "text", "text": piece.strip("\n")})
    return content


def _load_picture(path: str) -> Image.Image:
    with Image.open(path) as image:
        return image.convert("RGB")
