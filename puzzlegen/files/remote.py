"""Files behind a URL, through fsspec: listed, fetched whole, or read in parts.

Temporary failures are retried. A failure that lasts ends the build instead of rejecting the item, because a puzzle must
not depend on the state of the network. Only a missing file is the item's own fault.
"""

from __future__ import annotations

import hashlib
import io
import time
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any, BinaryIO, Final, TypeVar
from urllib.parse import quote, unquote_to_bytes, urlsplit

from puzzlegen.errors import OutputError, SourceError, Unusable
from puzzlegen.files.locations import PROTOCOLS, without_secrets
from puzzlegen.files.names import BUILD_STATE, Found, escaped, refused_name, since
from puzzlegen.files.spans import Span
from puzzlegen.records import Skipped

T = TypeVar("T")
TRIES: Final = 5
FIRST_WAIT_S: Final = 0.5
_MAX_IN_MEMORY: Final = 32 << 20
_BUFFER_SIZE: Final = 1 << 20
_PERMANENT_ERRORS: Final = (
    *(FileNotFoundError, PermissionError, IsADirectoryError, NotADirectoryError),
    *(ImportError, NotImplementedError, TypeError, ValueError),
)
_MISSING_STATUSES: Final = (404, 410)
_RETRIED_STATUSES: Final = (408, 425, 429)


@lru_cache(maxsize=16)
def file_system(protocol: str) -> Any:  # noqa: ANN401 - fsspec has no types
    """Return the file system of a protocol. The environment and fsspec's own configuration say how to reach it.

    Raises:
        SourceError: a package that the protocol needs is not installed.
    """
    try:
        import fsspec  # noqa: PLC0415 - only URLs need it

        return fsspec.filesystem(protocol, use_listings_cache=False)
    except ImportError as err:
        package = PROTOCOLS[protocol]
        raise SourceError(f'{protocol}:// needs {package}: pip install "puzzlegen[remote]" {package}') from err


def place_of(url: str) -> tuple[Any, str]:
    """Return the file system of a URL and the path in that file system, without a trailing slash."""
    fs = file_system(urlsplit(url).scheme)
    return fs, str(fs._strip_protocol(url)).rstrip("/")  # noqa: SLF001 - what fsspec's own callers use


def retried(what: str, call: Callable[[], T], *, write: bool = False) -> T:
    """Return what ``call`` returns, trying up to five times with growing waits.

    Args:
        what: the URL, for the message.
        call: what to do.
        write: whether the call writes rather than reads.

    Raises:
        FileNotFoundError: there is no such file to read.
        SourceError: reading fails in another way that does not pass.
        OutputError: writing fails in a way that does not pass.
    """
    waits = iter([FIRST_WAIT_S * 2**k for k in range(TRIES - 1)])
    while True:
        try:
            return call()
        # Every protocol has its own errors, few of them public. Only those known to be permanent are not retried.
        except MemoryError:
            raise
        except Exception as err:
            if _is_missing(err):
                if not write:
                    raise
                raise OutputError(f"'{without_secrets(what)}' cannot be written: there is no such bucket") from None
            wait = next(waits, None)
            if wait is None or _is_permanent(err):
                error, verb = (OutputError, "written") if write else (SourceError, "read")
                raise error(f"'{without_secrets(what)}' cannot be {verb}: {_describe_error(err)}") from None
        time.sleep(wait)


def _is_http(root: str) -> bool:
    return root.startswith(("http://", "https://"))


def _is_missing(err: Exception) -> bool:
    """Whether a file is missing. For any failure fsspec's HTTP says so, with the true error as the cause."""
    cause = err.__cause__
    failed_otherwise = (
        type(cause).__module__.startswith("aiohttp") and cause is not None and _status(cause) not in _MISSING_STATUSES
    )
    return isinstance(err, FileNotFoundError) and not failed_otherwise


def _status(err: BaseException) -> int | None:
    status = getattr(err, "status", None) or getattr(getattr(err, "response", None), "status_code", None)
    return status if isinstance(status, int) else None


def _is_permanent(err: Exception) -> bool:
    root_error = err.__cause__ if isinstance(err, FileNotFoundError) and err.__cause__ else err
    status = _status(root_error)
    is_refused = status is not None and 400 <= status < 500 and status not in _RETRIED_STATUSES  # noqa: PLR2004
    return is_refused or isinstance(root_error, _PERMANENT_ERRORS)


def _describe_error(err: Exception) -> str:
    """Describe an error without its text, which may hold a signed URL."""
    if isinstance(err, PermissionError):
        return "access was refused; check the credentials in the environment"
    return f"{type(err).__name__} {getattr(err, 'strerror', None) or ''}".strip() + "; the same command goes on"


def walk(url: str) -> list[Found | Skipped]:
    """Return all files below a URL in order of their escaped relative paths, without the outputs of builds.

    Raises:
        SourceError: the URL or a folder below it cannot be listed, or nothing is there.
    """
    fs, root = place_of(url)
    try:
        infos = _list_pages(fs, root) if _is_http(root) else retried(url, lambda: fs.find(root, detail=True))
    except FileNotFoundError:
        infos = {}
    if not infos:
        raise SourceError(f"'{without_secrets(url)}' is missing or empty")
    entries = [entry for path, info in infos.items() if (entry := _entry(path, info, root))]
    return sorted(_without_builds(entries), key=lambda entry: entry.id)


def names(url: str, folder: str) -> list[str]:
    """Return the escaped names of what lies directly in a folder, sorted, with a slash after folders.

    Args:
        url: the URL of the tree.
        folder: escaped path of the folder below the URL; empty for the URL itself. A missing folder is empty.

    Raises:
        SourceError: the folder cannot be listed.
    """
    fs, root = path_below(url, folder) if folder else place_of(url)
    try:
        infos = retried(url, lambda: fs.ls(root, detail=True))
    except FileNotFoundError:
        return []
    is_folder = {info["name"].rstrip("/"): info["type"] == "directory" for info in infos}
    return sorted(
        escaped(_raw_name(path, root)) + ("/" if is_folder[path] else "")
        for path in is_folder
        if path.startswith(f"{root}/")
    )


def _list_pages(fs: Any, folder: str) -> dict[str, dict[str, Any]]:  # noqa: ANN401
    """Return what a web server lists. fsspec's own walk would leave out a folder whose page fails."""
    infos: dict[str, dict[str, Any]] = {}
    for info in retried(folder, lambda: fs.ls(folder, detail=True)):
        subfolder = info["name"].rstrip("/")
        if info["type"] != "directory" or subfolder == folder:
            infos[info["name"]] = info
            continue
        try:
            infos |= _list_pages(fs, subfolder)
        except FileNotFoundError:
            problem = "is listed by its server, which then answers that there is no such folder"
            raise SourceError(
                f"'{without_secrets(subfolder)}' {problem}; mend the listing, or name a folder below"
            ) from None
    return infos


def _without_builds(entries: list[Found | Skipped]) -> list[Found | Skipped]:
    """Replace the files of each build's output by one skipped entry.

    When the same source is built again, the listing must be what it was before the first output existed.
    """
    split_ids = (entry.id.partition(f"/{BUILD_STATE}/") for entry in entries)
    builds = {folder for folder, separator, _ in split_ids if separator}
    build_prefixes = tuple(f"{folder}/" for folder in builds)
    kept = [entry for entry in entries if not entry.id.startswith(build_prefixes)]
    return kept + [Skipped(folder, "build") for folder in builds if not folder.startswith(build_prefixes)]


def _entry(path: str, info: dict[str, Any], root: str) -> Found | Skipped | None:
    if not path.startswith(f"{root}/"):
        return Skipped(escaped(path.encode()), "outside_source")
    name = _raw_name(path, root)
    if not name or name.endswith(b"/"):
        return None
    return refused_name(name) or Found(escaped(name), info.get("size") or 0, stamp_of(info))


def _raw_name(path: str, root: str) -> bytes:
    name = path[len(root) + 1 :].encode("utf-8", "surrogateescape")
    # Web servers list percent-encoded links; other file systems list plain names.
    return unquote_to_bytes(name) if _is_http(root) else name


def stamp_of(info: dict[str, Any]) -> int:
    """Return a number that changes when a file behind a URL does."""
    version_fields = [str(info.get(key, "")) for key in ("ETag", "etag", "mtime", "LastModified", "created", "blob_id")]
    return int.from_bytes(hashlib.sha256("\n".join(version_fields).encode()).digest()[:7], "big")


def path_below(url: str, name: str) -> tuple[Any, str]:
    """Return the file system and path of an escaped name below a URL."""
    fs, root = place_of(url)
    raw_name = unquote_to_bytes(name)
    if refusal := refused_name(raw_name):
        raise Unusable(refusal.reason, name)
    text = raw_name.decode("utf-8", "surrogateescape")
    return fs, f"{root}/{quote(text) if _is_http(root) else text}"


def find(url: str, name: str) -> Found | Skipped:
    """Return the file of an escaped name below a URL, or the reason why it cannot be an item."""
    try:
        fs, path = path_below(url, name)
        info = retried(f"{url}/{name}", lambda: fs.info(path))
    except Unusable as refusal:
        return Skipped(name, refusal.reason)
    except FileNotFoundError:
        return Skipped(name, "unreadable", "no such file")
    return Found(name, info.get("size") or 0, stamp_of(info))


def fetch(url: str, name: str, size: int, *, listed: bool = False) -> BinaryIO:
    """Fetch a whole file and only then return it, so that no decoder waits for the network.

    Args:
        url: the URL of the tree.
        name: escaped name below the URL.
        size: bytes, 0 if unknown.
        listed: whether the file was there, with that size, when the source was listed.

    Raises:
        Unusable: ``unreadable`` if there is no such file and none was listed.
        SourceError: the file cannot be read now, or a listed file is gone or has another size.
    """
    fs, path = path_below(url, name)
    try:
        if 0 < size <= _MAX_IN_MEMORY:
            file: BinaryIO = io.BytesIO(retried(f"{url}/{name}", lambda: bytes(fs.cat_file(path))))
        else:
            file = retried(f"{url}/{name}", lambda: _download(fs, path))
    except FileNotFoundError:
        if listed:
            raise SourceError(since(name, "is gone")) from None
        raise Unusable("unreadable", "no such file") from None
    if listed and size and file.seek(0, io.SEEK_END) != size:
        file.close()
        raise SourceError(since(name, "has changed"))
    file.seek(0)
    return file


def _download(fs: Any, path: str) -> BinaryIO:  # noqa: ANN401
    with NamedTemporaryFile() as temporary:
        fs.get_file(path, temporary.name)
        # The block's end removes the name; the content stays until the file is closed.
        return Path(temporary.name).open("rb")


class Parts(Span):
    """A file behind a URL of which only the requested parts are fetched."""

    def __init__(self, url: str, name: str) -> None:
        self._name = f"{url}/{name}"
        self._fs, self._path = path_below(url, name)
        try:
            size = retried(self._name, lambda: self._fs.info(self._path))["size"]
        except FileNotFoundError:
            raise Unusable("unreadable", "no such file") from None
        if size is None:
            raise SourceError(f"'{self._name}' has no known size; its server must say Content-Length")
        super().__init__(int(size))

    def readinto(self, buffer: Any) -> int:  # noqa: ANN401 - a writable buffer
        """Read as from any file; each call fetches over the network."""
        start, stop = self._position, min(self._size, self._position + len(buffer))
        if start >= stop:
            return 0
        try:
            data = retried(self._name, lambda: bytes(self._fs.cat_file(self._path, start=start, end=stop)))
        except FileNotFoundError:
            raise SourceError(f"'{self._name}' was there and is gone") from None
        if len(data) == self._size:
            data = data[start:stop]  # a server without support for ranges sends the whole file
        if len(data) != stop - start:
            raise SourceError(f"'{self._name}' gave {len(data)} bytes for {stop - start}; did it change?")
        buffer[: len(data)] = data
        self._position = stop
        return len(data)


def parts(url: str, name: str) -> BinaryIO:
    """Open a file behind a URL for reading in parts: an archive or a table, of which little is needed at a time."""
    return io.BufferedReader(Parts(url, name), _BUFFER_SIZE)
