"""Checks of a model builder: built, trained, resumed, saved, exported, and its codec."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import msgspec
import numpy as np

from suite.contributions import Contributed, ModelBuilder
from suite.conversion.export import alike
from suite.data.dataset import Example
from suite.errors import PluginError, RunError, UserError, attributed
from suite.evaluation.checks import check_predictions
from suite.evaluation.types import Pairs
from suite.pipeline.codec import Encoded
from suite.pipeline.comparing import same
from suite.plugin_frames import raised
from suite.runs.directory import RunDirectory
from suite.testing.check import BUILT, EXPORTED, TRAINED, Check, NotCheckedError
from suite.testing.fresh import run_fresh
from suite.testing.logits import check_logits
from suite.testing.padding import check_padding
from suite.testing.samples import sample_of, spread
from suite.testing.trials import Trial, Trials

_LEARNED = 0.8
"""The loss of the last epoch is at most this share of the first one's."""


def builder_checks(builder: Contributed[ModelBuilder[Any]], trials: Trials) -> Iterator[Check]:
    """The checks of a model builder and of its codec."""
    trial = trials.of(builder)

    def check(name: str, cost: int, function: Callable[[Trial], object]) -> Check:
        return Check(
            name=name,
            about=str(builder),
            plugin=builder.plugin,
            task=builder.task,
            contribution=builder.name,
            cost=cost,
            make=lambda: function(trial),
        )

    if builder.item.pretrained is not None and not builder.item.quick:
        yield check("builder-builds", BUILT, _starts_from_others)
        return
    yield check("builder-builds", BUILT, _check_built)
    yield check("builder-starts-the-same", BUILT, _check_start)
    yield check("codec-needs-no-keras", BUILT, _check_codec_alone)
    yield check("codec-refuses-junk", BUILT, _check_junk)
    yield check("network-saves-all", BUILT, _check_saved)
    yield check("builder-mixed-precision", BUILT, _check_mixed)
    yield check("builder-trains", TRAINED, _check_trained)
    yield check("builder-overfits", TRAINED, _check_overfits)
    yield check("builder-predicts", TRAINED, _check_predictions)
    yield check("builder-keeps-examples-apart", TRAINED, _check_apart)
    yield check("builder-ignores-padding", TRAINED, check_padding)
    yield check("builder-resumes-exactly", TRAINED, _check_resumed)
    yield check("builder-exports", EXPORTED, _check_exports)
    yield check("export-needs-no-keras", EXPORTED, _check_alone)


def _starts_from_others(trial: Trial) -> None:
    raise NotCheckedError(
        f"{trial.builder} starts from weights of others, and nothing is downloaded to check it: its quick"
        " says with which options it is built without them, ModelBuilder(quick={'model.NAME': ...})"
    )


def _check_built(trial: Trial) -> None:
    check_logits(trial, trial.built("builder-builds").pipeline)


def _check_start(trial: Trial) -> None:
    asking = "builder-starts-the-same"
    first, second = trial.built(asking), trial.build()
    codecs = [msgspec.json.encode(each.pipeline.codec.to_json()) for each in (first, second)]
    if codecs[0] != codecs[1]:
        raise PluginError(
            f"{trial.builder} fits another codec to the same data each time: sort what comes from sets, and"
            " draw from a generator of a fixed seed"
        )
    weights = [each.pipeline.trained_network.weights for each in (first, second)]
    for one, other in zip(*weights, strict=True):
        if not np.array_equal(np.asarray(one), np.asarray(other)):
            raise PluginError(
                f"{trial.builder} builds a network with other weights each time, at '{one.path}', although"
                " the seed is the same: let Keras draw them, or use a generator of a fixed seed"
            )


def _check_trained(trial: Trial) -> None:
    trial.trained("builder-trains")


def _check_overfits(trial: Trial) -> None:
    history = trial.trained("builder-overfits").history()
    losses = [row["loss"] for row in history]
    count, epochs = len(trial.dataset.train), len(losses)
    if not losses[-1] <= losses[0] - (1 - _LEARNED) * abs(losses[0]):
        raise PluginError(
            f"{trial.builder} hardly learns: its loss on {count} examples went from {losses[0]:.4g} to"
            f" {losses[-1]:.4g} in {epochs} epochs. Look at whether the targets belong to the inputs, the"
            " loss"
            " fits what the network gives, and its layers are trainable. If it only needs longer or another"
            " learning rate on so few examples: ModelBuilder(quick={'training.epochs': 40,"
            " 'training.learning_rate': 0.01})"
        )


def _check_predictions(trial: Trial) -> None:
    pairs = trial.predicted("builder-predicts")
    check_predictions(pairs.predictions, trial.task.item, f"the codec of {trial.builder}")
    again = trial.loaded("builder-predicts").predict([example.input for example in _examples(pairs)])
    if not _same(pairs.predictions, again):
        raise PluginError(
            f"{trial.builder} predicts something else for the same inputs the second time: what is random"
            " belongs into the batch maker, or into layers that are random only in training"
        )


def _same(first: Any, second: Any) -> bool:
    """Whether two predictions, or lists of them, are the same but for the last digits of numbers."""
    return alike(msgspec.to_builtins(first), msgspec.to_builtins(second))


def _check_apart(trial: Trial) -> None:
    pairs = trial.predicted("builder-keeps-examples-apart")
    loaded = trial.loaded("builder-keeps-examples-apart")
    for index, example in enumerate(_examples(pairs)):
        (single,) = loaded.predict([example.input])
        if not _same(single, pairs.predictions[index]):
            raise PluginError(
                f"{trial.builder} predicts {str(single)[:120]!r} for the example '{example.id}' by itself and"
                f" {str(pairs.predictions[index])[:120]!r} in a batch with others: no layer may mix examples"
                " at prediction"
            )


def _check_resumed(trial: Trial) -> None:
    asking = "builder-resumes-exactly"
    whole, resumed = trial.trained(asking), trial.resumed(asking)
    ours, theirs = (_arrays(run) for run in (whole, resumed))
    for name in sorted(ours.keys() | theirs.keys()):
        if (
            name not in ours
            or name not in theirs
            or not np.array_equal(ours[name], theirs[name], equal_nan=True)
        ):
            raise PluginError(
                f"a run of {trial.builder} that was stopped and resumed ends with other weights ('{name}')"
                " than one that was not: all randomness comes from `rng` in the batch maker and from Keras"
                " in layers, and nothing is counted outside of the network"
            )


def _arrays(run: RunDirectory) -> Mapping[str, Any]:
    newest = run.checkpoints.newest()
    assert newest is not None
    return newest[0]


def _examples(pairs: Pairs) -> list[Example]:
    return [] if pairs.examples is None else [pairs.examples[index] for index in range(len(pairs))]


def _check_exports(trial: Trial) -> None:
    try:
        trial.exported("builder-exports")
    except UserError as error:
        raise NotCheckedError(str(error)) from error
    except RunError as error:
        raise PluginError(f"{trial.builder} cannot be exported: {error}") from error


_NO_KERAS = """
class NoKeras:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("keras", "keras_hub", "tensorflow", "jax", "torch"):
            raise ImportError(f"{name} is imported, and prediction with an export has to work without it")

sys.meta_path.insert(0, NoKeras())
host = pickle.loads(sent)
"""

_ALONE = f"""{_NO_KERAS}
import msgspec
import suite
from suite.testing.samples import spread, sample_of
dataset = sample_of(host.find_task(job["task"]))
with suite.load(job["export"], host=host) as pipeline:
    examples = spread(dataset.splits.get("test") or dataset.train, job["count"])
    predictions = [pipeline.predict([example.input])[0] for example in examples]
print()
print(msgspec.json.encode(predictions).decode())
"""


def _check_alone(trial: Trial) -> None:
    asking = "export-needs-no-keras"
    exported, pairs = trial.exported(asking), trial.predicted(asking)
    job = {"task": trial.task.full_name, "export": str(exported.folder), "count": len(pairs)}
    status, printed, errors = run_fresh(_ALONE, trial.host, job)
    if status:
        last = (errors.strip().splitlines() or ["it says nothing"])[-1]
        raise PluginError(
            f"the export of {trial.builder} does not predict in a process without Keras: {last}"
        )
    predictions = json.loads(printed.strip().splitlines()[-1])
    if not _same(predictions, list(pairs.predictions)):
        if not _is_repeated(trial):
            raise NotCheckedError(f"the sample of {trial.task} is another one each time: use a fixed seed")
        raise PluginError(
            f"the export of {trial.builder} predicts {str(predictions[0])[:150]} in a process without"
            f" Keras, and {str(msgspec.to_builtins(pairs.predictions[0]))[:150]} with it: its codec keeps"
            " something that to_json() leaves out"
        )


def _is_repeated(trial: Trial) -> bool:
    """Whether the task's sample has the same inputs each time, as far as the codec sees them."""
    codec = trial.built("export-needs-no-keras").pipeline.codec
    encoded = []
    for dataset in (sample_of(trial.task), sample_of(trial.task)):
        given = [codec.encode(example.input) for example in spread(dataset.train, 4)]
        encoded.append([each.arrays if isinstance(each, Encoded) else each for each in given])
    return same(*encoded)


def _check_saved(trial: Trial) -> None:
    """A network with other weights, as after a training, computes the same after saving and loading."""
    from suite.pipeline.batch_makers import stack
    from suite.testing.contribution_checks import close, outputs_before_and_after

    pipeline = trial.built("network-saves-all").pipeline
    encoded = pipeline.codec.encode(trial.dataset.train[0].input)
    inputs = stack([encoded.arrays if isinstance(encoded, Encoded) else encoded])
    network = pipeline.network
    before = [np.asarray(variable) for variable in network.trainable_variables]
    generator = np.random.default_rng(0)
    try:
        for variable, array in zip(network.trainable_variables, before, strict=True):
            variable.assign(array * generator.uniform(1.0, 1.1, array.shape))
        with attributed(str(trial.builder)):
            given, loaded = outputs_before_and_after(network, inputs, trial.builder.item.packages)
    finally:
        for variable, array in zip(network.trainable_variables, before, strict=True):
            variable.assign(array)
    if not close(given, loaded):
        raise PluginError(
            f"{trial.builder} gave a network that computes something else after saving and loading: every"
            " number that it needs is a weight (add_weight) or in get_config()"
        )


def _check_mixed(trial: Trial) -> None:
    asking = "builder-mixed-precision"
    trial.built(asking)
    try:
        pipeline = trial.build(precision="mixed_bfloat16").pipeline
        loss = _one_step(trial, pipeline)
    except (PluginError, NotCheckedError):
        raise
    except Exception as error:
        raise PluginError(
            f"{trial.builder} does not train in mixed precision (--precision mixed_bfloat16): it"
            f" {raised(error)}; cast by the dtype of the tensor at hand, and give the last layer"
            " dtype='float32'"
        ) from error
    if not np.isfinite(loss):
        raise PluginError(
            f"{trial.builder} has a loss of {loss} in its first step in mixed precision (--precision"
            " mixed_bfloat16): give the last layer dtype='float32', and constants that bfloat16 can tell"
            " apart"
        )


def _one_step(trial: Trial, pipeline: Any) -> float:
    import keras

    from suite.devices import dtype_policy

    prepared = [pipeline.batches.prepare(example) for example in spread(trial.dataset.train, 4)]
    batch = pipeline.batches.make(prepared, np.random.default_rng(0), 0.0)
    with dtype_policy("mixed_bfloat16"):
        network = pipeline.trained_network
        network.compile(optimizer=keras.optimizers.SGD(1e-4), loss=pipeline.loss, run_eagerly=True)
        loss = network.train_on_batch(*batch)
    return float(np.max(np.asarray(loss)))


_CODEC = f"""{_NO_KERAS}
from suite.testing.samples import spread, sample_of
builder = host.builder(job["builder"], job["task"])
codec = builder.item.codec(job["codec"])
dataset = sample_of(host.find_task(job["task"]))
for example in spread(dataset.train, 2):
    codec.encode(example.input)
"""


def _check_codec_alone(trial: Trial) -> None:
    codec = trial.built("codec-needs-no-keras").pipeline.codec
    job = {"builder": trial.builder.full_name, "task": trial.task.full_name, "codec": codec.to_json()}
    status, _, errors = run_fresh(_CODEC, trial.host, job)
    if status:
        last = (errors.strip().splitlines() or ["it says nothing"])[-1]
        raise PluginError(
            f"the codec of {trial.builder} does not work in a process without Keras, as prediction with an"
            f" export needs it: {last}; import Keras in build() alone, and keep the codec in a module"
            " without it"
        )


_JUNK: tuple[tuple[str, Any], ...] = (
    ("bytes of no format", bytes(range(256))),
    ("no bytes at all", b""),
)


def _check_junk(trial: Trial) -> None:
    codec = trial.built("codec-refuses-junk").pipeline.codec
    for what, raw in _JUNK:
        try:
            codec.encode(raw)
        except UserError:
            continue
        except Exception as error:
            raise PluginError(
                f"encode() of the codec of {trial.builder} {raised(error)} for {what}: raise"
                " suite.UserError with what is wrong and what to do, so that `suite predict` says so and"
                " goes on with the others"
            ) from error
