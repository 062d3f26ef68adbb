"""Trains and exports one tiny model of each task, which later versions have to load: `tests/data/kept/`.

    python tests/data/make_kept_models.py [TASK...]

Run it for a new version of a file format, and commit what it writes beside what is there; never replace what
an earlier version wrote. The networks are those of the tasks, made so small that they learn next to nothing:
all that counts is that the same files give the same predictions for ever.
"""

from __future__ import annotations

import base64
import importlib
import json
import shutil
import sys
import tempfile
import zipfile
import zlib
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

import suite
from suite.configuration import from_mapping
from suite.data import Dataset, Subset
from suite.host import Host
from suite.pipeline.manifest import read_manifest, write_manifest
from suite.runs.export import export
from suite.runs.train import train

KEPT = Path(__file__).parent / "kept"
RUN_FILES = ("config.toml", "environment.json", "history.csv", "metrics.json", "predictions.jsonl")
EXAMPLES = 16

TASKS: dict[str, dict[str, Any]] = {
    "image-classification": {"model": {"size": 8, "width": 4, "architecture": "small"}},
    "object-detection": {"model": {"size": 32, "network": "nano"}},
    "speech-recognition": {"model": {"rate": 4000, "mels": 8, "network": "tiny", "max_seconds": 3.0}},
    "text-classification": {"model": {"max_ngrams": 50, "width": 4, "filters": 4}},
    "translation": {"model": {"units": "characters", "network": "tiny", "max_length": 80, "beam": 2}},
    "forecasting": {"model": {"context": 14, "width": 4, "members": 2, "depth": 1}},
    "text-generation": {
        "model": {"units": "characters", "network": "tiny", "context": 16, "tokens_per_pass": 4}
    },
}

TINY = {
    "suite_object_detection.models.detector": ("nano", {"width": 4, "filters": 4, "depths": (1, 1, 1, 1)}),
    "suite_speech_recognition.models.recurrent": ("tiny", {"channels": 2, "units": 4, "depth": 1}),
    "suite_text.translation.models.translator": ("tiny", {"width": 8, "heads": 2, "units": 8, "depth": 1}),
    "suite_text.generation.models.generator": ("tiny", {"width": 8, "heads": 2, "depth": 1}),
}
"""What the smallest networks are made of here, by the module that says so."""

PREDICTION_OPTIONS: dict[str, dict[str, Any]] = {
    "object-detection": {"threshold": 0.005, "max_detections": 5},
    "text-generation": {"tokens": 12, "temperature": 0},
}


def main() -> None:
    for module, (name, arguments) in TINY.items():
        networks = importlib.import_module(module).NETWORKS
        networks[name].clear()
        networks[name].update(arguments)
    host = Host()
    for task in sys.argv[1:] or TASKS:
        target = KEPT / suite.__version__ / task
        with tempfile.TemporaryDirectory() as scratch:
            make(host, task, target, Path(scratch))
        size = sum(file.stat().st_size for file in target.rglob("*") if file.is_file())
        print(f"{target}: {size / 1024:.0f} KB")


def make(host: Host, task: str, target: Path, scratch: Path) -> None:
    training = {"epochs": 2, "batch_size": 8, "checkpoint_seconds": 1e9}
    runtime = {"backend": "tensorflow", "device": "cpu", "precision": "float32", "threads": 2}
    configuration = from_mapping(
        {"task": task, "data": "", "training": training, "runtime": runtime, **TASKS[task]}, "this script"
    )
    run = train(host, configuration, out=scratch / "run", dataset=few(host.task(task).sample()))
    exported = export(run.path, host=host).folder
    shutil.rmtree(target, ignore_errors=True)
    (target / "run").mkdir(parents=True)
    for name in RUN_FILES:
        shutil.copy(run.path / name, target / "run" / name)
    lines = (target / "run" / "predictions.jsonl").read_text().splitlines(keepends=True)
    (target / "run" / "predictions.jsonl").write_text("".join(lines[:1]))
    told = {**run.environment, "platform": "any", "device": "any", "cores": 2}
    (target / "run" / "environment.json").write_text(json.dumps(told) + "\n")
    shutil.copytree(run.model, target / "run" / "model")
    pack(target / "run" / "model")
    shutil.copytree(exported, target / "export")
    options = PREDICTION_OPTIONS.get(task, {})
    raws = inputs_of(task, host)
    pipeline = suite.load(target / "run", host=host, options=options)
    expected = {
        "options": options,
        "inputs": [as_json(raw) for raw in raws],
        "predictions": msgspec.to_builtins(pipeline.predict(raws)),
    }
    (target / "expected.json").write_text(json.dumps(expected) + "\n")


def pack(model: Path) -> None:
    """Compress the network of a model folder: Keras's files are mostly empty space, and this one is kept."""
    file = model / "network.keras"
    with zipfile.ZipFile(file) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    write_manifest(model, read_manifest(model))


def few(dataset: Dataset) -> Dataset:
    """A data set with its first examples alone."""
    splits = {
        name: Subset(split, np.arange(min(EXAMPLES, len(split)))) for name, split in dataset.splits.items()
    }
    return Dataset(**{**splits, "facts": dataset.facts})


def inputs_of(task: str, host: Host) -> list[Any]:
    """Two small inputs of a task."""
    if task == "text-generation":
        return ["the ol", "Ann"]
    raws = [example.input for example in few(host.task(task).sample()).train][:2]
    if task == "forecasting":
        return [history.values.tolist() for history in raws]
    if task == "speech-recognition":
        return [(np.round(raw[:2000] * 32767).astype(np.int16), 4000) for raw in raws]
    return [np.ascontiguousarray(raw[:32, :32]) if isinstance(raw, np.ndarray) else raw for raw in raws]


def as_json(raw: Any) -> Any:
    """An input for `expected.json`; `read_input` makes it again."""
    if isinstance(raw, tuple):
        return {"array": as_json(raw[0]), "rate": raw[1]}
    if isinstance(raw, np.ndarray):
        packed = base64.b64encode(zlib.compress(raw.tobytes())).decode()
        return {"dtype": raw.dtype.name, "shape": raw.shape, "zlib": packed}
    return raw


def read_input(value: Any) -> Any:
    """An input of `expected.json`."""
    if isinstance(value, dict) and "rate" in value:
        return read_input(value["array"]), value["rate"]
    if isinstance(value, dict):
        packed = zlib.decompress(base64.b64decode(value["zlib"]))
        return np.frombuffer(packed, value["dtype"]).reshape(value["shape"])
    return value


if __name__ == "__main__":
    main()
