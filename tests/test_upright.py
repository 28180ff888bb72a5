"""Images that show which side is up, and images that do not."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from puzzlegen.errors import Unusable, exact
from puzzlegen.media.image import ImageSettings, clean_image
from puzzlegen.media.places import clarity
from puzzlegen.media.scaled import ScaledImage, unscaled
from puzzlegen.media.upright import SIDE, upright_margin
from puzzlegen.records import Item
from puzzlegen.rng import rng_for
from puzzlegen.sources.samples import Samples


def scenes(count: int) -> list[ScaledImage]:
    source = Samples(images=count, videos=0)
    made = []
    for item in source.items():
        assert isinstance(item, Item)
        with source.open(item) as file:
            made.append(clean_image(file.read(), rng_for(1, item.id), ImageSettings()))
    return made


def kept(picture: ScaledImage) -> bool:
    try:
        return upright_margin(picture.miniature(SIDE), lambda: clarity(picture)) >= 0
    except Unusable as no:
        assert no.reason == "no_upright"
        return False


def much() -> float:
    return 20.0


def test_scenes_have_an_up() -> None:
    # A third of photos, and somewhat more drawings, show clearly enough which side is up.
    assert sum(map(kept, scenes(16))) >= 6


def test_what_shows_little_has_none() -> None:
    small = next(picture for picture in scenes(16) if kept(picture)).miniature(SIDE)
    assert upright_margin(small, lambda: 9.0) >= 0
    with pytest.raises(Unusable) as no:
        upright_margin(small, lambda: 3.0)
    assert no.value.reason == "no_upright"


def test_what_is_refused_anyway_is_not_looked_at() -> None:
    with pytest.raises(Unusable):
        upright_margin(Image.new("L", (96, SIDE), 90), lambda: pytest.fail("looked at"))


def test_less_can_be_asked_for() -> None:
    small = next(picture for picture in scenes(16) if kept(picture)).miniature(SIDE)
    assert upright_margin(small, much, 2.0) == pytest.approx(upright_margin(small, much) + 2)


def test_textures_have_none() -> None:
    for cell in (4, 8, 16):
        values = np.frombuffer(rng_for("texture", cell).raw((640 // cell) ** 2), np.uint8)
        noise = Image.fromarray(values.reshape(640 // cell, -1)).convert("RGB")
        turned = noise.resize((640, 640), Image.Resampling.BICUBIC).rotate(30)
        assert not kept(unscaled(turned.crop((120, 120, 520, 520))))


@pytest.mark.parametrize("level", [0, 90])
def test_a_flat_picture_has_none(level: int) -> None:
    assert not kept(unscaled(Image.new("RGB", (300, 200), (level, level, level))))


def test_no_turn_and_no_mirror_image_is_called_otherwise() -> None:
    for picture in scenes(2):
        small = picture.miniature(SIDE)
        margins = [upright_margin(shown, much, 9.0) for shown in (small, *map(small.transpose, Image.Transpose))]
        assert margins == pytest.approx([margins[0]] * 8, rel=1e-3)


def test_a_message_shows_that_a_number_is_too_small() -> None:
    """Rounded, the number would look as large as the required one."""
    assert [exact(29.4, 30), exact(29.98, 30), exact(1.0997, 1.1), exact(0.304, 0.3, 2)] == [
        "29.4",
        "29.98",
        "1.0997",
        "0.304",
    ]
    assert exact(2.0, 2.0) == "2.000000"
