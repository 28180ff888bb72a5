"""Verifiable puzzles for multimodal RL, made from raw images and videos.

Importing this package imports nothing else, so that a trainer pays only for what it uses.
"""

from __future__ import annotations

TYPE_CHECKING = False  # stands in for typing.TYPE_CHECKING: importing typing would cost more than this package may
if TYPE_CHECKING:
    from typing import Any

    from puzzlegen.building import build
    from puzzlegen.recipe import Recipe, load_recipe
    from puzzlegen.tokens import visual_tokens
    from puzzlegen.verify import Score, score

__version__ = "0.1.0"
__all__ = ["Recipe", "Score", "__version__", "build", "load_recipe", "score", "visual_tokens"]

_MODULES = {
    "Recipe": "puzzlegen.recipe",
    "Score": "puzzlegen.verify",
    "build": "puzzlegen.building",
    "load_recipe": "puzzlegen.recipe",
    "score": "puzzlegen.verify",
    "visual_tokens": "puzzlegen.tokens",
}


def __getattr__(name: str) -> Any:  # noqa: ANN401 - PEP 562
    if name not in _MODULES:
        raise AttributeError(f"module 'puzzlegen' has no attribute {name!r}")
    import importlib  # noqa: PLC0415 - a bare import of the package must stay free

    return getattr(importlib.import_module(_MODULES[name]), name)
