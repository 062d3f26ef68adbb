"""Between images and arrays, and between the network's outputs and detections. numpy and cv2 only."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, ClassVar

import msgspec
import numpy as np

from suite import UserError
from suite.kit import nearest
from suite.pipeline import Encoded, NamedAxes, StructCodec
from suite.sources import FileSource
from suite_images import reading, video
from suite_images.resizing import letterbox, letterboxed
from suite_object_detection.prediction_options import DetectionPredictionOptions
from suite_object_detection.suppression import suppress
from suite_object_detection.types import Detections, Target

CANDIDATES = 30_000
"""So many of the surest candidates go into non-maximum suppression at most."""

PADDING, CROWD = -1, -2
"""Stand in a target for the class where there is no box, and where it surrounds a crowd."""


class DetectionCodec(StructCodec, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Encodes any image, letterboxed, to one size, and decodes outputs to `Detections` in its own pixels.

    The network gives float32 (locations, classes + 4 * bins): for each location (see `locations`) the logits
    of the classes, each for itself, and four times `bins` logits of the distances to the left, upper, right
    and lower edge. A distance is the expectation of the softmax over 0 to bins - 1, in strides (Li et al.,
    Generalized Focal Loss, 2020, section 3.2).

    Attributes:
        classes: the names of the classes, in the order of the network's outputs.
        size: (height, width) of the network's input, multiples of the largest stride.
        strides: of the levels of the network's outputs, rising, in pixels of its input.
        bins: values that a distance is spread over.
        threshold: the score from which something counts as detected.
        iou_threshold: of two boxes of a class that overlap more, the less sure one is left out.
        most: detections per image at most.
        multi_label: whether one location may give several classes, each with its own score, or only its
            best. Several are for scoring: where the network wavers between two classes, both belong into the
            ranking of their class (on BCCD +0.4 points of mAP50, +0.2 of mAP). A person wants one box per
            thing, which leaves F1 at the threshold as it is.
        only: where not empty, the only classes that are given; other things are still told from them.
        most_boxes: rows of a target for the loss.
    """

    classes: tuple[str, ...]
    size: tuple[int, int]
    strides: tuple[int, ...] = (8, 16, 32)
    bins: int = 16
    threshold: float = 0.25
    iou_threshold: float = 0.65
    most: int = 300
    multi_label: bool = False
    only: tuple[str, ...] = ()
    most_boxes: int = 100

    called: ClassVar[str] = "detection codec"
    suffixes: ClassVar[tuple[str, ...]] = reading.SUFFIXES
    input_ndim: ClassVar[int] = 3
    stream_suffixes: ClassVar[tuple[str, ...]] = video.SUFFIXES

    def named_axes(self) -> NamedAxes:
        """The classes in the detector's last layers, for runs that start from another one."""
        return {f"head_class_logits/{name}": (-1, self.classes) for name in ("kernel", "bias")}

    def open_stream(self, given: FileSource | str) -> video.Video | video.Camera | None:
        """The frames of a video, or of the camera that a word like `0` or `camera:0` stands for.

        Raises:
            suite.UserError: where there is no such camera. What is wrong with a video is said when it is
            read.
        """
        if isinstance(given, FileSource):
            return video.Video(given.path)
        index = video.camera_index(given)
        return None if index is None else video.Camera(index)

    def encode(self, raw: Any) -> Encoded:
        """One image (a source, a path, encoded bytes, an array or a frame of a video) for the network.

        Returns:
            uint8 (height, width, 3), RGB, letterboxed; the context is (height, width) of the image itself.

        Raises:
            suite.UserError: where it is not an image that can be read.
        """
        height, width = self.size
        image, size = reading.read_with_size(raw, at_least=max(height, width))
        return Encoded(letterbox(image, height, width, size), size)

    def decode(self, outputs: Any, context: tuple[int, int]) -> Detections:
        """The outputs (locations, classes + 4 * bins) for one image to its detections.

        Everything with a score of at least `threshold` is a candidate; boxes are clipped to the image, and
        what then overlaps a surer one of its class by more than `iou_threshold` is left out.

        Args:
            outputs: of the network.
            context: height and width of the image.

        Raises:
            ValueError: where the shape is not that of this codec's outputs, or something is not a number.
        """
        outputs = self._checked(outputs)
        places, classes, scores = self._candidates(outputs[:, : len(self.classes)])
        different, index = np.unique(places, return_inverse=True)
        boxes = self._in_image(self._boxes(outputs, different), context)[index]
        real = np.all(boxes[:, 2:] > boxes[:, :2], axis=1)  # a box in the bars alone has no area
        boxes, classes, scores = boxes[real], classes[real], scores[real]
        kept = suppress(boxes, scores, classes, self.iou_threshold, self.most)
        return Detections(
            boxes=[tuple(box) for box in boxes[kept].tolist()],
            scores=scores[kept].tolist(),
            labels=[self.classes[one] for one in classes[kept].tolist()],
        )

    def target(self, target: Target) -> np.ndarray:
        """What an image shows, for the loss on validation, as the letterboxed image shows it.

        Returns:
            float32 (most_boxes, 5): class index and x1, y1, x2, y2 in pixels of the network's input. The
            class is `CROWD` for a box that surrounds a crowd, and `PADDING` in rows without a box. Of more
            boxes than rows the largest are taken; only the loss sees these, scores count all boxes.

        Raises:
            suite.UserError: for a name that is none of the classes.
        """
        encoded = np.zeros((self.most_boxes, 5), np.float32)
        encoded[:, 0] = PADDING
        boxes = np.array(target["boxes"], np.float64).reshape(-1, 4)
        crowd = target.get("crowd") or [False] * len(boxes)
        classes = np.array(
            [CROWD if many else self._index(name) for name, many in zip(target["labels"], crowd, strict=True)]
        )
        if len(boxes) > self.most_boxes:
            areas = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
            largest = np.sort(np.argsort(-areas, kind="stable")[: self.most_boxes])
            boxes, classes = boxes[largest], classes[largest]
        # 0 x 0 is an image that loaders could not read; it has no boxes, and encoding it says why.
        rows, columns = (max(1, side) for side in target["size"])
        scale_x, scale_y, left, top = letterboxed(rows, columns, *self.size)
        encoded[: len(boxes), 0] = classes
        encoded[: len(boxes), 1:] = boxes * (scale_x, scale_y, scale_x, scale_y) + (left, top, left, top)
        return encoded

    def scoring_facts(self) -> dict[str, float]:
        """What evaluators should know: precision and recall are those at the threshold that people get."""
        return {"threshold": self.threshold}

    def for_scoring(self) -> DetectionCodec:
        """The codec whose detections scores are computed from: also the unsure ones, which rankings need."""
        return msgspec.structs.replace(self, threshold=0.001, most=300, multi_label=True, only=())

    def with_options(self, options: DetectionPredictionOptions) -> DetectionCodec:
        """The codec with what the user wants of predictions.

        Raises:
            suite.UserError: for a name that is none of the classes.
        """
        for name in options.classes:
            if name not in self.classes:
                raise UserError(f"the model knows no class '{name}': {nearest(name, self.classes)}")
        changes = {
            name: value
            for name in ("threshold", "iou_threshold", "most")
            if (value := getattr(options, name)) != "auto"
        }
        return msgspec.structs.replace(self, **changes, only=options.classes)

    def impossible(self) -> str:
        if not self.classes or len(set(self.classes)) < len(self.classes):
            return f"it needs distinct class names, not {len(self.classes)} with doubles"
        if not self.strides or min(self.strides) < 1 or list(self.strides) != sorted(set(self.strides)):
            return f"its strides are to rise from at least 1, not to be {list(self.strides)}"
        if min(self.size) < 1 or any(side % stride for side in self.size for stride in self.strides):
            return f"its size {list(self.size)} is not a multiple of its strides {list(self.strides)}"
        if self.bins < 2:
            return f"it needs at least 2 bins, not {self.bins}"
        if not (0 <= self.threshold <= 1 and 0 <= self.iou_threshold <= 1):
            return f"its thresholds {self.threshold} and {self.iou_threshold} are not both from 0 to 1"
        if self.most < 1 or self.most_boxes < 1:
            return f"it needs at least 1 detection and 1 box, not {self.most} and {self.most_boxes}"
        if unknown := [name for name in self.only if name not in self.classes]:
            return f"'{unknown[0]}' is none of its classes"
        return ""

    def _index(self, name: str) -> int:
        try:
            return self.classes.index(name)
        except ValueError:
            raise UserError(
                f"'{name}' is none of the {len(self.classes)} classes that the model was built for"
            ) from None

    def _checked(self, outputs: Any) -> np.ndarray:
        checked: np.ndarray = np.asarray(outputs, np.float32)
        expected = (len(locations(self.size, self.strides)[1]), len(self.classes) + 4 * self.bins)
        if checked.shape != expected:
            raise ValueError(
                f"the network gave outputs of shape {checked.shape} instead of {expected} (locations, "
                f"{len(self.classes)} classes + 4 x {self.bins}); it and the codec do not belong together"
            )
        if np.isnan(checked).any():
            raise ValueError("the network's output is not a number (NaN); its weights are broken")
        return checked

    def _candidates(self, logits: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Places (indices of locations), classes and scores (float64) of all that reach the threshold."""
        with np.errstate(divide="ignore"):
            # A little below, because rounding must not decide: the score itself does, a few lines on.
            cutoff = np.log(self.threshold) - np.log1p(-self.threshold) - 1e-3
        passes = logits >= cutoff
        if self.multi_label:
            places, classes = np.nonzero(passes)
        else:
            (places,) = np.nonzero(passes.any(axis=1))
            classes = logits[places].argmax(axis=1)
        with np.errstate(over="ignore"):
            scores = 1 / (1 + np.exp(-logits[places, classes].astype(np.float64)))
        wanted = scores >= self.threshold
        if self.only:
            wanted &= np.isin(classes, [self.classes.index(name) for name in self.only])
        (sure,) = np.nonzero(wanted)
        if len(sure) > CANDIDATES:
            sure = sure[np.argsort(-scores[sure], kind="stable")[:CANDIDATES]]
        return places[sure], classes[sure], scores[sure]

    def _boxes(self, outputs: np.ndarray, places: np.ndarray) -> np.ndarray:
        """The boxes at some locations, float64 (places, 4), in pixels of the network's input."""
        centers, strides = locations(self.size, self.strides)
        # Bins first: numpy is several times faster along the first axis than along a short last one.
        logits = np.ascontiguousarray(outputs[places, len(self.classes) :].reshape(-1, self.bins).T)
        with np.errstate(invalid="ignore"):
            powers = np.exp(logits - logits.max(axis=0))
        means = np.arange(self.bins, dtype=np.float32) @ powers / powers.sum(axis=0)
        if np.isnan(means).any():
            raise ValueError("the network's output is infinite; its weights are broken")
        distances = means.reshape(-1, 4) * strides[places, None]
        distances[:, :2] *= -1
        boxes: np.ndarray = np.tile(centers[places], 2) + distances
        return boxes

    def _in_image(self, boxes: np.ndarray, size: tuple[int, int]) -> np.ndarray:
        """Boxes in the network's pixels to boxes in the image's, clipped to it."""
        scale_x, scale_y, left, top = letterboxed(*size, *self.size)
        height, width = size
        in_image: np.ndarray = (boxes - (left, top, left, top)) / (scale_x, scale_y, scale_x, scale_y)
        return in_image.clip(0.0, np.array((width, height, width, height)))


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
