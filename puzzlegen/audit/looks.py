"""What a picture looks like, in few bits."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

HASH_SIDE: Final = 12


def look_bits(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """``(12, 12)`` of 0 and 1: where a small grey version is lighter than its median."""
    grey = Image.fromarray(picture).convert("L").resize((HASH_SIDE, HASH_SIDE), Image.Resampling.BOX)
    small = np.asarray(grey)
    return np.asarray(small > np.median(small), dtype=np.uint8)
