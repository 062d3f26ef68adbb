"""The worst mistakes as images."""

from __future__ import annotations

from suite import UserError
from suite.evaluation import Pairs
from suite.figures import Gallery
from suite_classification.arrays import LabelArrays
from suite_classification.mistakes import how_many, mistake_at, worst_mistakes

MAX_MISTAKES = 24
THUMBNAIL = 160


def worst_mistakes_gallery(arrays: LabelArrays, pairs: Pairs) -> list[Gallery]:
    """The worst mistakes as images; nothing if there is none, or the images are not at hand."""
    wrong = worst_mistakes(arrays).tolist()
    if pairs.examples is None or not wrong:
        return []
    items: list[tuple[bytes, str]] = []
    unread = 0
    for index in wrong:
        if len(items) == MAX_MISTAKES:
            break
        try:
            items.append((_thumbnail(pairs.examples[index].input), _described(arrays, pairs, index)))
        except (UserError, OSError):
            unread += 1  # noted in the caption: the scores stand although the image is gone
    caption = f"{how_many(arrays, len(wrong), len(items) + unread)}."
    if unread:
        caption += f" {unread} could not be read and are left out."
    return [Gallery(title="Worst mistakes", items=items, caption=caption)]


def _described(arrays: LabelArrays, pairs: Pairs, index: int) -> str:
    mistake = mistake_at(arrays, index)
    return f"{mistake.shown_taken}\nis {mistake.shown_true}\n{pairs.ids[index]}"


def _thumbnail(raw: object) -> bytes:
    """An image of at most 160 x 160 as JPEG; tiny ones are enlarged with their pixels kept square."""
    # OpenCV is imported when a report is written, not when numbers are computed.
    from suite_images import reading
    from suite_images.encoding import jpeg
    from suite_images.thumbnails import thumbnail

    return jpeg(thumbnail(reading.view(raw, at_least=THUMBNAIL), THUMBNAIL))
