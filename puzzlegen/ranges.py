"""Types of settings: ranges of two numbers, the lower one first, and sides of pictures."""

from __future__ import annotations

from typing import Annotated, Any, Final

from pydantic import AfterValidator, Field

#: The short side of a picture, in pixels.
Side = Annotated[int, Field(ge=32, le=4096)]


def _rising(ends: tuple[Any, Any] | None) -> tuple[Any, Any] | None:
    if ends is not None and ends[0] > ends[1]:
        raise ValueError(f"{ends[0]} to {ends[1]} is not a range; give the lower number first")
    return ends


#: Validates that a range rises: ``Annotated[tuple[int, int], RISING]``.
RISING: Final = AfterValidator(_rising)
