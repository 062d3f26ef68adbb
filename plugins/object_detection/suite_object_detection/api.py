"""What another package needs to add one network or one format to object detection.

Frozen as the host's API is. Importing it costs nothing; what it offers imports what it needs when called.

A network:

    class TinyOptions(DetectionOptions, frozen=True):
        width: Annotated[int, Meta(ge=4, description="filters")] = 16

    def build(dataset, options):
        return pipeline(dataset, options, network, recipe={"epochs": 30})

    def network(size, classes, options):  # uint8 images in; see `pipeline` for what comes out
        ...

    suite.ModelBuilder(name="tiny", task=TASK, build=build, codec=CODEC, options=TinyOptions,
                       prediction_options=DetectionPredictionOptions)

A format:

    def load(path, options):
        found = Annotations(path)
        for split, file, rows in ...:
            image = found.image(split, found.images.named(name, folder, split), file)
            for line, (x1, y1, x2, y2, label) in enumerate(rows, 1):
                found.box(image, (x1, y1, x2, y2), label, line)
        return found.dataset()
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from suite_object_detection.declaration import CODEC, TASK
from suite_object_detection.options import DetectionOptions, DetectionPredictionOptions

if TYPE_CHECKING:
    import keras

    from suite.data import Dataset
    from suite.pipeline import Stage, TrainablePipeline
    from suite_object_detection.box_codec import BoxCodec as BoxCodec
    from suite_object_detection.loaders.annotations import Annotations as Annotations

__all__ = [
    "CODEC",
    "TASK",
    "Annotations",
    "BoxCodec",
    "DetectionOptions",
    "DetectionPredictionOptions",
    "pipeline",
]

ModelOptions = TypeVar("ModelOptions", bound=DetectionOptions)


def pipeline(
    dataset: Dataset,
    options: ModelOptions,
    network: Callable[[tuple[int, int], int, ModelOptions], keras.Model],
    *,
    codec: Callable[..., BoxCodec] | None = None,
    loss: Callable[[Any, ModelOptions], Any] | None = None,
    defaults: Mapping[str, Any] | None = None,
    recipe: Mapping[str, Any] | None = None,
    stages: Callable[[keras.Model, ModelOptions], Sequence[Stage]] | None = None,
) -> TrainablePipeline:
    """The pipeline of a network: with it come the codec, augmentation, the loss and the threshold.

    Args:
        dataset: as the builder gets it.
        options: as the builder gets it, of a class derived from `DetectionOptions`.
        network: `network(size, classes, options)` builds a Keras model from uint8 images (batch, height,
            width, `options.channels`) to float32 (batch, anchors, numbers). `size` is (height, width),
            multiples of 32, and `options` have no "auto" left. Unless there is a `codec`, an anchor is a cell
            of a grid with a stride of 8, 16 or 32, level by level and row by row. Its numbers are a logit for
            each class and 4 x 16 logits of distances to the left, upper, right and lower edge, as
            `DetectionCodec` has them.
        codec: `codec(classes=, size=, max_boxes=)`, a class derived from `BoxCodec` for outputs of another
            kind, or a `functools.partial` of it or of `DetectionCodec`.
        loss: `loss(codec, options)` gives a `keras.losses.Loss` of targets (batch, max_boxes, 5), see
            `BoxCodec.target`, and outputs. None is that of the builder `detector`.
        defaults: by the name of an option, what "auto" becomes. The shared options that are left out get
            what suits the data: as for the builder `detector`.
        recipe: values for the training options (epochs, learning_rate, ...), in the place of those of the
            builder `detector`; the user's win over both.
        stages: `stages(network, options)`: stages of training; None is a single one.

    Raises:
        suite.UserError: if nothing can be learned from the data, or the size is no multiple of 32.
        ValueError: if the network takes or gives something else than the codec.
    """
    import msgspec

    from suite.options import chosen
    from suite_object_detection.assembly import MAX_BOXES, assembled, detection_loss
    from suite_object_detection.codec import DetectionCodec
    from suite_object_detection.recipes import detection_defaults, input_size, settled
    from suite_object_detection.survey import survey_of

    survey = survey_of(dataset)
    shared, shared_recipe = detection_defaults(survey, options)
    options = settled(options, {**shared, **(defaults or {})})
    built = (codec or DetectionCodec)(
        classes=survey.classes, size=input_size(options), max_boxes=chosen(options.max_boxes, MAX_BOXES)
    )
    built = msgspec.structs.replace(built, channels=chosen(options.channels, 3))
    model = network(built.size, len(survey.classes), options)
    own_loss = detection_loss(built) if loss is None else loss(built, options)
    more = {} if stages is None else {"stages": tuple(stages(model, options))}
    return assembled(options, survey, built, model, own_loss, {**shared_recipe, **(recipe or {})}, **more)


_CLASSES = {
    "Annotations": "suite_object_detection.loaders.annotations",
    "BoxCodec": "suite_object_detection.box_codec",
}
"""Imported when they are asked for: they need numpy and OpenCV."""


def __getattr__(name: str) -> Any:
    if name in _CLASSES:
        return getattr(importlib.import_module(_CLASSES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
