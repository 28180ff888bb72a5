"""Lookup of tasks and sources by name: the name of a file is the name of what it defines.

A name stands for a module of the package that holds exactly one public subclass of the base class. Other distributions
add theirs under an entry-point group; they cannot take a built-in name.
"""

from __future__ import annotations

import difflib
import importlib
import inspect
import pkgutil
from collections.abc import Sequence
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from puzzlegen.errors import RecipeError


def did_you_mean(word: str, known: Sequence[str]) -> str:
    """Return ``"; did you mean 'x'?"`` for a near miss, else the list of known words."""
    matches = difflib.get_close_matches(word, known, n=1)
    return f"; did you mean '{matches[0]}'?" if matches else f"; known: {', '.join(known)}"


@cache
def names(package: str) -> list[str]:
    """Return the names that :func:`find` knows, without importing any of their modules."""
    built_in = _built_in_names(package)
    return built_in + sorted(point.name for point in entry_points(group=package) if point.name not in built_in)


def _built_in_names(package: str) -> list[str]:
    folder = importlib.import_module(package).__path__
    return sorted(module.name for module in pkgutil.iter_modules(folder) if not module.name.startswith("_"))


@cache
def find(package: str, name: str, base: type[Any]) -> type[Any]:
    """Return the subclass of ``base`` called ``name``.

    Raises:
        RecipeError: the name is unknown, its module does not define exactly one such class, or its entry point is
            wrong.
    """
    if name in _built_in_names(package):
        return _only_class(f"{package}.{name}", base)
    for point in entry_points(group=package):
        if point.name == name:
            return _check_class(_load_entry_point(point), name, package, base)
    word = base.__name__.lower()
    raise RecipeError(f"unknown {word} '{name}'{did_you_mean(name, names(package))}")


def _load_entry_point(point: EntryPoint) -> Any:  # noqa: ANN401 - anything at all
    try:
        return point.load()
    # Importing other people's code may raise anything.
    except Exception as err:
        what = f"{type(err).__name__}: {err}"
        raise RecipeError(f"entry point '{point.name}' of group {point.group} cannot be loaded: {what}") from err


def _check_class(loaded: Any, name: str, package: str, base: type[Any]) -> type[Any]:  # noqa: ANN401 - anything at all
    if not (inspect.isclass(loaded) and issubclass(loaded, base)):
        raise RecipeError(f"entry point '{name}' of group {package} is {loaded!r}, not a {base.__name__}")
    if missing := ", ".join(sorted(getattr(loaded, "__abstractmethods__", ()))):
        raise RecipeError(f"entry point '{name}' of group {package} is not a whole {base.__name__}: it lacks {missing}")
    if loaded.__module__.rpartition(".")[2] != name:
        raise RecipeError(f"entry point '{name}' of group {package} lies in {loaded.__module__}; name it like its file")
    return loaded


def _only_class(module_name: str, base: type[Any]) -> type[Any]:
    module = importlib.import_module(module_name)
    classes = [
        value
        for key, value in vars(module).items()
        if inspect.isclass(value)
        and issubclass(value, base)
        and value.__module__ == module_name
        and not key.startswith("_")
    ]
    if len(classes) != 1:
        raise RecipeError(f"{module_name} must define exactly one public {base.__name__}, it defines {len(classes)}")
    return classes[0]
