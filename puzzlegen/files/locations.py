"""Locations of files: paths on this machine, or URLs that fsspec reads."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Final
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator

#: The protocols a URL may have, and the package that fsspec needs for each.
PROTOCOLS: Final = {
    "s3": "s3fs",
    "gs": "gcsfs",
    "hf": "huggingface_hub",
    "https": "aiohttp",
    "http": "aiohttp",
    "memory": "fsspec",
    "az": "adlfs",
}


def is_url(location: str) -> bool:
    """Whether a location is a URL rather than a path."""
    return "://" in location


def in_memory(locations: str) -> bool:
    """Whether any of the locations in a text lies in the memory of this process, which no other process can reach."""
    return "memory://" in locations


def _as_text(location: object) -> object:
    text = os.fspath(location) if isinstance(location, Path) else location
    return os.path.expanduser(text) if isinstance(text, str) and text.startswith("~") else text  # noqa: PTH111


def checked(location: str) -> str:
    """Return the location if it is valid.

    Raises:
        ValueError: it has an unknown protocol, or is a URL that holds credentials.
    """
    if not is_url(location):
        return location
    parts = urlsplit(location)
    if parts.scheme not in PROTOCOLS or "::" in location:
        raise ValueError(f"'{without_secrets(location)}' is not a URL that can be read; known: {', '.join(PROTOCOLS)}")
    if "@" in parts.netloc or parts.query:
        raise ValueError(
            f"'{without_secrets(location)}' holds a password or a signature, which would be written down; give "
            "credentials by the environment, as fsspec and the cloud's own tools read them"
        )
    return location


def without_secrets(location: str) -> str:
    """Return a URL in a form that may be shown: without user, password and query."""
    if not is_url(location):
        return location
    parts = urlsplit(location)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def missing(location: str, wanted: str) -> str:
    """Describe what is wrong with a path that should be a folder or file; empty if nothing is, and for every URL.

    Args:
        location: path or URL.
        wanted: ``folder``, ``file`` or ``either``.
    """
    if not location.strip():
        return "the path is empty, as from a variable that is not set"
    path = Path(location)
    checks = {"folder": path.is_dir, "file": path.is_file, "either": path.exists}
    if is_url(location) or checks[wanted]():
        return ""
    location_hint = "" if path.is_absolute() else f" below '{Path.cwd()}'"
    return f"'{location}' is {f'no {wanted}' if path.exists() else f'missing{location_hint}'}"


Location = Annotated[str, BeforeValidator(_as_text), AfterValidator(checked)]
