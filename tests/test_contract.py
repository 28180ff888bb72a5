"""An error names the task and the item of a puzzle that breaks the contract of tasks."""

from __future__ import annotations

import io
from typing import Any, ClassVar

import pytest
from conftest import recipe_with
from PIL import Image

from puzzlegen import answers
from puzzlegen.contract import check_puzzle
from puzzlegen.errors import TaskError, Unusable
from puzzlegen.media.image import encode_image
from puzzlegen.media.opened import OpenItem
from puzzlegen.records import Item, Medium, Puzzle
from puzzlegen.rng import Rng, rng_for
from puzzlegen.tasks import Task

PICTURE = encode_image(Image.new("RGB", (32, 32)))
BLOCK, ANSWER = answers.choice(rng_for("options"), ["a", "b", "c"], 0)
GOOD = Puzzle(f"<image>\nWhich?\n{BLOCK}", (PICTURE,), ANSWER, 0.5, 0.0)
_, TWICE = answers.choice(rng_for("options"), ["a", "b", "b"], 0)


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        (GOOD, ""),
        (None, "pose returned NoneType; return a Puzzle or raise Unusable"),
        (GOOD._replace(media=()), "the puzzle has 0 media, but the task's media_count is 1"),
        (GOOD._replace(question="Which?"), r"placeholders \[\], its media need \['<image>'\]"),
        (GOOD._replace(question="<video>Which?"), r"placeholders \['<video>'\], its media need \['<image>'\]"),
        (GOOD._replace(answer=TWICE), "two options are the same"),
        (GOOD._replace(difficulty=float("nan")), "difficulty nan is not between 0 and 1"),
        (GOOD._replace(difficulty=5.0), "difficulty 5.0 is not between 0 and 1"),
        (GOOD._replace(margin=-3.0), "margin -3.0 is not a number of at least 0"),
        (GOOD._replace(margin=float("inf")), "margin inf is not"),
        (GOOD._replace(media=(Medium(b"xx", "jpg"),)), "medium 1 cannot be opened as jpg"),
        (GOOD._replace(media=(PICTURE._replace(data=PICTURE.data[:100]),)), "medium 1 cannot be opened as jpg"),
        (
            GOOD._replace(media=(PICTURE._replace(ext="png"),)),
            "medium 1 is image/jpeg, its suffix 'png' says",
        ),
        (GOOD._replace(media=(PICTURE._replace(ext="gif"),)), "medium 1 has the suffix 'gif'; allowed: jpg"),
        (GOOD._replace(question="<video>", media=(Medium(b"xx", "mp4"),)), "medium 1 is a clip without meta"),
    ],
)
def test_what_breaks_the_contract_is_named(broken: Any, said: str) -> None:
    if not said:
        check_puzzle(broken, "mine", "photo.jpg", 1)
        return
    with pytest.raises(TaskError, match=f"^task mine, 'photo.jpg': .*{said}"):
        check_puzzle(broken, "mine", "photo.jpg", 1)


class Refusing(Task):
    """A task that rejects every item for a reason that puzzlegen does not know."""

    accepts: ClassVar = "image"
    ability: ClassVar = "none"

    @property
    def difficulty(self) -> float:
        return 0.5

    def pose(self, item: OpenItem, rng: Rng) -> Puzzle:
        raise Unusable("my_reason", f"{item.item.id} {rng}")


def test_a_reason_that_no_report_knows_is_named() -> None:
    media = recipe_with([{"task": "rotation"}]).media
    item = OpenItem(Item("photo.jpg", "image"), lambda _: io.BytesIO(), media, rng_for("item"))
    with pytest.raises(TaskError, match=r"'photo.jpg': Unusable\('my_reason'\) is not an allowed reason: .*flat, "):
        Refusing().make(item, rng_for("puzzle"))
