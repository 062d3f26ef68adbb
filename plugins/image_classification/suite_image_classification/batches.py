"""Training batches of images: what is read once, and what is random in every epoch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from suite.data import Example
from suite.pipeline import OnDevice
from suite_image_classification.augmentation.draws import Draws, draw
from suite_image_classification.augmentation.mixing import erase, mixed_images, mixed_targets
from suite_image_classification.augmentation.random_augment import random_augment
from suite_image_classification.augmentation.settings import Augmentation
from suite_image_classification.augmentation.views import (
    Crops,
    Shifts,
    translated,
    view_matrices,
    view_size,
    warped,
)
from suite_image_classification.codec import ImageCodec
from suite_images.color import recolor
from suite_images.resizing import resize

MAX_KEPT_SCALE = 2.0
"""Photographs up to this many times larger than the network's input are kept as they are: interpolation,
which looks at two pixels in each direction, then still sees all of them."""

MARGIN = 1.25
"""How much larger than the network's input larger photographs are prepared, so that crops stay sharp."""


@dataclass(frozen=True, kw_only=True)
class ImageBatches:
    """Makes the training batches for `codec`: implements `suite.pipeline.RowsMaker`.

    Attributes:
        codec: encodes images and targets.
        augmentation: what is random.
        class_weights: a factor for the loss per class, or None.
    """

    codec: ImageCodec
    augmentation: Augmentation = Augmentation()
    class_weights: tuple[float, ...] | None = None

    def prepare(self, example: Example) -> tuple[np.ndarray, np.ndarray]:
        """The decoded image, uint8 (height, width, channels), and its target, float32 (classes,).

        If augmentation crops or rotates images, it keeps its proportions and is at most twice as large as the
        network's input; else it has exactly the network's size.

        Raises:
            suite.UserError: if the image cannot be read or its class is not known.
        """
        target = self.codec.target(example.target)
        if not self.augmentation.warps:
            return self.codec.encode(example.input), target
        height, width = self.codec.size
        image = self.codec.read(example.input, round(MARGIN * max(height, width)))
        rows, columns = image.shape[:2]
        seen_height, seen_width = view_size((rows, columns), height, width, self.codec.resize)
        larger = min(seen_height / height, seen_width / width)
        if larger > MAX_KEPT_SCALE:
            shrink = MARGIN / larger
            image = resize(image, max(1, round(rows * shrink)), max(1, round(columns * shrink)))
        return image, target

    def make(
        self, prepared: Sequence[tuple[np.ndarray, np.ndarray]], rng: np.random.Generator, progress: float
    ) -> tuple[np.ndarray, ...]:
        """A batch of augmented images: a pure function of its arguments.

        Args:
            prepared: what `prepare` gave; left as it is.
            rng: the only source of randomness.
            progress: share of the training that lies behind, 0 to 1.

        Returns:
            Images uint8 (batch, height, width, channels); targets float32 (batch, classes); if classes have
            weights, also float32 (batch,) factors of the loss.
        """
        return self.make_rows(prepared, rng, progress, slice(None))

    def make_rows(
        self,
        prepared: Sequence[tuple[np.ndarray, np.ndarray]],
        rng: np.random.Generator,
        progress: float,
        rows: slice,
    ) -> tuple[np.ndarray, ...]:
        """Some rows of the batch that `make` gives; only the images that these are made of are asked for."""
        return self.apply(self.draw(len(prepared), rng, progress), prepared, rows)

    def on_device(self) -> OnDevice | None:
        """How a device makes the batches; None if augmentation computes with pixels, or weights are means."""
        import keras

        from suite_image_classification.augmentation import on_device

        settings = self.augmentation
        has_means = self.class_weights is not None and (self.codec.multi_label or settings.cutmix > 0)
        if not on_device.only_chooses(settings) or has_means:
            return None

        def drawn(count: int, rng: np.random.Generator, progress: float) -> dict[str, np.ndarray]:
            return on_device.as_arrays(self.draw(count, rng, progress), settings)

        def made(examples: Any, arrays: Mapping[str, Any]) -> tuple[Any, ...]:
            images, targets = on_device.augmented(examples[0], examples[1], arrays)
            if self.class_weights is None:
                return images, targets
            weights = np.asarray(self.class_weights, np.float32)
            # Of a target with a single class the product has one number, so nothing is rounded.
            return images, targets, keras.ops.sum(targets * weights, axis=1)

        return OnDevice(draw=drawn, make=made)

    def draw(self, count: int, rng: np.random.Generator, progress: float) -> Draws:
        """What is random about a batch of `count` images; the arguments are those of `make`."""
        return draw(self.augmentation, count, self.codec.size, self.codec.channels, rng, progress)

    def apply(
        self, draws: Draws, prepared: Sequence[tuple[np.ndarray, np.ndarray]], rows: slice = slice(None)
    ) -> tuple[np.ndarray, ...]:
        """Some rows of a batch, about which nothing is random any more.

        Args:
            draws: for the whole batch.
            prepared: the images of the whole batch, of which only those are asked for that the rows need.
            rows: which rows to give.
        """
        count = len(prepared)
        wanted = range(count)[rows]
        which = draws.sources(wanted)
        examples = [prepared[index] for index in which.tolist()]
        batch = _in_batch(self._views([image for image, _ in examples], draws.view, which), which, count)
        if draws.colors is not None:
            recolor(batch, draws.colors, which)
        if draws.operations is not None:
            random_augment(batch, draws.operations, which)
        if draws.erasing is not None:
            erase(batch, draws.erasing, which)
        targets = _in_batch(np.stack([target for _, target in examples]), which, count)
        if draws.mixing is None:
            batch = batch[rows]
        else:
            batch, targets = mixed_images(batch, draws.mixing, wanted), mixed_targets(targets, draws.mixing)
        if self.class_weights is None:
            return batch, targets[rows]
        weights = np.asarray(self.class_weights, np.float32)
        labels = np.maximum(targets.sum(axis=1), 1.0) if self.codec.multi_label else 1.0
        # Of the whole batch: the last bit of a product may depend on how many rows there are.
        factors = ((targets @ weights) / labels).astype(np.float32)
        return batch, targets[rows], factors[rows]

    def _views(self, images: list[np.ndarray], view: Shifts | Crops, which: np.ndarray) -> np.ndarray:
        if isinstance(view, Shifts):
            return translated(np.stack(images), view.down[which], view.right[which], view.flip[which])
        height, width = self.codec.size
        shapes = np.ones((len(view.flip), 2), np.int64)
        shapes[which] = [image.shape[:2] for image in images]
        matrices = view_matrices(shapes, height, width, self.codec.resize, view)
        return warped(images, matrices[which], height, width, self.codec.resize)


def _in_batch(arrays: np.ndarray, which: np.ndarray, count: int) -> np.ndarray:
    """Arrays of some examples at their places in a batch; those of others are 0."""
    if len(arrays) == count:
        return arrays
    batch = np.zeros((count, *arrays.shape[1:]), arrays.dtype)
    batch[which] = arrays
    return batch
