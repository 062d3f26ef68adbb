"""The scores of image classification: those of any classification, and the worst mistakes as images."""

from __future__ import annotations

from suite import UserError
from suite.evaluation import Evaluation, Pairs
from suite.figures import Gallery
from suite.options import NoOptions
from suite_classification.answers import Answers, read
from suite_classification.mistakes import how_many, mistake_at, worst_mistakes
from suite_classification.scores import evaluation

MOST_MISTAKES = 24
THUMBNAIL = 160


def classification(pairs: Pairs, options: NoOptions) -> Evaluation:
    """Score classifications of images; see `suite_classification.scores.evaluation`."""
    answers = read(pairs)
    return evaluation(answers, things="images", mistakes=lambda: mistakes(answers, pairs))


def mistakes(answers: Answers, pairs: Pairs) -> list[Gallery]:
    """The worst mistakes as images; nothing where there is none, or no image at hand."""
    wrong = worst_mistakes(answers).tolist()
    if pairs.examples is None or not wrong:
        return []
    items: list[tuple[bytes, str]] = []
    unread = 0
    for index in wrong:
        if len(items) == MOST_MISTAKES:
            break
        try:
            items.append((_thumbnail(pairs.examples[index].input), _described(answers, pairs, index)))
        except (UserError, OSError):
            unread += 1  # said in the caption: the scores stand although the image is gone
    caption = f"{how_many(answers, len(wrong), len(items) + unread)}."
    if unread:
        caption += f" {unread} could not be read and are left out."
    return [Gallery(title="Worst mistakes", items=items, caption=caption)]


def _described(answers: Answers, pairs: Pairs, index: int) -> str:
    mistake = mistake_at(answers, index)
    return f"{mistake.shown_taken}\nis {mistake.shown_true}\n{pairs.ids[index]}"


def _thumbnail(raw: object) -> bytes:
    """An image of at most 160 x 160 as JPEG; tiny ones are enlarged with their pixels kept square."""
    # OpenCV is imported where a report is written, not where numbers are computed.
    from suite_images import reading
    from suite_images.encoding import jpeg
    from suite_images.thumbnails import thumbnail

    return jpeg(thumbnail(reading.read(raw, at_least=THUMBNAIL), THUMBNAIL))
