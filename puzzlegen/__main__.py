"""Entry point of ``python -m puzzlegen``."""

from __future__ import annotations

from puzzlegen.cli import main

if __name__ == "__main__":
    main()
