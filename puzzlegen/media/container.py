"""Video files are opened in one way only, whoever made them."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO, Final

import av

if TYPE_CHECKING:
    from av.container import InputContainer

#: Containers that are read. Without this list FFmpeg takes text for a playlist and opens whatever it names.
_FORMATS: Final = "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpeg,mpegvideo,mpegts,asf,asf_o,flv,ogg,m4v,h264,hevc"


class _Unnamed:
    """A file without its name: the name would sway FFmpeg's guess of the format and stand in its messages."""

    def __init__(self, file: BinaryIO) -> None:
        self.read, self.seek, self.tell = file.read, file.seek, file.tell


def open_container(file: BinaryIO) -> InputContainer:
    """A video file, opened from its beginning.

    Raises:
        av.FFmpegError: it is of no format that is read, or damaged.
    """
    file.seek(0)
    return av.open(_Unnamed(file), "r", options={"format_whitelist": _FORMATS}, metadata_errors="replace")
