"""Outputs of a detector as if its network saw what a test wants."""

from __future__ import annotations

import numpy as np

from suite_images.resizing import letterboxed
from suite_object_detection.codec import DetectionCodec, locations

CERTAIN = 20.0


def silence(codec: DetectionCodec) -> np.ndarray:
    """Outputs with nothing in them: every class is most improbable everywhere."""
    outputs = np.zeros(
        (len(locations(codec.size, codec.strides)[0]), len(codec.classes) + 4 * codec.bins), np.float32
    )
    outputs[:, : len(codec.classes)] = -CERTAIN
    return outputs


def logit(score: float) -> float:
    return float(np.log(score / (1 - score)))


def say(outputs, box, name, score, codec, anchor=None, size=None):
    """Let the location nearest to the box's center, or `anchor`, predict `box` in the image's pixels."""
    box = np.asarray(box, np.float64)
    if size is not None:
        scale_x, scale_y, left, top = letterboxed(*size, *codec.size)
        box = box * (scale_x, scale_y, scale_x, scale_y) + (left, top, left, top)
    centers, strides = locations(codec.size, codec.strides)
    if anchor is None:
        wanted = np.abs(centers - (box[:2] + box[2:]) / 2).max(axis=1)
        inside = np.all((centers > box[:2]) & (centers < box[2:]), axis=1)
        reach = np.maximum(centers - box[:2], box[2:] - centers).max(axis=1) / strides <= codec.bins - 1
        anchor = int(np.argmin(np.where(inside & reach, wanted, np.inf)))
        assert inside[anchor], "no location lies in this box"
        assert reach[anchor], "no location reaches this box's edges"
    distances = np.concatenate([centers[anchor] - box[:2], box[2:] - centers[anchor]]) / strides[anchor]
    logits = np.full((4, codec.bins), -100.0)
    for row, distance in zip(logits, distances, strict=True):
        lower = min(int(distance), codec.bins - 2)
        for bin_, share in ((lower, lower + 1 - distance), (lower + 1, distance - lower)):
            row[bin_] = np.log(max(share, 1e-30))
    outputs[anchor, codec.classes.index(name)] = logit(score)
    outputs[anchor, len(codec.classes) :] = logits.ravel()
    return anchor
