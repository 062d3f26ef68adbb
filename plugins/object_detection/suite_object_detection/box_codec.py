"""What the codecs of all detectors share: images to arrays, outputs to detections. numpy and cv2 only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Self

import msgspec
import numpy as np

from suite import UserError
from suite.kit import nearest
from suite.pipeline import ArraySpec, Chunks, Encoded, NamedAxes, Signature, StructCodec
from suite.sources import FileSource
from suite_images import reading, video
from suite_images.resizing import NORMALIZATION, check_input_size, letterbox, letterboxed
from suite_object_detection.options import DetectionPredictionOptions
from suite_object_detection.suppression import suppress
from suite_object_detection.tiles.tiling import Mirrored, Tile, Tiling, View, tile_input, view_of
from suite_object_detection.tiles.views import ImageViews
from suite_object_detection.types import Detections, Target

MAX_CANDIDATES = 30_000
"""The most candidates that go into non-maximum suppression: those with the highest scores."""

MAX_CHANNELS = 256

MAX_ROWS = 1_000_000
"""Of detections in an image and of boxes in a target: more would only fill memory."""

DEFAULT_OVERLAP = 0.2
"""Of tiles that a model was not trained with."""

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
        thresholds: the same of single classes, by their names.
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
        tiling: how images are cut into tiles that go through the network one by one; None if they are not.
        mirrors: whether the network has learned from mirrored images, left to right.
        augment: whether it sees every image mirrored as well (test-time augmentation).
        bits: how many of 16 bits a value uses: white is 2 ** bits - 1.
        channels: of the network's input: 3 is RGB, 1 gray, others as they are stored.
    """

    classes: tuple[str, ...]
    size: tuple[int, int]
    threshold: float = 0.25
    iou_threshold: float = 0.65
    max_detections: int = 300
    multi_label: bool = False
    only: tuple[str, ...] = ()
    max_boxes: int = 100
    thresholds: dict[str, float] = {}  # noqa: RUF012 (msgspec copies it)
    tiling: Tiling | None = None
    mirrors: bool = False
    augment: bool = False
    bits: int = 16
    channels: int = 3

    called: ClassVar[str] = "detection codec"
    suffixes: ClassVar[tuple[str, ...]] = reading.SUFFIXES
    stream_suffixes: ClassVar[tuple[str, ...]] = video.SUFFIXES
    input_ndim: ClassVar[int | None] = 3

    def __post_init__(self) -> None:
        if not self.classes or len(set(self.classes)) < len(self.classes):
            raise ValueError(f"it needs distinct class names, not {len(self.classes)} with doubles")
        if not 1 <= self.channels <= MAX_CHANNELS:
            raise ValueError(f"its channels are to be from 1 to {MAX_CHANNELS}, not {self.channels}")
        check_input_size(self.size, self.channels)
        thresholds = (self.threshold, self.iou_threshold, *self.thresholds.values())
        if not all(0 <= threshold <= 1 for threshold in thresholds):
            raise ValueError(f"its thresholds {thresholds} are not all from 0 to 1")
        if not (1 <= self.max_detections <= MAX_ROWS and 1 <= self.max_boxes <= MAX_ROWS):
            raise ValueError(
                f"its detections and boxes are to be from 1 to {MAX_ROWS:,}, not {self.max_detections:,} and"
                f" {self.max_boxes:,}"
            )
        if not 8 <= self.bits <= 16:
            raise ValueError(f"its bits are to be from 8 to 16, not {self.bits}")
        if unknown := [name for name in (*self.only, *self.thresholds) if name not in self.classes]:
            raise ValueError(f"'{unknown[0]}' is none of its classes")

    def properties(self) -> Mapping[str, Any]:
        """The classes, what the network takes, and from which scores on boxes are given."""
        return {
            "classes": self.classes,
            "input_size": self.size,
            "channels": self.channels,
            "resize": "letterbox",
            "normalization": NORMALIZATION,
            "threshold": self.threshold,
            "thresholds": self.thresholds,
            "iou_threshold": self.iou_threshold,
        }

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

    def chunks(self, raw: Any) -> Chunks | None:
        """The views of an image that is predicted in tiles, or also mirrored; None if it is seen once."""
        if (self.tiling is None and not self.augment) or isinstance(raw, Tile | Mirrored):
            return None
        kept = self.iou_threshold, self.max_detections
        return ImageViews(raw, self.size, self.tiling, self.augment, *kept, self.bits, self.channels)

    def encode(self, raw: Any) -> Encoded:
        """One image (a source, a path, encoded bytes, an array or a frame of a video) for the network.

        Also one of the views that `chunks` makes of it.

        Returns:
            uint8 (height, width, channels), letterboxed; the context is (height, width) of the image itself,
            for other views of it a `View`.

        Raises:
            suite.UserError: if it is not an image that can be read.
        """
        if isinstance(raw, Mirrored):
            seen = self.encode(raw.view)
            pixels = np.ascontiguousarray(np.asarray(seen.arrays)[:, ::-1])
            return Encoded(pixels, self._view(seen.context)._replace(mirrored=True))
        if isinstance(raw, Tile):
            assert self.tiling is not None
            return Encoded(*tile_input(raw, self.tiling, self.size))
        height, width = self.size
        image, size = reading.read_with_size(
            raw, at_least=max(height, width), bits=self.bits, channels=self.channels
        )
        return Encoded(letterbox(image, height, width, size), size)

    def decode(self, outputs: Any, context: Any = None) -> Detections:
        """The outputs for one image to its detections.

        Everything with a score of at least `threshold` is a candidate. Boxes are clipped to the image, and
        a candidate that overlaps one of its class with a higher score by more than `iou_threshold` is left
        out.

        Args:
            outputs: of the network, of the shape `output_shape`.
            context: height and width of the image, or a `View` of it.

        Raises:
            ValueError: if the shape is not that of this codec's outputs, or something is not a number.
        """
        outputs = self._checked(outputs)
        anchors, classes, scores = self._candidates(outputs[:, : len(self.classes)])
        different, index = np.unique(anchors, return_inverse=True)
        boxes = self._in_image(self.boxes_of(outputs, different), self._view(context))[index]
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

    def scoring_facts(self) -> dict[str, Any]:
        """For evaluators, the threshold of people's predictions; for explanations, how images are read."""
        own = {"thresholds": dict(self.thresholds)} if self.thresholds else {}
        return {"threshold": self.threshold, **own, "bits": self.bits, "channels": self.channels}

    def for_scoring(self) -> Self:
        """The codec whose detections are scored: also those with low scores, which rankings need."""
        return msgspec.structs.replace(
            self,
            threshold=0.001,
            thresholds={},
            max_detections=max(300, self.max_detections),
            multi_label=True,
            only=(),
        )

    def with_options(self, options: DetectionPredictionOptions) -> Self:
        """The codec with what the user wants of predictions.

        Raises:
            suite.UserError: for a name that is none of the classes, and for what this model cannot do.
        """
        for name in (*options.classes, *options.thresholds):
            if name not in self.classes:
                raise UserError(f"the model knows no class '{name}': {nearest(name, self.classes)}")
        if options.augment and not self.mirrors:
            raise UserError(
                "augment predicts every image mirrored as well, and this model has not learned from mirrored"
                " images (its option flip is off)"
            )
        changes = {
            name: value
            for name in ("threshold", "iou_threshold", "max_detections")
            if (value := getattr(options, name)) != "auto"
        }
        # A threshold that the user gives counts for every class.
        thresholds = {**(self.thresholds if options.threshold == "auto" else {}), **options.thresholds}
        return msgspec.structs.replace(
            self,
            **changes,
            thresholds=thresholds,
            only=options.classes,
            augment=options.augment,
            tiling=self._tiling(options),
        )

    def _tiling(self, options: DetectionPredictionOptions) -> Tiling | None:
        tiling = self.tiling
        if options.tiles == "off":
            tiling = None
        elif options.tiles != "auto":
            # A network that has not learned from tiles has learned from whole images.
            tiling = Tiling(
                side=options.tiles,
                overlap=DEFAULT_OVERLAP if tiling is None else tiling.overlap,
                whole=tiling is None or tiling.whole,
            )
        if options.tile_overlap == "auto":
            return tiling
        if tiling is None:
            raise UserError("tile_overlap is of tiles, and there are none: say how large, tiles=640, say")
        return msgspec.structs.replace(tiling, overlap=options.tile_overlap)

    def signature(self) -> Signature:
        """uint8 images of its size and channels; `output_shape`."""
        return Signature(ArraySpec((*self.size, self.channels), "uint8"), ArraySpec(self.output_shape))

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
        thresholds = np.array([self.thresholds.get(name, self.threshold) for name in self.classes])
        with np.errstate(divide="ignore"):
            # A little below, because rounding must not decide: the score itself does, a few lines on.
            cutoff = np.log(thresholds) - np.log1p(-thresholds) - 1e-3
        passes = logits >= cutoff
        if self.multi_label:
            anchors, classes = np.nonzero(passes)
        else:
            (anchors,) = np.nonzero(passes.any(axis=1))
            classes = np.where(passes, logits, -np.inf)[anchors].argmax(axis=1)
        with np.errstate(over="ignore"):
            scores = 1 / (1 + np.exp(-logits[anchors, classes].astype(np.float64)))
        wanted = scores >= thresholds[classes]
        if self.only:
            wanted &= np.isin(classes, [self.classes.index(name) for name in self.only])
        (kept,) = np.nonzero(wanted)
        if len(kept) > MAX_CANDIDATES:
            kept = kept[np.argsort(-scores[kept], kind="stable")[:MAX_CANDIDATES]]
        return anchors[kept], classes[kept], scores[kept]

    def _view(self, context: View | tuple[int, int]) -> View:
        """What an encoded image shows, of the context that it came with."""
        return context if isinstance(context, View) else view_of(context, *self.size)

    def _in_image(self, boxes: np.ndarray, view: View) -> np.ndarray:
        """Boxes in the network's pixels to boxes in the image's, clipped to what is seen of it."""
        scale_x, scale_y, left, top = view.placement
        if view.mirrored:
            boxes = boxes[:, [2, 1, 0, 3]] * (-1, 1, -1, 1) + (self.size[1], 0, self.size[1], 0)
        x1, y1, x2, y2 = view.region
        in_image: np.ndarray = (boxes - (left, top, left, top)) / (scale_x, scale_y, scale_x, scale_y)
        in_image += (x1, y1, x1, y1)
        return in_image.clip(np.array((x1, y1, x1, y1)), np.array((x2, y2, x2, y2)))
