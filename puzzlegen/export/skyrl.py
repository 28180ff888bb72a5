"""SkyRL: JSON lines whose prompts carry pictures as data URIs in OpenAI content parts; no clips."""

from __future__ import annotations

import re
from typing import Any, ClassVar

from puzzlegen.export import Carrier, Row, Target

_PLACEHOLDER = re.compile(r"(<image>)")


class SkyRL(Target):
    """Rows for SkyRL, which passes all columns but ``prompt`` and ``env_class`` to the environment as ``extras``."""

    images: ClassVar[tuple[Carrier, ...]] = ("data_uri",)

    def row(self, row: Row, media: list[Any]) -> Row:
        """Return a prompt with pictures, the environment's name, and what the environment needs for scoring."""
        remaining_media = list(media)
        return {
            "data_source": row["data_source"],
            "prompt": [message | {"content": _content_parts(message, remaining_media)} for message in row["prompt"]],
            "env_class": "puzzlegen",
            "reward_spec": {"method": "rule", "ground_truth": row["ground_truth"]},
            "extra_info": {"id": row["id"], "solution": row["solution"]},
        }


def _content_parts(message: dict[str, str], media: list[Any]) -> Any:  # noqa: ANN401 - text or parts
    """Return a user message as content parts with the pictures in place; other messages stay text."""
    if message["role"] != "user" or not media:
        return message["content"]
    pieces = [piece for piece in _PLACEHOLDER.split(message["content"]) if piece]
    return [
        {"type": "image_url", "image_url": {"url": media.pop(0)}} if piece == "<image>" else _text_part(piece)
        for piece in pieces
    ]


def _text_part(piece: str) -> dict[str, str]:
    return {"type": "text", "text": piece}
