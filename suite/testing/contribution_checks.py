"""Checks of one thing that a plugin made: each raises `suite.PluginError` if something is wrong with it."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from suite.contributions import Contributed, DataLoader, Evaluator, ModelBuilder, Task
from suite.data.checks import check_dataset as _check_dataset
from suite.data.dataset import Dataset, Example, fingerprint
from suite.errors import PluginError, UserError
from suite.evaluation.checks import check_figure, check_predictions
from suite.evaluation.scoring import score
from suite.evaluation.types import Pairs
from suite.host import HEAVY, Host
from suite.options import Options, as_dict, parse
from suite.pipeline.batch_checks import check_batch, check_on_device, prepared_example
from suite.pipeline.codec import Arrays, Codec, Encoded
from suite.pipeline.codec_checks import (
    NOT_DECODED,
    check_codec_class,
    check_decoding,
    check_derived,
    check_encoding,
    remade_codec,
)
from suite.pipeline.comparing import same

__all__ = [
    "check_batch_maker",
    "check_codec",
    "check_dataset",
    "check_evaluator",
    "check_imports",
    "check_loader",
    "check_options",
    "check_pipeline",
    "check_plugin",
    "check_preview",
]

_EXAMPLES = 4


def check_plugin(plugin: Any) -> Host:
    """Check that a plugin is declared well: its names, callables, classes of options and their defaults.

    Args:
        plugin: a module, or an object, with hooks.

    Returns:
        A host that holds this plugin alone.
    """
    host = Host(plugin, discover=False)
    for broken in host.broken:
        raise PluginError(f"plugin '{broken.name}' cannot be used: {broken.error}")
    for found in host.plugins:
        for contributed in found.contributions:
            for attribute in ("options", "prediction_options"):
                options = getattr(contributed.item, attribute, None)
                if options is not None:
                    check_options(options, f"the {attribute} of {contributed}")
    return host


def check_options(options: type[Options], whose: str = "the options") -> None:
    """Check that a class of options has a default for each field, which its own bounds allow."""
    try:
        parse(options, as_dict(options()), options.__name__)
    except (TypeError, UserError) as error:
        what = "type" if isinstance(error, TypeError) else "default"
        raise PluginError(f"{whose} have a {what} that is not allowed: {error}") from None


def check_imports(*modules: str, heavy: Sequence[str] = HEAVY) -> None:
    """Check, in a fresh interpreter, that importing modules imports neither Keras nor a framework under it.

    Declarations and codecs must not: `--backend` would be lost, and an exported network needs none.

    Args:
        *modules: names of modules: that of the plugin, and that of its codecs.
        heavy: what must not be imported.
    """
    program = (
        f"import sys\nsys.path[:0] = {sys.path!r}\nimport {', '.join(modules)}\n"
        f"print(*[name for name in {list(heavy)!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["it says nothing"])[-1]
        raise PluginError(f"{', '.join(modules)} cannot be imported: {last}")
    if done.stdout.strip():
        raise PluginError(
            f"{', '.join(modules)} imports {done.stdout.split()[0]} when it is imported: give callables of a"
            " declaration as suite.lazy(...), and keep codecs in modules that import no framework"
        )


def check_dataset(dataset: Any, task: Task | None = None) -> None:
    """Check a data set: unique ids, targets and facts that are plain JSON, functions that work.

    Args:
        dataset: what a loader gave, or `Dataset.of`.
        task: whose own check the data has to pass.
    """
    _check_dataset(dataset, "the loader")
    if task is not None and task.check is not None:
        task.check(dataset)


def check_loader(
    loader: DataLoader[Any], path: Path, *, task: Task | None = None, options: Options | None = None
) -> Dataset:
    """Check a loader on data of its format: that it recognizes and reads it, the same way each time.

    Args:
        loader: the contribution.
        path: data of its format.
        task: whose own check the data has to pass.
        options: the loader's; None for their defaults.

    Returns:
        The data set.
    """
    whose = f"data loader '{loader.name}'"
    if loader.detect(path) is not True:
        raise PluginError(f"{whose} does not recognize {path}: its detect() does not return True")
    nowhere = path.with_name(f"{path.name}-that-is-not-there")
    with suppress(UserError):  # the host takes it for a no
        if loader.detect(nowhere):
            raise PluginError(f"{whose} recognizes {nowhere}, where nothing is")
    given = loader.options() if options is None else options
    first, second = loader.load(path, given), loader.load(path, given)
    for dataset in (first, second):
        _check_dataset(dataset, whose)
    if fingerprint(first) != fingerprint(second):
        raise PluginError(
            f"{whose} gives other examples, targets or an other order the second time: sort what it lists, or"
            " a run cannot be resumed"
        )
    check_dataset(first, task)
    return first


def check_codec(
    codec: Codec,
    raws: Iterable[Any],
    *,
    remake: Callable[[Mapping[str, Any]], Codec],
    outputs: Arrays | None = None,
    task: Task | None = None,
    prediction_options: type[Options] | None = None,
) -> None:
    """Check a codec: its members, that it survives JSON, and that it encodes and decodes the same each time.

    Args:
        codec: fitted.
        raws: inputs that it can read.
        remake: `ModelBuilder.codec`: the codec from what its `to_json` gave.
        outputs: of a network for one example, without a batch axis; None checks no decoding.
        task: says of which type a prediction is.
        prediction_options: those that `with_options` takes, if any.
    """
    whose = "the builder"
    kind = {} if prediction_options is None else {"prediction_options": prediction_options}
    check_codec_class(codec, whose, **kind)
    remade = remade_codec(codec, remake, whose)
    check_derived(codec, whose, **kind)
    for raw in raws:
        encoded = check_encoding(codec, remade, raw, whose)
        if outputs is not None:
            context = (encoded.context,) if isinstance(encoded, Encoded) else ()
            prediction = codec.decode(outputs, *context)
            if not same(prediction, codec.decode(outputs, *context)):
                raise PluginError("the codec decodes the same outputs differently each time")
            if check_decoding(codec, remade, outputs, encoded, whose) is NOT_DECODED:
                raise PluginError("the codec decodes outputs once, and not again")
            if task is not None:
                check_predictions([prediction], task, "the codec")


def check_batch_maker(maker: Any, examples: Sequence[Example], *, seed: int = 0) -> None:
    """Check that batches are a pure function of their arguments, and keep the examples as they are.

    Rows that a `RowsMaker` makes without the others have to be those of the whole batch, and a batch that a
    `DeviceBatchMaker` has a device make has to be the same.

    Args:
        maker: a batch maker.
        examples: that it can read; small numbers of them are made into batches too.
        seed: of the random numbers.
    """
    prepared = [prepared_example(maker, example, "the builder") for example in examples]
    for count in sorted({1, min(2, len(prepared)), len(prepared)}):
        check_batch(maker, prepared[:count], [seed, count], "the builder")
    check_on_device(maker, prepared, [seed], "the builder")


def check_pipeline(
    builder: ModelBuilder[Any],
    dataset: Dataset,
    *,
    task: Task | None = None,
    options: Options | None = None,
) -> None:
    """Build a pipeline, and check all that training, saving, loading and predicting need of it.

    Args:
        builder: the contribution.
        dataset: small; its training examples are encoded, and the first is predicted.
        task: says of which type a prediction is.
        options: the builder's; None for their defaults.
    """
    from suite.pipeline.batch_makers import stack
    from suite.runs.checks import check_crossing, check_pipeline
    from suite.training_options import TrainingOptions

    contributed = Contributed("under test", builder, "model builder")
    given = builder.options() if options is None else options
    pipeline = builder.build(dataset, given)
    named = {} if options is None else as_dict(options)
    check_pipeline(pipeline, contributed, len(dataset.train), given, named)
    made_up = task or Task(
        name="under-test",
        summary="",
        sample=lambda: dataset,
        metric="any",
        builder=builder.name,
        evaluators=(),
    )
    check_crossing(pipeline, contributed, made_up, dataset, TrainingOptions(batch_size=_EXAMPLES))
    encoded = pipeline.codec.encode(dataset.train[0].input)
    inputs = stack([encoded.arrays if isinstance(encoded, Encoded) else encoded])
    outputs, loaded = outputs_before_and_after(pipeline.network, inputs, builder.packages)
    if not close(outputs, loaded):
        raise PluginError(
            f"{contributed} gave a network that computes something else after saving and loading"
        )
    context = (encoded.context,) if isinstance(encoded, Encoded) else ()
    first = {name: array[0] for name, array in outputs.items()} if isinstance(outputs, dict) else outputs[0]
    prediction = pipeline.codec.decode(first, *context)
    if task is not None and not pipeline.codec.can_stream:
        check_predictions([prediction], task, f"the codec of {contributed}")


def outputs_before_and_after(network: Any, inputs: Any, packages: Iterable[str]) -> tuple[Any, Any]:
    """What a network gives for a batch, and what it gives after saving and loading.

    Args:
        network: of Keras.
        inputs: a batch.
        packages: whose layers may be loaded.
    """
    from suite.pipeline.keras_files import load_keras, save_keras
    from suite.pipeline.networks import KerasNetwork

    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "network.keras"
        save_keras(network, file)
        loaded = KerasNetwork(load_keras(file, packages))(inputs)
    return KerasNetwork(network)(inputs), loaded


def close(first: Any, second: Any) -> bool:
    """Whether two outputs of a network are the same but for the last digits."""
    if isinstance(first, dict) and isinstance(second, dict):
        return first.keys() == second.keys() and all(close(first[name], second[name]) for name in first)
    if isinstance(first, dict) or isinstance(second, dict):
        return False
    return bool(np.allclose(first, second, rtol=1e-4, atol=1e-5, equal_nan=True))


def check_evaluator(
    evaluator: Evaluator[Any], pairs: Pairs, options: Options | None = None, *, tolerance: float = 1e-9
) -> None:
    """Check an evaluator: the metrics that it declares, in any order of the pairs, with intervals and
    figures.

    Args:
        evaluator: the contribution.
        pairs: targets and predictions of two examples or more.
        options: the evaluator's; None for their defaults.
        tolerance: how far a number may change with the order of the pairs.
    """
    contributed = Contributed("under test", evaluator, "evaluator")
    values = {evaluator.name: as_dict(evaluator.options() if options is None else options)}
    scores = score([contributed], pairs, values, intervals=True)
    for name in evaluator.metrics:
        if name not in scores.numbers:
            raise PluginError(f"{contributed} declares '{name}' and does not give it (as a finite number)")
    for note in scores.notes:
        if "for a defect of" in note:
            raise PluginError(note)
    backwards = score([contributed], pairs.at(np.arange(len(pairs))[::-1]), values, intervals=False)
    for name, number in scores.numbers.items():
        if not np.isclose(number, backwards.numbers.get(name, np.nan), rtol=tolerance, atol=tolerance):
            raise PluginError(
                f"{contributed} gives {name} = {number} and, for the same pairs in another order,"
                f" {backwards.numbers.get(name)}"
            )
    figures, notes = scores.figures()
    for note in notes:
        raise PluginError(note)
    for figure in figures:
        check_figure(figure)


def check_preview(task: Task, dataset: Dataset) -> None:
    """Check a task's preview on the first examples of each split: it gives figures that a page can show.

    Args:
        task: has a preview.
        dataset: with examples that can be read.
    """
    whose = f"the preview of task '{task.name}'"
    if task.preview is None:
        raise PluginError(f"task '{task.name}' has no preview")
    for split in dataset.splits.values():
        examples = [split[index] for index in range(min(_EXAMPLES, len(split)))]
        figures = list(task.preview(examples, dataset.facts)) if examples else []
        if examples and not figures:
            raise PluginError(f"{whose} gives no figure for {len(examples)} examples")
        for figure in figures:
            try:
                check_figure(figure)
            except TypeError as error:
                raise PluginError(f"{whose} gives what no page can show: {error}") from None
