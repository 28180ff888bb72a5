"""Clean raw pictures, and encode the pictures of puzzles.

Cleaning comes before any task and knows nothing about the answer. It makes traces of how the source was made (JPEG
grid, chroma phase, aspect ratio) fade, so that they cannot give away the transformation. With a crop at random phase, a
downscale by slightly different factors per axis and one final JPEG, a classifier that sees only such traces names the
angle of a turned photo 25.2 % of the time (chance 25 %), against 97 % for "rotate and save".
"""

from __future__ import annotations

import contextlib
import io
import warnings
from functools import cache, lru_cache, partial
from typing import TYPE_CHECKING, Annotated, Any, Final, cast

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError
from pydantic import BaseModel, ConfigDict, Field

from puzzlegen.errors import Unusable
from puzzlegen.media.geometry import even
from puzzlegen.media.scaled import ScaledImage, Sketch, Whole, sketch_edges, sketch_of, unscaled
from puzzlegen.media.shortage import refuse_shortage
from puzzlegen.ranges import RISING, Side
from puzzlegen.records import Medium
from puzzlegen.rng import Rng

if TYPE_CHECKING:
    from collections.abc import Callable

    from PIL import ImageCms

FORMATS: Final = ("JPEG", "PNG", "WEBP", "BMP", "TIFF", "GIF", "AVIF", "PPM")
JPEG: Final[dict[str, Any]] = {"format": "JPEG", "quality": 90, "subsampling": "4:2:0"}
#: Key in a picture's ``info`` that marks it, and every crop of it, as not cleaned.
_UNCLEANED_KEY: Final = "as found"
MAX_ASPECT: Final = 8.0
_BORDER_STD: Final = 2.0
_EXIF_TURN: Final = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


class ImageSettings(BaseModel):
    """How raw pictures become clean ones: the recipe's section ``media.image``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    side_px_range: Annotated[tuple[Side, Side], RISING] = Field(
        (256, 448), description="short side of the cleaned image in pixels, drawn per item"
    )
    max_scale: float = Field(
        0.9,
        gt=0,
        le=1,
        description="largest downscale factor; above about 0.9, codec traces of the source survive",
    )
    max_aspect: float = Field(2.0, ge=1, le=4, description="longer images are cropped to this aspect ratio")
    max_pixels: int = Field(
        64_000_000, ge=10_000, description="maximum pixels to decode (after JPEG's own downscaling)"
    )
    min_side_px: int = Field(0, ge=0, description="minimum short side of the source image")
    clean: bool = Field(
        default=True,
        description="false (for audits only): keep codec traces, shape and size, and save as PNG; leaky",
    )


def clean_image(data: bytes, rng: Rng, settings: ImageSettings) -> ScaledImage:
    """Decode a picture and clean it: upright, sRGB, without borders, cropped and downscaled at random phase.

    Args:
        data: the file's bytes.
        rng: decides crop and size; the same stream gives the same pixels.
        settings: the recipe's section ``media.image``.

    Returns:
        An RGB image, scaled when its pixels are first asked for. Its sides are even, the short one is within
        ``side_px_range``. With ``clean: false`` the picture is only turned upright, converted to sRGB and, if its short
        side exceeds that range, scaled down; :func:`encode_image` then saves it and its crops without loss.

    Raises:
        Unusable: ``undecodable``, ``too_small``, ``too_large``, ``too_elongated`` or ``flat``.
        MemoryError: memory is so short that the failure may not be the file's fault.
    """
    try:
        with warnings.catch_warnings():
            # The limit is max_pixels, which allows for JPEG being scaled down while it is decoded.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(data), formats=FORMATS) as raw:
                picture = _clean(raw, rng, settings) if settings.clean else _decode_only(raw, settings)
    except (Unusable, MemoryError):
        raise
    except Image.DecompressionBombError as err:
        raise Unusable("too_large", str(err)) from err
    except UnidentifiedImageError as err:
        refuse_shortage()
        # Pillow's message contains a memory address, but rejections must be the same in every build.
        raise Unusable("undecodable", f"none of {', '.join(FORMATS)}") from err
    # Decoders raise nearly anything on damaged bytes (OSError, SyntaxError, struct.error, IndexError ...).
    except Exception as err:
        refuse_shortage()
        raise Unusable("undecodable", f"{type(err).__name__}: {err}") from err
    return picture


def _clean(raw: Image.Image, rng: Rng, settings: ImageSettings) -> ScaledImage:
    low, high = settings.side_px_range
    full_short = min(raw.size)
    trims = [rng.uniform(0.005, 0.035) for _ in range(4)]
    crop_position, squeeze, size_draw = rng.uniform(), rng.uniform(0.97, 1.03), rng.uniform()
    turn = _EXIF_TURN.get(raw.getexif().get(0x0112, 1))
    _scale_while_decoding(raw, high / settings.max_scale, settings.max_pixels, settings.min_side_px)
    picture = to_srgb(raw)
    # Pillow passes the source's comment on from copy to copy and, in the end, into the saved file.
    picture.info = {}
    sketch = cache(partial(sketch_of, picture))
    box = _trim_and_crop(content_box(picture, sketch), trims, crop_position, settings.max_aspect)
    width, height = box[2] - box[0], box[3] - box[1]
    short = min(width, height) * full_short / min(raw.size)
    max_side = int(short * settings.max_scale)
    if max_side < low:
        needed = int(low / settings.max_scale) + 1
        raise Unusable("too_small", f"short side {int(short)} px once trimmed, needs {needed}")
    side = low + size_draw * (min(high, max_side) - low)
    factor = side / min(width, height)
    size = (even(width * factor * squeeze), even(height * factor / squeeze))
    clean = ScaledImage(picture, box, size, sketch)
    return clean if turn is None else unscaled(clean.pixels().transpose(turn))


def _decode_only(raw: Image.Image, settings: ImageSettings) -> ScaledImage:
    """Do only what most pipelines do: decode, turn upright, scale down what is too large."""
    turn = _EXIF_TURN.get(raw.getexif().get(0x0112, 1))
    _scale_while_decoding(raw, settings.side_px_range[1], settings.max_pixels, settings.min_side_px)
    picture = to_srgb(raw)
    factor = min(1.0, settings.side_px_range[1] / min(picture.size))
    if factor < 1:
        size = round(picture.width * factor), round(picture.height * factor)
        picture = picture.resize(size, Image.Resampling.BICUBIC)
    picture.info = {_UNCLEANED_KEY: True}
    return unscaled(picture if turn is None else picture.transpose(turn))


def _scale_while_decoding(raw: Image.Image, needed_side: float, max_pixels: int, min_side: int = 0) -> None:
    """Reject unsuitable sizes, and set JPEG to be decoded at 1/2, 1/4 or 1/8 where that leaves enough pixels.

    This is nearly three times faster for large photos and keeps no trace of the source.
    """
    if max(raw.size) > MAX_ASPECT * min(raw.size):
        raise Unusable("too_elongated", f"{raw.width}x{raw.height}")
    if min(raw.size) < min_side:
        raise Unusable("too_small", f"short side {min(raw.size)} px, the recipe wants {min_side}")
    if raw.format in ("JPEG", "MPO"):
        ratio = needed_side / min(raw.size)
        raw.draft(None, (int(raw.width * ratio) + 1, int(raw.height * ratio) + 1))
    if raw.width * raw.height > max_pixels:
        raise Unusable("too_large", f"{raw.width}x{raw.height} has more than {max_pixels} pixels")


def to_srgb(raw: Image.Image) -> Image.Image:
    """Convert a picture of any mode to RGB: apply its colour profile, scale 16 bit to 8, lay transparency on white."""
    profile = raw.info.get("icc_profile")
    raw.load()
    if raw.mode.startswith("I") or raw.mode == "F":
        values = np.asarray(raw, dtype=np.float64)
        white_level = 65535.0 if values.max(initial=0) > 255 else 255.0  # noqa: PLR2004 - 8 bit
        return Image.fromarray(np.clip(values * (255.0 / white_level), 0, 255).astype(np.uint8)).convert("RGB")
    if raw.has_transparency_data:
        rgba = raw.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", raw.size, "white"), rgba).convert("RGB")
    if profile and raw.mode in ("RGB", "L", "CMYK") and (transform := _profile_transform(profile, raw.mode)):
        from PIL import ImageCms  # noqa: PLC0415 - few pictures carry a profile

        with contextlib.suppress(ImageCms.PyCMSError):
            return ImageCms.applyTransform(raw, transform) or raw
    return raw if raw.mode == "RGB" else raw.convert("RGB")


@lru_cache(maxsize=16)
def _profile_transform(profile: bytes, mode: str) -> ImageCms.ImageCmsTransform | None:
    """Return the transform from a colour profile to sRGB, or None if the profile is sRGB already, or damaged.

    A damaged profile says nothing about the pixels, and viewers fall back to sRGB as well. The transform is cached
    because pictures of one camera share it, and it costs as much as decoding a small picture.
    """
    from PIL import ImageCms  # noqa: PLC0415

    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if "srgb" in ImageCms.getProfileDescription(source).lower():
            return None
        return ImageCms.buildTransform(source, ImageCms.createProfile("sRGB"), mode, "RGB")
    except (ImageCms.PyCMSError, OSError):
        refuse_shortage()
        return None


def content_box(picture: Image.Image, sketch: Callable[[], Sketch]) -> tuple[int, int, int, int]:
    """Find a picture's content inside uniform borders (letterbox, passe-partout): left, top, right, bottom in pixels.

    Args:
        picture: RGB.
        sketch: returns the picture's sketch.

    Raises:
        Unusable: ``flat``, if the whole picture is one tone.
    """
    width, height = picture.size
    # Most pictures have no border, and their outermost lines suffice to see that.
    if all(map(_is_busy_edge, sketch_edges(picture))):
        return 0, 0, width, height
    reduced, step = sketch()
    grey = np.asarray(reduced.convert("L"))
    top, bottom = _busy_span(grey)
    left, right = _busy_span(grey.T)
    margin_x, margin_y = (step if left else 0), (step if top else 0)
    return (
        min(left * step + margin_x, width - 1),
        min(top * step + margin_y, height - 1),
        width if right == grey.shape[1] else max(right * step - step, 1),
        height if bottom == grey.shape[0] else max(bottom * step - step, 1),
    )


def _is_busy_edge(edge: Image.Image) -> bool:
    """Return what :func:`are_busy` says of one line; two values far apart settle it, and are found in no time."""
    grey = edge.convert("L")
    low, high = cast("tuple[int, int]", grey.getextrema())
    n = grey.width * grey.height
    return (high - low) ** 2 > 2 * n * _BORDER_STD**2 or bool(are_busy(np.asarray(grey).ravel()))


def _busy_span(grey: NDArray[np.uint8]) -> tuple[int, int]:
    busy = np.flatnonzero(are_busy(grey))
    if busy.size == 0:
        raise Unusable("flat", "the whole picture is one tone")
    return int(busy[0]), int(busy[-1]) + 1


def are_busy(grey: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Return which lines deviate by more than ``_BORDER_STD``; in whole numbers, the same on every machine."""
    lines = grey.astype(np.int64)
    n, total = lines.shape[-1], lines.sum(axis=-1)
    return np.asarray(n * np.einsum("...k,...k", lines, lines) - total * total > (n * _BORDER_STD) ** 2)


def _trim_and_crop(
    content: tuple[int, int, int, int], trims: list[float], crop_position: float, max_aspect: float
) -> Whole:
    """Trim a little off each side, then crop the long side to ``max_aspect``; at any pixel, so the phase is random."""
    left, top, right, bottom = content
    width, height = right - left, bottom - top
    x0, x1 = left + trims[0] * width, right - trims[1] * width
    y0, y1 = top + trims[2] * height, bottom - trims[3] * height
    spare_x = max(0.0, (x1 - x0) - max_aspect * (y1 - y0))
    spare_y = max(0.0, (y1 - y0) - max_aspect * (x1 - x0))
    return (
        round(x0 + crop_position * spare_x),
        round(y0 + crop_position * spare_y),
        round(x1 - (1 - crop_position) * spare_x),
        round(y1 - (1 - crop_position) * spare_y),
    )


def encode_image(picture: Image.Image) -> Medium:
    """Encode a picture of a puzzle, always in the same way: baseline JPEG, quality 90, 4:2:0, no metadata.

    A picture that was not cleaned becomes a PNG, as in pipelines that do nothing about traces.
    """
    buffer = io.BytesIO()
    if picture.info.get(_UNCLEANED_KEY):
        picture.save(buffer, "PNG", compress_level=1)
        return Medium(buffer.getvalue(), "png")
    picture.save(buffer, **JPEG)
    return Medium(buffer.getvalue(), "jpg")


def thumbnail(picture: Image.Image, side: int) -> NDArray[np.float32]:
    """Return a grey thumbnail, ``(side, side)`` float32, 0..255; each value is the mean of its area."""
    return np.asarray(picture.convert("L").resize((side, side), Image.Resampling.BOX), dtype=np.float32)


def tone(picture: Image.Image, rng: Rng, strength: float) -> Image.Image:
    """Change brightness and contrast by up to ``strength`` (a fraction): tones must not show which parts adjoin."""
    return picture.point(tone_curve(rng, strength).tolist() * 3)


def tone_curve(rng: Rng, strength: float) -> NDArray[np.int64]:
    """Return what :func:`tone` makes of each of the 256 values, to combine it with another curve in one pass."""
    gain = rng.uniform(1 - strength, 1 + strength)
    shift = 128 * rng.uniform(-strength, strength)
    values = (np.arange(256) - 128) * gain + 128 + shift + 0.5
    return np.asarray(np.clip(values, 0, 255), dtype=np.int64)
