"""Between images and arrays, and between a network's outputs and detections. numpy and cv2 only."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, ClassVar, Self

import msgspec
import numpy as np

from suite import UserError
from suite.kit import nearest
from suite.pipeline import Encoded, NamedAxes, StructCodec
from suite.sources import FileSource
from suite_images import reading, video
from suite_images.resizing import letterbox, letterboxed
from suite_object_detection.options import DetectionPredictionOptions
from suite_object_detection.suppression import suppress
from suite_object_detection.types import Detections, Target

MAX_CANDIDATES = 30_000
"""The most candidates that go into non-maximum suppression: those with the highest scores."""

PADDING, CROWD = -1, -2
"""Stand in a target for the class: of a row without a box, and of a box around a crowd."""


class BoxCodec(StructCodec, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the codecs of all detectors share: images are letterboxed, boxes come back in the image's pixels.

    Derive from it for a network whose outputs code boxes in another way, and give `output_shape` and
    `boxes_of`. The outputs are float32 (anchors, numbers): in each row the logits of the classes, each for
    itself, and then the numbers that code a box. An anchor is what a row of outputs is about: a cell of a
    grid, a box of a fixed shape, a query.

    Attributes:
        classes: the names of the classes, in the order of the network's outputs.
        size: (height, width) of the network's input.
        threshold: the score from which a candidate counts as detected.
        iou_threshold: of two boxes of a class that overlap more than this, the one with the lower score is
            left out.
        max_detections: detections per image at most.
        multi_label: whether one anchor may give several classes, each with its own score, or only its
            best. Several are for scoring: if the network wavers between two classes, both belong into the
            ranking of their class (on BCCD +0.4 points of mAP50, +0.2 of mAP). A person wants one box per
            object, which leaves F1 at the threshold as it is.
        only: if not empty, the only classes that are kept; objects of other classes are still told apart
            from them.
        max_boxes: rows of a target for the loss.
    """

    classes: tuple[str, ...]
    size: tuple[int, int]
    threshold: float = 0.25
    iou_threshold: float = 0.65
    max_detections: int = 300
    multi_label: bool = False
    only: tuple[str, ...] = ()
    max_boxes: int = 100

    called: ClassVar[str] = "detection codec"
    suffixes: ClassVar[tuple[str, ...]] = reading.SUFFIXES
    stream_suffixes: ClassVar[tuple[str, ...]] = video.SUFFIXES
    input_ndim: ClassVar[int | None] = 3

    def __post_init__(self) -> None:
        if not self.classes or len(set(self.classes)) < len(self.classes):
            raise ValueError(f"it needs distinct class names, not {len(self.classes)} with doubles")
        if min(self.size) < 1:
            raise ValueError(f"its size {list(self.size)} has a side without pixels")
        if not (0 <= self.threshold <= 1 and 0 <= self.iou_threshold <= 1):
            raise ValueError(
                f"its thresholds {self.threshold} and {self.iou_threshold} are not both from 0 to 1"
            )
        if self.max_detections < 1 or self.max_boxes < 1:
            raise ValueError(
                f"it needs at least 1 detection and 1 box, not {self.max_detections} and {self.max_boxes}"
            )
        if unknown := [name for name in self.only if name not in self.classes]:
            raise ValueError(f"'{unknown[0]}' is none of its classes")

    @property
    def output_shape(self) -> tuple[int, int]:
        """The shape of the network's outputs for one image: anchors, and numbers for each."""
        raise NotImplementedError(f"{type(self).__name__} has no output_shape")

    def boxes_of(self, outputs: np.ndarray, anchors: np.ndarray) -> np.ndarray:
        """The boxes of some anchors.

        Args:
            outputs: what `predictions_of` returned.
            anchors: (n,) indices into its rows.

        Returns:
            float64 (n, 4), x1, y1, x2, y2 in pixels of the network's input.

        Raises:
            ValueError: if they are not finite.
        """
        raise NotImplementedError(f"{type(self).__name__} has no boxes_of()")

    def predictions_of(self, outputs: np.ndarray) -> np.ndarray:
        """The rows of the outputs that are predictions: all, unless some are for the loss alone."""
        return outputs

    def open_stream(self, source: FileSource | str) -> video.Video | video.Camera | None:
        """The frames of a video, or of the camera that a word like `0` or `camera:0` stands for.

        Raises:
            suite.UserError: if there is no such camera. A defect of a video is reported when it is read.
        """
        if isinstance(source, FileSource):
            return video.Video(source.path)
        index = video.camera_index(source)
        return None if index is None else video.Camera(index)

    def encode(self, raw: Any) -> Encoded:
        """One image (a source, a path, encoded bytes, an array or a frame of a video) for the network.

        Returns:
            uint8 (height, width, 3), RGB, letterboxed; the context is (height, width) of the image itself.

        Raises:
            suite.UserError: if it is not an image that can be read.
        """
        height, width = self.size
        image, size = reading.read_with_size(raw, at_least=max(height, width))
        return Encoded(letterbox(image, height, width, size), size)

    def decode(self, outputs: Any, context: Any = None) -> Detections:
        """The outputs for one image to its detections.

        Everything with a score of at least `threshold` is a candidate. Boxes are clipped to the image, and
        a candidate that overlaps one of its class with a higher score by more than `iou_threshold` is left
        out.

        Args:
            outputs: of the network, of the shape `output_shape`.
            context: height and width of the image.

        Raises:
            ValueError: if the shape is not that of this codec's outputs, or something is not a number.
        """
        outputs = self._checked(outputs)
        anchors, classes, scores = self._candidates(outputs[:, : len(self.classes)])
        different, index = np.unique(anchors, return_inverse=True)
        boxes = self._in_image(self.boxes_of(outputs, different), context)[index]
        real = np.all(boxes[:, 2:] > boxes[:, :2], axis=1)  # a box in the bars alone has no area
        boxes, classes, scores = boxes[real], classes[real], scores[real]
        kept = suppress(boxes, scores, classes, self.iou_threshold, self.max_detections)
        return Detections(
            boxes=[tuple(box) for box in boxes[kept].tolist()],
            scores=scores[kept].tolist(),
            labels=[self.classes[label] for label in classes[kept].tolist()],
        )

    def target(self, target: Target) -> np.ndarray:
        """What an image shows, for the loss on validation, as the letterboxed image shows it.

        Returns:
            float32 (max_boxes, 5): class index and x1, y1, x2, y2 in pixels of the network's input. The
            class is `CROWD` for a box around a crowd, and `PADDING` in rows without a box. If there are more
            boxes than rows, the largest are taken; only the loss sees these, scores count all boxes.

        Raises:
            suite.UserError: for a name that is none of the classes.
        """
        encoded = np.zeros((self.max_boxes, 5), np.float32)
        encoded[:, 0] = PADDING
        boxes = np.array(target["boxes"], np.float64).reshape(-1, 4)
        crowd = target.get("crowd") or [False] * len(boxes)
        classes = np.array(
            [
                CROWD if is_crowd else self._index(name)
                for name, is_crowd in zip(target["labels"], crowd, strict=True)
            ]
        )
        if len(boxes) > self.max_boxes:
            areas = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
            largest = np.sort(np.argsort(-areas, kind="stable")[: self.max_boxes])
            boxes, classes = boxes[largest], classes[largest]
        # 0 x 0 is an image that loaders could not read; it has no boxes, and encoding it says why.
        rows, columns = (max(1, side) for side in target["size"])
        scale_x, scale_y, left, top = letterboxed(rows, columns, *self.size)
        encoded[: len(boxes), 0] = classes
        encoded[: len(boxes), 1:] = boxes * (scale_x, scale_y, scale_x, scale_y) + (left, top, left, top)
        return encoded

    def scoring_facts(self) -> dict[str, float]:
        """For evaluators: precision and recall are those at the threshold of people's predictions."""
        return {"threshold": self.threshold}

    def for_scoring(self) -> Self:
        """The codec whose detections are scored: also those with low scores, which rankings need."""
        return msgspec.structs.replace(self, threshold=0.001, max_detections=300, multi_label=True, only=())

    def with_options(self, options: DetectionPredictionOptions) -> Self:
        """The codec with what the user wants of predictions.

        Raises:
            suite.UserError: for a name that is none of the classes.
        """
        for name in options.classes:
            if name not in self.classes:
                raise UserError(f"the model knows no class '{name}': {nearest(name, self.classes)}")
        changes = {
            name: value
            for name in ("threshold", "iou_threshold", "max_detections")
            if (value := getattr(options, name)) != "auto"
        }
        return msgspec.structs.replace(self, **changes, only=options.classes)

    def named_axes(self) -> NamedAxes:
        """The classes along the layer `head_class_logits`, for runs that start from another detector."""
        return {f"head_class_logits/{name}": (-1, self.classes) for name in ("kernel", "bias")}

    def _index(self, name: str) -> int:
        try:
            return self.classes.index(name)
        except ValueError:
            raise UserError(
                f"'{name}' is none of the {len(self.classes)} classes that the model was built for"
            ) from None

    def _checked(self, outputs: Any) -> np.ndarray:
        checked: np.ndarray = np.asarray(outputs, np.float32)
        if checked.shape != self.output_shape:
            coding = self.output_shape[1] - len(self.classes)
            raise ValueError(
                f"the network gave outputs of shape {checked.shape} instead of {self.output_shape} (anchors, "
                f"{len(self.classes)} classes + {coding}); it and the codec do not belong together"
            )
        predicted = self.predictions_of(checked)
        if np.isnan(predicted).any():
            raise ValueError("the network's output is not a number (NaN); its weights are broken")
        return predicted

    def _candidates(self, logits: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Indices of anchors, classes and scores (float64) of all that reach the threshold."""
        with np.errstate(divide="ignore"):
            # A little below, because rounding must not decide: the score itself does, a few lines on.
            cutoff = np.log(self.threshold) - np.log1p(-self.threshold) - 1e-3
        passes = logits >= cutoff
        if self.multi_label:
            anchors, classes = np.nonzero(passes)
        else:
            (anchors,) = np.nonzero(passes.any(axis=1))
            classes = logits[anchors].argmax(axis=1)
        with np.errstate(over="ignore"):
            scores = 1 / (1 + np.exp(-logits[anchors, classes].astype(np.float64)))
        wanted = scores >= self.threshold
        if self.only:
            wanted &= np.isin(classes, [self.classes.index(name) for name in self.only])
        (kept,) = np.nonzero(wanted)
        if len(kept) > MAX_CANDIDATES:
            kept = kept[np.argsort(-scores[kept], kind="stable")[:MAX_CANDIDATES]]
        return anchors[kept], classes[kept], scores[kept]

    def _in_image(self, boxes: np.ndarray, size: tuple[int, int]) -> np.ndarray:
        """Boxes in the network's pixels to boxes in the image's, clipped to it."""
        scale_x, scale_y, left, top = letterboxed(*size, *self.size)
        height, width = size
        in_image: np.ndarray = (boxes - (left, top, left, top)) / (scale_x, scale_y, scale_x, scale_y)
        return in_image.clip(0.0, np.array((width, height, width, height)))


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
        if self.bins < 2:
            raise ValueError(f"it needs at least 2 bins, not {self.bins}")
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
