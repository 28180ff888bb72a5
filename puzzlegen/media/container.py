"""The only place where video files are opened, whether they come from a source or from puzzlegen itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO, Final

import av

if TYPE_CHECKING:
    from av.container import InputContainer

#: Formats that are accepted. Without this list, FFmpeg takes a text file for a playlist and opens the files it names.
_FORMATS: Final = "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpeg,mpegvideo,mpegts,asf,asf_o,flv,ogg,m4v,h264,hevc"


class _Unnamed:
    """A file without its name, which would influence FFmpeg's guess of the format and appear in its error messages."""

    def __init__(self, file: BinaryIO) -> None:
        self.read, self.seek, self.tell = file.read, file.seek, file.tell


def open_container(file: BinaryIO) -> InputContainer:
    """Open a video file from its beginning.

    Raises:
        av.FFmpegError: the format is not one that is accepted, or the file is damaged.
    """
    file.seek(0)
    return av.open(_Unnamed(file), "r", options={"format_whitelist": _FORMATS}, metadata_errors="replace")
