"""Find and read recipe files: those shipped with the package, and any other."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from puzzlegen.errors import RecipeError
from puzzlegen.files import is_url
from puzzlegen.plugins import did_you_mean
from puzzlegen.recipe.problems import refusal

MAX_BYTES: Final = 1_000_000


def shipped_recipes() -> dict[str, Path]:
    """Return the name and file of each recipe that comes with the package."""
    package = Path(__file__).parent.parent
    folder = package / "_recipes"
    if not folder.is_dir():
        folder = package.parent / "recipes"  # in a checkout; building the wheel copies it into the package
    files = sorted(folder.rglob("*.yaml"))
    return {file.relative_to(folder).with_suffix("").as_posix(): file for file in files}


def find_recipe(path: str | Path) -> Path:
    """Return the file at ``path`` or, if there is none, the shipped recipe of that name.

    Raises:
        RecipeError: the path is a URL.
    """
    if is_url(str(path)):
        raise RecipeError(f"'{path}' is not a recipe: recipes are local files; give the URL of media to --source")
    shipped = shipped_recipes().get(str(path))
    return Path(path) if shipped is None or Path(path).is_file() else shipped


def read_recipe(file: Path) -> str:
    """Return a recipe's text.

    Raises:
        RecipeError: the file does not exist, is not readable, is not UTF-8, or is too large to be a recipe.
    """
    try:
        with file.open("rb") as stream:
            raw = stream.read(MAX_BYTES + 1)
    except FileNotFoundError as err:
        raise refusal(str(file), 0, f"no such file{_hint(file)}") from err
    except IsADirectoryError as err:
        raise refusal(str(file), 0, "a folder, not a file; give a YAML file") from err
    # ValueError is raised for a path with a null byte.
    except (OSError, ValueError) as err:
        raise refusal(str(file), 0, f"cannot be read: {getattr(err, 'strerror', None) or err}") from err
    if len(raw) > MAX_BYTES:
        raise refusal(str(file), 0, f"larger than {MAX_BYTES} bytes; a recipe is a short YAML file")
    return _decode(raw, file)


def _decode(raw: bytes, file: Path) -> str:
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as err:
        line = raw.count(b"\n", 0, err.start) + 1
        raise refusal(str(file), line, "not UTF-8; save the file as UTF-8") from err


def _hint(file: Path) -> str:
    known = list(shipped_recipes())
    if not known or file.suffix or file.name != str(file):
        return ""
    return f" and no shipped recipe{did_you_mean(file.name, known)}"
