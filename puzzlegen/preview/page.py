"""Write the page: this folder's HTML, CSS and scripts, with the data embedded as text that is never parsed as HTML."""

from __future__ import annotations

import base64
import hashlib
import html
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from puzzlegen.output import publish, refused

_FOLDER: Final = Path(__file__).parent
_SCRIPTS: Final = ("page.js", "media.js", "grade.js", "card.js", "filters.js", "play.js", "about.js", "main.js")
#: Characters of JSON to escape: in a script element they could end it, open a comment or, in old parsers, end a line.
_ESCAPES: Final = {ord(char): f"\\u{ord(char):04x}" for char in "<>&\u2028\u2029"}


def write_page(page: Path, data: dict[str, Any], media: Iterable[bytes], charts: str = "") -> None:
    """Write the page: first everything that shows at once, then one element per medium.

    Args:
        page: the HTML file.
        data: data for the scripts.
        media: base64 of each medium.
        charts: HTML of the charts, for the view of the build.

    Raises:
        OutputError: the file cannot be written.
    """
    temporary = page.with_name(f".{page.name}.tmp")
    try:
        page.parent.mkdir(parents=True, exist_ok=True)
        with temporary.open("wb") as file:
            file.write(_head(data, charts).encode())
            for number, text in enumerate(media):
                file.write(b'<script type="text/plain" id="m%d">%b</script>\n' % (number, text))
            file.write(b"</body>\n</html>\n")
        publish(temporary, page)
    except OSError as err:
        temporary.unlink(missing_ok=True)
        raise refused(page, err) from err


def as_json(data: Any) -> str:  # noqa: ANN401 - any JSON value
    """Return JSON that is safe inside a script element."""
    return json.dumps(data, ensure_ascii=False, separators=(",", ":")).translate(_ESCAPES)


def _head(data: dict[str, Any], charts: str) -> str:
    script = '"use strict";\n(() => {\n' + "".join(_read_text(name) for name in _SCRIPTS) + "})();\n"
    return fill(
        _read_text("page.html"),
        title=html.escape(f"{data['facts']['name']}: puzzles"),
        script_sha256=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
        style=_read_text("page.css"),
        charts=charts,
        data=as_json(data),
        script=script,
    )


def fill(template: str, **parts: str) -> str:
    """Fill in the ``{{names}}`` of a template in one pass; the filled-in text is not searched for names."""
    pieces = template.split("{{")
    split_pieces = (piece.split("}}", 1) for piece in pieces[1:])
    return pieces[0] + "".join(parts[name] + text for name, text in split_pieces)


def _read_text(name: str) -> str:
    return (_FOLDER / name).read_text(encoding="utf-8")
