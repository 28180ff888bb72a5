"""Write ``docs/commands.md``: every command with its arguments and options, from the command line's own help.

Run ``python examples/make_commands.py`` after changing ``puzzlegen/cli.py``; with ``--check`` it only reports whether
the page is stale.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from typer.main import get_command

from puzzlegen.cli import app

Described = Any  # a command or parameter of the click that typer bundles, which is untyped
PAGE = Path(__file__).parent.parent / "docs" / "commands.md"
HEAD = """# Commands

Written by `python examples/make_commands.py` from the help texts. Data go to stdout, messages to stderr. Exit codes: 0,
1 if `verify`, `doctor` or `audit --strict` found something wrong, 2 for a mistake of yours, 130 if stopped, 143 by
SIGTERM.
"""


def page() -> str:
    """Return the text of the page."""
    group: Any = get_command(app)
    return "\n".join([HEAD, *(section(name, command) for name, command in group.commands.items())])


def section(name: str, command: Described) -> str:
    """Return the section of the page about one command."""
    arguments = [param for param in command.params if param.param_type_name == "argument"]
    options = [param for param in command.params if param.param_type_name == "option" and param.name != "help"]
    usage = " ".join(["puzzlegen", name, *map(placeholder, arguments), *(["[OPTIONS]"] if options else [])])
    lines = [f"- `{placeholder(entry)}`: {entry.help}" for entry in arguments]
    lines += [f"- `{', '.join(entry.opts)}`{default(entry)}: {entry.help}" for entry in options]
    return f"## {name}\n\n{command.help}\n\n```text\n{usage}\n```\n\n" + "\n".join(lines) + "\n"


def placeholder(argument: Described) -> str:
    """Return an argument as it is written in a usage line."""
    name = argument.metavar or argument.name.upper()
    return name if argument.required else f"[{name}]"


def default(option: Described) -> str:
    """Return the note on an option's default; empty if the option has none worth showing."""
    has_default = option.default not in {None, False, "", ()} if not isinstance(option.default, list) else False
    return f" (default {option.default})" if has_default else ""


def main() -> None:
    """Write the page, or compare it with the existing one."""
    if "--check" in sys.argv[1:]:
        if not PAGE.exists() or PAGE.read_text(encoding="utf-8") != page():
            raise SystemExit("docs/commands.md is stale: run python examples/make_commands.py")
        return
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
