"""What another package needs to add one network or one format to image classification.

Frozen as the host's API is. Importing it costs nothing; what it offers imports what it needs when called.

A network:

    class TinyOptions(ImageModelOptions, frozen=True):
        width: Annotated[int, Meta(ge=4, description="filters")] = 16

    def build(dataset, options):
        return pipeline(dataset, options, network, recipe={"epochs": 30})

    def network(size, classes, options):  # uint8 images in, float32 logits out
        ...

    suite.ModelBuilder(name="tiny", task=TASK, build=build, codec=CODEC, options=TinyOptions)

A format:

    def load(path, options):
        rows = ((cells[0], cells[1]) for cells in ...)  # the path of an image, and its label
        return labeled_images(path, {"train": rows})
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from suite_image_classification.declaration import CODEC, TASK
from suite_image_classification.options import FineTuningOptions, ImageModelOptions, ImagePredictionOptions
from suite_images.classes import ClassOptions

if TYPE_CHECKING:
    import keras

    from suite.data import Dataset
    from suite.pipeline import Stage, TrainablePipeline
    from suite.sources import Source
    from suite_image_classification.types import Target

__all__ = [
    "CODEC",
    "TASK",
    "ClassOptions",
    "FineTuningOptions",
    "ImageModelOptions",
    "ImagePredictionOptions",
    "fine_tuning_stages",
    "labeled_images",
    "pipeline",
]

ModelOptions = TypeVar("ModelOptions", bound=ImageModelOptions)


def pipeline(
    dataset: Dataset,
    options: ModelOptions,
    network: Callable[[tuple[int, int], int, ModelOptions], keras.Model],
    *,
    defaults: Mapping[str, Any] | None = None,
    recipe: Mapping[str, Any] | None = None,
    stages: Callable[[keras.Model, ModelOptions], Sequence[Stage]] | None = None,
) -> TrainablePipeline:
    """The pipeline of a network: with it come the codec, augmentation, class weights and the loss.

    Args:
        dataset: as the builder gets it.
        options: as the builder gets it, of a class derived from `ImageModelOptions`.
        network: `network(size, classes, options)` builds a Keras model from uint8 images (batch, height,
            width, 3) to float32 logits (batch, classes); `size` is (height, width), and `options` have no
            "auto" left.
        defaults: by the name of an option, what "auto" becomes. The shared options that are left out get
            what suits the data: as for the builder `residual`.
        recipe: values for the training options (epochs, learning_rate, ...), in the place of those of the
            builder `residual`; the user's win over both.
        stages: stages of training, as `fine_tuning_stages` gives them; None is a single one.

    Raises:
        suite.UserError: if nothing can be learned from the data.
        ValueError: if the network takes or gives something else.
    """
    from suite_image_classification.assembly import assembled, image_codec, settled
    from suite_image_classification.recipes import scratch_defaults
    from suite_image_classification.survey import survey_of

    survey = survey_of(dataset)
    shared, shared_recipe = scratch_defaults(survey, options.size)
    known = ImageModelOptions.__struct_fields__
    choices = {**{name: value for name, value in shared.items() if name in known}, **(defaults or {})}
    options = settled(options, choices)
    model = network(image_codec(options, survey).size, len(survey.classes), options)
    more = {} if stages is None else {"stages": tuple(stages(model, options))}
    return assembled(options, survey, model, {**shared_recipe, **(recipe or {})}, **more)


def fine_tuning_stages(network: keras.Model, options: FineTuningOptions) -> Sequence[Stage]:
    """First the last layer alone, then the whole network at a lower rate, as `options` say.

    Args:
        network: its backbone is a `keras.Model` among its layers.
        options: without "auto".
    """
    from suite_image_classification.assembly import fine_tuning_stages

    return fine_tuning_stages(network, options)


def labeled_images(
    path: Path,
    splits: Mapping[
        str, Iterable[tuple[str | Path | Source, Target] | tuple[str | Path | Source, Target, int]]
    ],
    *,
    folder: Path | None = None,
    problems: Sequence[str] = (),
    options: ClassOptions | None = None,
) -> Dataset:
    """The data set of images with labels, with all checks; nothing is decoded.

    Refused, with the row: a file that is not there, an image with two labels, a path or a label that is no
    text. Refused besides: a class without training images. Named as problems: rows that repeat an earlier
    one, classes that look alike, a single class, no training split.

    Args:
        path: the data, as a message calls it: what the loader got.
        splits: by name (train, validation, test), the images with their labels: the path of an image, or a
            source (a member of a `suite.sources.open_tree`, say), and its label or list of labels. A third
            item is the number of the row in the file `path`, for messages; without it rows are counted from 1
            in each split.
        folder: paths are relative to it; None is `path`, or the folder that the file `path` is in.
        problems: what the loader left out or found odd, a sentence each.
        options: the loader's, of a class derived from `ClassOptions`: which classes are read.

    Raises:
        suite.UserError: for data that cannot be learned from.
        ValueError: for a split of another name.
    """
    from suite import UserError
    from suite.kit import SPLIT_NAMES, counted, shown
    from suite_image_classification.examples import Listing, checked_target

    listing = Listing(folder or (path if path.is_dir() else path.parent))
    noted = list(problems)
    for split, rows in splits.items():
        if split not in SPLIT_NAMES:
            raise ValueError(f"a split is called train, validation or test, not '{split}'")
        repeated = 0
        for counted_row, (image, label, *number) in enumerate(rows, 1):
            origin = str(path) if number else f"{path} ({split})"
            row = int(number[0]) if number else counted_row
            target = checked_target(label, f"{origin}, row {row}")
            if not isinstance(image, str | Path) and not hasattr(image, "read"):
                raise UserError(f"{origin}, row {row}: the path {shown(image)} is no text")
            name = str(image) if isinstance(image, Path) else image
            repeated += not listing.add(name, target, split=split, origin=origin, row=row)
        if repeated:
            noted.append(
                f"{split}: {counted(repeated, 'row repeats', 'rows repeat')} an earlier one, left out"
            )
    return listing.dataset(path, noted, options)
