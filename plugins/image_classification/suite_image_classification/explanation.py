"""Which regions of images pushed predictions: each is blurred in turn, and the model predicts again."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np

from suite import UserError
from suite.evaluation import Pairs
from suite.figures import Gallery
from suite_classification.arrays import LabelArrays, label_arrays
from suite_classification.explaining import (
    as_if_right,
    as_weights,
    caption_of,
    class_to_explain,
    log_odds,
    targets_known,
)
from suite_classification.mistakes import worst_mistakes
from suite_classification.types import Classification
from suite_images import reading
from suite_images.conversion import as_rgb
from suite_images.encoding import jpeg
from suite_images.heat import shaded
from suite_images.occlusion import Grid, heat_of, views
from suite_images.resizing import shrunk
from suite_images.thumbnails import thumbnail

MAX_WRONG, MAX_RIGHT = 4, 4
"""Images of a report: the worst mistakes, and the surest of what is right."""

MAX_IMAGES = 12
"""Predictions without known targets that are explained."""

GRIDS = (Grid(4), Grid(7))
"""Coarse regions for objects that fill an image, fine ones for small ones: 66 predictions for an image."""

MAX_SIDE = 384
"""Larger images are shrunk before regions are blurred: networks see them smaller still."""

THUMBNAIL = 200


Predict = Callable[[Iterable[np.ndarray]], Sequence[Classification]]
Probabilities = Callable[[Iterator[np.ndarray]], Sequence[float]]


def explain(pairs: Pairs, predict: Predict) -> list[Gallery]:
    """Images beside heat maps of what pushed the prediction.

    The weight of a region is by how much the log-odds of the class fall when it is blurred, as a share of the
    largest change in its image: above zero if it pushed towards the class, below if it pushed away.

    Args:
        pairs: targets and predictions, with their examples.
        predict: classifies images, in their order.

    Returns:
        One figure; none if the images are not at hand, or predictions carry no probabilities.
    """
    known = targets_known(pairs)
    arrays = label_arrays(pairs if known else as_if_right(pairs))
    if pairs.examples is None or arrays.scores is None:
        return []
    bits, channels = pairs.facts.get("bits", 16), pairs.facts.get("channels", 3)
    items: list[tuple[bytes, str]] = []
    for index in _chosen(arrays) if known else range(min(len(pairs), MAX_IMAGES)):
        try:
            raw = pairs.examples[index].input
            image = shrunk(reading.read(raw, MAX_SIDE, bits=bits, channels=channels), MAX_SIDE)
        except (UserError, OSError):
            continue  # the scores stand although the image is gone
        name = class_to_explain(arrays, index)
        heat = heat_map(image, _probabilities(name, predict))
        shown = thumbnail(as_rgb(image), THUMBNAIL)
        both = np.concatenate([shown, shaded(shown, heat)], axis=1)
        items.append((jpeg(both), caption_of(arrays, index, name, pairs.ids[index], known=known)))
    if not items:
        return []
    which = "the worst mistakes, then the surest of what is right" if known else "the predictions"
    return [
        Gallery(
            title="Regions that pushed " + ("predictions" if known else "the predictions"),
            items=items,
            large=True,
            caption=(
                f"These are {which}. Each region was blurred in turn. Blue: the odds of the class fell then,"
                " so the region counted for it; orange: they rose. The strongest shade is the largest change"
                " in its image. If the object itself does not count, the model has learned something else."
            ),
        )
    ]


def heat_map(image: np.ndarray, probabilities: Probabilities) -> np.ndarray:
    """How regions of an image pushed the probability of a class.

    Args:
        image: uint8 (height, width, channels).
        probabilities: of the class, for each of several images.

    Returns:
        float64 (rows, columns) of weights from -1 to 1; all zero if no region changes anything.
    """
    odds = log_odds(probabilities(views(image, GRIDS)))
    return as_weights(heat_of(odds[0] - odds[1:], GRIDS, image.shape))


def _probabilities(name: str, predict: Predict) -> Probabilities:
    """What gives the probability of a class for each of several images."""
    return lambda images: [prediction.scores.get(name, 0.0) for prediction in predict(images)]


def _chosen(arrays: LabelArrays) -> list[int]:
    """The worst mistakes, then what is right and surest, of as many classes as there are."""
    assert arrays.scores is not None
    wrong = worst_mistakes(arrays).tolist()
    right = np.setdiff1d(np.arange(len(arrays)), wrong)
    surest = right[np.argsort(-arrays.scores[right].max(axis=1), kind="stable")]
    classes = arrays.scores[surest].argmax(axis=1)
    _, first = np.unique(classes, return_index=True)
    order = [*np.sort(first).tolist(), *np.setdiff1d(np.arange(len(surest)), first).tolist()]
    return [*wrong[:MAX_WRONG], *surest[order[:MAX_RIGHT]].tolist()]
