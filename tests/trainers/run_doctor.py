"""Run ``puzzlegen`` with the given arguments in a trainer's environment."""

from __future__ import annotations

import torchvision_ops  # noqa: F401 - must come first

from puzzlegen.cli import main

if __name__ == "__main__":
    main()
