"""What is fuzzed: every loader, every codec, and the files of runs and models.

Each target has cases, which are small and right, and an attempt, which does with the mutated files what the
commands do. It ends well or raises a `suite.UserError`; anything else is a finding.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cache, partial
from itertools import islice
from pathlib import Path
from random import Random

import msgspec
import numpy as np

from fuzzing import corpora, runtimes, series
from fuzzing.mutations import Files
from fuzzing.pipelines import host, pipeline
from suite import UserError
from suite.configuration import from_mapping, read_toml
from suite.data.dataset import Dataset, Subset
from suite.data.inspection import inspect_dataset
from suite.data.loading import load_dataset
from suite.data.splits import complete
from suite.evaluation.prediction_files import (
    PREDICTIONS_FILE,
    of_split,
    paired,
    read_predictions,
    write_predictions,
)
from suite.evaluation.scoring import baseline_pairs, score
from suite.evaluation.types import Pairs
from suite.pipeline.manifest import FORMAT, MANIFEST, Manifest, write_manifest
from suite.pipeline.networks import OnnxNetwork
from suite.prediction.inputs import Inputs
from suite.prediction.loading import describe
from suite.runs.build import evaluators_of, look_up
from suite.runs.directory import RunDirectory
from suite.runs.verify import verify
from suite.training.checkpoints import CheckpointFolder


@dataclass(frozen=True)
class Target:
    """Something that reads files from anybody.

    Attributes:
        name: of the target.
        cases: makes the files that are mutated.
        attempt: reads the files in a folder; random choices (which loader, say) are those of the generator.
        pace: inputs of it for each fifty of a quick target.
        made: whether the cases are made here: a refused one is then a mistake of the fuzzing itself.
    """

    name: str
    cases: Callable[[], list[Files]]
    attempt: Callable[[Path, Random], None]
    pace: int = 50
    made: bool = True


def targets(folders: Iterable[Path] = ()) -> list[Target]:
    """All of them.

    Args:
        folders: with data of others, whose folders are tried with every task.
    """
    found = []
    for loader in host().loaders():
        task, name = loader.task, loader.name
        found.append(
            Target(f"loader/{task}/{name}", partial(_data_of, task, name), partial(_load, task, name))
        )
    for task in (contributed.item.name for contributed in host().tasks()):
        found += [
            Target(f"input/{task}", partial(_inputs_of, task), partial(_predict, task)),
            Target(f"predictions/{task}", partial(_predictions_of, task), partial(_evaluate, task)),
            Target(f"pipeline/{task}", partial(_pipeline_of, task), partial(_describe, task)),
        ]
        if folders:
            below = partial(_data_below, tuple(folders), task)
            found.append(Target(f"data/{task}", below, partial(_load, task, None), made=False))
    return [
        *found,
        Target("run", _runs, _read_run),
        Target("checkpoint", _checkpoints, _read_checkpoint),
        Target("onnx", _onnx, _run_onnx),
        Target("litert", runtimes.litert, partial(runtimes.run, "litert", "network.tflite")),
        Target("openvino", runtimes.openvino, partial(runtimes.run, "openvino", "network.xml")),
        Target("keras", _keras, _load_keras, pace=5),
        Target(
            "saved-model",
            runtimes.saved_model,
            partial(runtimes.run, "tensorflow", "network.savedmodel"),
            pace=5,
        ),
    ]


# Loaders


def _data_of(task: str, loader: str) -> list[Files]:
    if loader == "parquet":
        return [_own_sample(task, loader)]
    match task:
        case "image-classification":
            return corpora.image_folder() if loader == "folder" else corpora.image_table()
        case "object-detection":
            return corpora.boxes(loader)
        case "speech-recognition":
            return corpora.speech(loader)
        case "forecasting":
            return series.series(loader)
        case _:
            return corpora.texts(task, loader)


def _own_sample(task: str, loader: str) -> Files:
    """The first examples of a task's sample, as a loader writes them."""
    dataset = _sample(task)
    first = {
        name: [split[index] for index in range(min(4, len(split)))] for name, split in dataset.splits.items()
    }
    (write,) = (
        each.item.write_sample for each in host().loaders() if (each.task, each.name) == (task, loader)
    )
    assert write is not None
    return corpora.written(partial(write, replace(dataset, **first)))


@cache
def _below(folders: tuple[Path, ...]) -> list[Files]:
    return [files for folder in folders for _, files in corpora.found_below(folder)]


def _data_below(folders: tuple[Path, ...], task: str) -> list[Files]:
    """The data of others that a loader of the task reads."""
    return [files for files in _below(folders) if _is_data_of(task, files)]


def _is_data_of(task: str, files: Files) -> bool:
    with tempfile.TemporaryDirectory() as above:
        folder = Path(above) / "data"  # what some loaders find beside it is nothing
        corpora.write_files(files, folder)
        try:
            _load(task, None, folder, Random(0))
        except Exception:
            return False
    return True


_OPTIONS = {
    ("speech-recognition", "pattern"): {"pattern": "{text}_{speaker}_{take}.wav"},
    ("translation", "*"): {"source": "en", "target": "de"},
}
"""Of loaders that need some."""


def _load(task: str, loader: str | None, folder: Path, random: Random) -> None:
    """As `train`, `evaluate` and `inspect` do: load, look at the first examples, make splits, inspect."""
    inside = list(folder.iterdir())
    path = inside[0] if len(inside) == 1 and inside[0].is_file() else folder
    options = {} if loader is None else _OPTIONS.get((task, loader), _OPTIONS.get((task, "*"), {}))
    detected = random.random() < 0.3 and loader != "pattern"
    dataset, found = load_dataset(host(), task, path, None if detected else loader, options)
    ready = pipeline(task)
    for split in dataset.splits.values():
        for index in range(min(3, len(split))):
            with suppress(UserError):
                ready.predict(split[index].input)
    if random.random() < 0.2:
        complete(dataset)
    if random.random() < 0.2:
        inspect_dataset(host().find_task(task), dataset, found.name)
    preview = host().task(task).preview
    if random.random() < 0.1 and preview is not None:
        for split in dataset.splits.values():
            list(preview([split[index] for index in range(min(3, len(split)))], dataset.facts))


# Codecs


def _inputs_of(task: str) -> list[Files]:
    match task:
        case "image-classification" | "object-detection":
            files = corpora.images()
        case "speech-recognition":
            files = corpora.sounds()
        case "forecasting":
            files = series.input_series()
        case _:
            files = corpora.input_texts()
    return [{name: content} for name, content in files.items()]


def _predict(task: str, folder: Path, random: Random) -> None:
    """As `predict` does, with a network that computes nothing."""
    ready = pipeline(task)
    inputs = Inputs([str(path) for path in folder.iterdir() if path.is_file()], ready.codec)
    if random.random() < 0.05:
        list(ready.predict_each(islice(inputs, 8)))
        return
    for raw in islice(inputs, 8):
        with suppress(UserError):
            ready.predict(raw)


# Files of predictions


@cache
def _sample(task: str) -> Dataset:
    return host().task(task).sample()


def _predictions_of(task: str) -> list[Files]:
    dataset = _sample(task)
    test = dataset.test
    assert test is not None
    examples = [test[index] for index in range(min(len(test), 8))]
    targets, ids = [example.target for example in examples], [example.id for example in examples]
    pairs = Pairs(targets, targets, ids, examples=examples, facts=dataset.facts)
    guessed = baseline_pairs(host().find_task(task), dataset.train, pairs)
    if guessed is None:  # of a continuation, what counts is how probable it was
        bits = [{"text": "so", "bits": 40.0, "tokens": 8} for _ in examples]
        guessed = replace(pairs, predictions=bits)
    return [corpora.written(lambda folder: write_predictions(folder / PREDICTIONS_FILE, guessed))]


def _evaluate(task: str, folder: Path, random: Random) -> None:
    """As `evaluate --predictions` does: with the targets of the file, or with those of the data."""
    dataset = _sample(task)
    assert dataset.test is not None
    path = folder / PREDICTIONS_FILE
    lines = read_predictions(path, host().task(task))
    examples = Subset(dataset.test, np.arange(min(len(dataset.test), 8))) if random.random() < 0.3 else None
    if examples is not None:
        lines, _ = of_split(lines, examples, [dataset.train])
    pairs = paired(lines, examples, dataset.facts, str(path))
    contributed = host().find_task(task)
    evaluators = evaluators_of(host(), from_mapping({"task": task, "data": ""}, "fuzz"), contributed)
    found = score(evaluators, pairs, {}, intervals=random.random() < 0.05)
    notes = [*found.notes, *(found.figures()[1] if random.random() < 0.1 else ())]
    _refuse_defects(notes)
    write_predictions(folder / "again.jsonl", pairs)


def _refuse_defects(notes: Sequence[str]) -> None:
    for note in notes:
        if "a defect of" in note:
            raise AssertionError(note)


# Models and runs


def _pipeline_of(task: str) -> list[Files]:
    builder = pipeline(task).builder

    def write(folder: Path) -> None:
        codec, facts = pipeline(task).codec.to_json(), dict(_sample(task).facts)
        (folder / "network.onnx").write_bytes(b"")
        manifest = Manifest(
            format=FORMAT,
            task=task,
            builder=builder,
            plugin={"name": builder.rpartition(":")[0], "version": "1"},
            codec=codec,
            network="network.onnx",
            facts=facts,
        )
        write_manifest(folder, manifest)

    return [{MANIFEST: corpora.written(write)[MANIFEST]}]


def _describe(task: str, folder: Path, random: Random) -> None:
    """What `pipeline.json` says, mostly with the right checksum, and what its codec makes of an input."""
    path = folder / MANIFEST
    if path.is_file() and random.random() < 0.8:
        path.write_bytes(_sealed(path.read_bytes()))
    codec = describe(folder, host=host()).codec
    raw = _sample(task).train[0].input
    if codec.chunks(raw) is None:
        codec.encode(raw)


def _sealed(content: bytes) -> bytes:
    """With the checksum that belongs to it, if it is JSON: whoever forges a file can compute it."""
    try:
        document = msgspec.json.decode(content)
        document["sha256"] = ""
        document["sha256"] = hashlib.sha256(msgspec.json.encode(document, order="sorted")).hexdigest()
        return msgspec.json.encode(document)
    except (msgspec.DecodeError, ValueError, TypeError, RecursionError):
        return content


def _runs() -> list[Files]:
    configuration = from_mapping(
        {
            "task": "text-classification",
            "data": "reviews.csv",
            "loader": {"name": "table", "encoding": "auto"},
            "split": {"validation": 0.2, "groups": "speaker"},
            "model": {"name": "bag"},
            "training": {"epochs": 3, "learning_rate": 0.01, "optimizer": "adamw"},
            "runtime": {"device": "cpu"},
            "evaluators": {"classification": {}},
            "plugins": {"suite-text": "0.1.0"},
        },
        "fuzz",
    )
    return [
        {
            "config.toml": configuration.to_toml().encode(),
            "environment.json": b'{"facts": {}, "continued": [{"after_step": 1, "epochs": 2}]}',
            "history.csv": b"epoch,loss,validation/accuracy\n1,0.5,0.25\n2,0.25,\n",
            "metrics.json": b'{"test": {"accuracy": 0.5}, "counts": {"test": 8}, "notes": []}',
        }
    ]


def _read_run(folder: Path, random: Random) -> None:
    """As `verify`, `resume` and `evaluate` do before they load anything."""
    verify(folder)
    run = RunDirectory.open(folder)
    again = from_mapping(run.configuration.to_toml() and read_toml(folder / "config.toml"), "fuzz")
    look_up(host(), again)
    _ = run.environment, run.metrics, run.history(), run.continuations


def _checkpoints() -> list[Files]:
    def write(folder: Path) -> None:
        arrays = {f"network/{index:05}": np.arange(6, dtype=np.float32).reshape(2, 3) for index in range(3)}
        checkpoints = CheckpointFolder(folder)
        state = {
            "step": 3,
            "history": [{"loss": 0.5}],
            "best": None,
            "best_file": checkpoints.write_best(2, arrays),
        }
        checkpoints.write(3, arrays, state)
        checkpoints.write(4, arrays, state | {"step": 4})

    return [corpora.written(write)]


def _read_checkpoint(folder: Path, random: Random) -> None:
    verify(folder)
    CheckpointFolder(folder).newest_whole()


def _onnx() -> list[Files]:
    from onnx import TensorProto, helper, numpy_helper

    weights = numpy_helper.from_array(np.ones((4, 3), np.float32), "weights")
    nodes = [
        helper.make_node("MatMul", ["numbers", "weights"], ["product"]),
        helper.make_node("Softmax", ["product"], ["scores"]),
    ]
    graph = helper.make_graph(
        nodes,
        "network",
        [helper.make_tensor_value_info("numbers", TensorProto.FLOAT, ["batch", 4])],
        [helper.make_tensor_value_info("scores", TensorProto.FLOAT, ["batch", 3])],
        [weights],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    return [{"network.onnx": model.SerializeToString()}]


def _run_onnx(folder: Path, random: Random) -> None:
    OnnxNetwork(folder / "network.onnx", threads=1)(np.zeros((2, 4), np.float32))


def _keras() -> list[Files]:
    import keras

    from suite.pipeline.keras_files import save_keras

    images = keras.Input((8, 8, 3), dtype="uint8", name="images")
    x = keras.layers.Rescaling(1 / 255, name="scale")(images)
    x = keras.layers.GlobalAveragePooling2D(name="pool")(keras.layers.Conv2D(4, 3, name="convolution")(x))
    model = keras.Model(images, keras.layers.Dense(3, name="scores")(x))
    return [corpora.written(lambda folder: save_keras(model, folder / "network.keras"))]


def _load_keras(folder: Path, random: Random) -> None:
    from suite.pipeline.keras_files import load_keras

    load_keras(folder / "network.keras")
