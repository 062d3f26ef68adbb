"""The codec of detectors whose outputs are distances from the centers of cells. numpy and cv2 only."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from suite_object_detection.box_codec import BoxCodec

MAX_BINS = 1024


class DetectionCodec(BoxCodec, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Decodes distances from the centers of cells to the edges of a box.

    The network gives float32 (locations, classes + 4 * bins): for each location (see `locations`) the logits
    of the classes, and four times `bins` logits of the distances to the left, upper, right and lower edge. A
    distance is the expectation of the softmax over 0 to bins - 1, in strides (Li et al., Generalized Focal
    Loss, 2020, section 3.2).

    Attributes:
        strides: of the levels of the network's outputs, rising, in pixels of its input, whose sides are
            multiples of them.
        bins: values that a distance is spread over.
    """

    strides: tuple[int, ...] = (8, 16, 32)
    bins: int = 16

    def __post_init__(self) -> None:
        if not self.strides or min(self.strides) < 1 or list(self.strides) != sorted(set(self.strides)):
            raise ValueError(f"its strides are to rise from at least 1, not to be {list(self.strides)}")
        if min(self.size) < 1 or any(side % stride for side in self.size for stride in self.strides):
            raise ValueError(
                f"its size {list(self.size)} is not a multiple of its strides {list(self.strides)}"
            )
        if not 2 <= self.bins <= MAX_BINS:
            raise ValueError(f"its bins are to be from 2 to {MAX_BINS}, not {self.bins}")
        super().__post_init__()

    @property
    def output_shape(self) -> tuple[int, int]:
        return len(locations(self.size, self.strides)[1]), len(self.classes) + 4 * self.bins

    def boxes_of(self, outputs: np.ndarray, anchors: np.ndarray) -> np.ndarray:
        centers, strides = locations(self.size, self.strides)
        # Bins first: numpy is several times faster along the first axis than along a short last one.
        logits = np.ascontiguousarray(outputs[anchors, len(self.classes) :].reshape(-1, self.bins).T)
        with np.errstate(invalid="ignore"):
            powers = np.exp(logits - logits.max(axis=0))
        means = np.arange(self.bins, dtype=np.float32) @ powers / powers.sum(axis=0)
        if np.isnan(means).any():
            raise ValueError("the network's output is infinite; its weights are broken")
        distances = means.reshape(-1, 4) * strides[anchors, None]
        distances[:, :2] *= -1
        boxes: np.ndarray = np.tile(centers[anchors], 2) + distances
        return boxes


@lru_cache(maxsize=32)
def locations(size: tuple[int, int], strides: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Where a network's outputs lie: level by level, each row by row, the centers of its cells.

    Args:
        size: (height, width) of the network's input.
        strides: of the levels, in pixels of the input.

    Returns:
        float64 (locations, 2) x and y in pixels of the input, and float64 (locations,) the strides.
    """
    height, width = size
    centers = []
    for stride in strides:
        y, x = np.mgrid[: height // stride, : width // stride]
        centers.append((np.stack([x.ravel(), y.ravel()], axis=1) + 0.5) * stride)
    repeated = [np.full(len(level), float(stride)) for level, stride in zip(centers, strides, strict=True)]
    result = np.concatenate(centers), np.concatenate(repeated)
    for array in result:
        array.flags.writeable = False  # all callers share it
    return result
