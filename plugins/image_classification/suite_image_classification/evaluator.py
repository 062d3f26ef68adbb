"""The evaluator of image classification: that of any classification, and the worst mistakes as images."""

from __future__ import annotations

from suite.evaluation import Evaluation, Pairs
from suite.options import NoOptions
from suite_classification.arrays import label_arrays
from suite_classification.evaluator import evaluation
from suite_image_classification.figures import worst_mistakes_gallery


def evaluate(pairs: Pairs, options: NoOptions) -> Evaluation:
    """Score classifications of images; see `suite_classification.evaluator.evaluation`."""
    arrays = label_arrays(pairs)
    return evaluation(arrays, items="images", mistakes=lambda: worst_mistakes_gallery(arrays, pairs))
