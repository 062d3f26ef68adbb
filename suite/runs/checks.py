"""What crosses from a plugin into a training, checked once, before the first step.

The blame goes to whoever crossed: a `PluginError` names the builder and its plugin. Everything together costs
about as much as one batch, and leaves all random state as it was.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from suite.contributions import Contributed, ModelBuilder, Task
from suite.data.dataset import Dataset
from suite.errors import PluginError, UserError, nearest
from suite.evaluation.checks import check_predictions
from suite.options import Options, as_dict, parse
from suite.pipeline.batch_checks import check_batch, prepared_example
from suite.pipeline.codec_checks import (
    NOT_DECODED,
    check_codec_class,
    check_decoding,
    check_derived,
    check_encoding,
    made_up_outputs,
    readable,
    remade_codec,
)
from suite.pipeline.comparing import array_defect
from suite.pipeline.network_checks import (
    check_inputs,
    check_lengths,
    check_loadable,
    check_loss,
    check_momentum_layers,
    check_network,
    check_parts,
    check_signature,
    check_stages,
    output_shapes,
    random_state_kept,
)
from suite.pipeline.trainable import TrainablePipeline
from suite.training_options import TrainingOptions

EXAMPLES = 4
"""How many training examples are tried: few, for each is read twice."""


def check_pipeline(
    pipeline: Any,
    builder: Contributed[ModelBuilder[Any]],
    count: int,
    options: Options | None = None,
    given: Mapping[str, Any] | None = None,
) -> None:
    """Refuse what cannot be trained, saved and loaded, as far as that is known without any example.

    Args:
        pipeline: what the builder gave.
        builder: that gave it.
        count: the number of training examples.
        options: what the builder was called with; None if they are not to be compared.
        given: the options that the user gave, by name, which the builder must keep.
    """
    whose = str(builder)
    if not isinstance(pipeline, TrainablePipeline):
        raise PluginError(f"{whose} gave {type(pipeline).__name__}, not a TrainablePipeline")
    check_codec_class(pipeline.codec, whose, builder.item.prediction_options)
    check_network(pipeline.network, whose)
    check_parts(pipeline, whose)
    check_options(pipeline.options, builder, options, given or {})
    check_recipe(pipeline.recipe, whose)
    check_loss(pipeline.loss, pipeline.trained_network, whose)
    check_stages(pipeline.stages, pipeline.trained_network, whose)
    check_momentum_layers(pipeline.momentum_layers, pipeline.trained_network, whose)
    check_lengths(pipeline.lengths, count, whose)
    check_loadable(pipeline.network, builder.item.packages, whose)


def check_options(
    resolved: Any, builder: Contributed[ModelBuilder[Any]], options: Options | None, given: Mapping[str, Any]
) -> None:
    """Refuse options of another class, with an "auto" left, or without a value that the user gave."""
    wanted = builder.item.options
    if type(resolved) is not wanted:
        raise PluginError(
            f"{builder} gave options of the class {type(resolved).__name__}, not {wanted.__name__}: return"
            " TrainablePipeline(options=...) with the options that it was called with, resolved"
        )
    for name, value in as_dict(resolved).items():
        if value == "auto":
            raise PluginError(
                f"{builder} left its option '{name}' at \"auto\": return TrainablePipeline(options="
                "suite.options.resolved(options, {...})), so that a resumed run has the same value"
            )
    for name in given if options is not None else ():
        before, after = getattr(options, name), getattr(resolved, name)
        if before not in ("auto", after):
            raise PluginError(
                f"{builder} replaced its option {name} = {before!r}, which the user gave, by {after!r}: only"
                ' "auto" may be replaced'
            )


def check_recipe(recipe: Any, whose: str) -> None:
    """Refuse a recipe with a name that is no training option, or a value that is not allowed."""
    if not isinstance(recipe, Mapping):
        raise PluginError(f"{whose} gave {type(recipe).__name__} as its recipe, not a dictionary")
    defaults = as_dict(TrainingOptions())
    known = [name for name, value in defaults.items() if value == "auto"]
    for name in recipe:
        if name not in known:
            what = (
                f"recommends a training option '{name}' that does not exist: {nearest(str(name), known)}"
                if name not in defaults
                else f"recommends the training option '{name}', which is the user's alone"
            )
            raise PluginError(f"{whose} {what}")
    try:
        parse(TrainingOptions, recipe, "its recipe")
    except UserError as error:
        raise PluginError(f"{whose} recommends what is not allowed: {error}") from None


def check_declared_options(contributed: Contributed[Any]) -> None:
    """Refuse a class of options whose own defaults are not allowed by its bounds."""
    kinds: dict[str, type[Options]] = {"options": contributed.item.options}
    if isinstance(contributed.item, ModelBuilder):
        kinds["prediction_options"] = contributed.item.prediction_options
    for name, kind in kinds.items():
        try:
            parse(kind, as_dict(kind()), f"{kind.__name__}")
        except (UserError, TypeError, ValueError) as error:
            what = "type" if isinstance(error, TypeError) else "default"
            raise PluginError(
                f"the {name} of {contributed} have a {what} that is not allowed: {error}"
            ) from None


def check_crossing(
    pipeline: TrainablePipeline,
    builder: Contributed[ModelBuilder[Any]],
    task: Task,
    dataset: Dataset,
    training: TrainingOptions,
) -> None:
    """Encode, prepare, make a batch and decode once more than needed, on a few training examples.

    What cannot be read is passed over: the training says so of all of it at once.

    Args:
        pipeline: after `check_pipeline`.
        builder: that gave it.
        task: says of which type a prediction is.
        dataset: with a training split.
        training: resolved.
    """
    whose = str(builder)
    first = [dataset.train[index] for index in range(min(16, len(dataset.train)))]
    with random_state_kept():
        remade = remade_codec(pipeline.codec, builder.item.codec, whose)
        check_derived(pipeline.codec, whose, builder.item.prediction_options)
        encodings = readable(
            first, 2, lambda example: check_encoding(pipeline.codec, remade, example.input, whose)
        )
        outputs = made_up_outputs(output_shapes(pipeline.network))
        for encoded in encodings:
            check_inputs(getattr(encoded, "arrays", encoded), pipeline.network, whose)
        check_signature(pipeline.codec, pipeline.network, whose)
        if encodings and outputs is not None:
            prediction = check_decoding(pipeline.codec, remade, outputs, encodings[0], whose)
            if prediction is not NOT_DECODED and not pipeline.codec.can_stream:
                check_predictions([prediction], task, f"the codec of {whose}")
        if pipeline.targets is not None:
            for target in [example.target for example in first[:2]]:
                defect = array_defect(pipeline.targets(target), "what its targets() returns")
                if defect:
                    raise PluginError(f"{whose} gave {defect}")
        batch = min(int(training.batch_size), EXAMPLES)
        prepared = readable(first, batch, lambda example: prepared_example(pipeline.batches, example, whose))
        if prepared:
            check_batch(pipeline.batches, prepared, [training.seed, 0], whose)
