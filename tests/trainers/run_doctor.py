"""``puzzlegen doctor`` in a trainer's environment; arguments are passed on."""

from __future__ import annotations

import torchvision_ops  # noqa: F401 - first

from puzzlegen.cli import main

if __name__ == "__main__":
    main()
