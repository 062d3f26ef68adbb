"""What a pipeline says of itself, and that `predict --json` writes what its JSON Schema says."""

from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys
import zlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import msgspec
import numpy as np
import pytest
import soundfile
from jsonschema import Draft202012Validator

import suite
import weather
from suite.cli.main import main
from suite.evaluation.scoring import import_evaluators
from suite.pipeline.codec import Signature
from suite.pipeline.manifest import FORMAT, Manifest, write_manifest
from suite.prediction.description import codec_properties
from suite_image_classification.codec import ImageCodec
from suite_object_detection.codec import DetectionCodec
from suite_speech_recognition.alphabet import Alphabet
from suite_speech_recognition.codec import SpeechCodec
from suite_text.classification.codec import ClassificationCodec
from suite_text.classification.readers.tokens import TokenReader
from suite_text.generation.codec import GenerationCodec
from suite_text.generation.options import GenerationOptions
from suite_text.tokens.vocabulary import END, Vocabulary
from suite_text.translation.codec import TranslationCodec

TEXTS = ["the cat sat on the mat", "the dog sat on the cat"] * 3
RNG = np.random.default_rng(0)


def image(path):
    path.write_bytes(cv2.imencode(".png", RNG.integers(0, 256, (40, 50, 3), np.uint8))[1].tobytes())
    return path


def sound(path):
    soundfile.write(path, RNG.normal(0, 0.1, 3000), 1000)
    return path


def translated(inputs):
    outputs = np.zeros((len(inputs["source"]), 6, 2), np.float32)
    outputs[..., 0], outputs[..., 1] = END, -0.5
    outputs[:, :3, 0] = 20
    return outputs


def written(inputs):
    tokens = inputs["tokens"]
    found = np.stack([np.full((len(tokens), 4), 20.0), np.full((len(tokens), 4), -1.0)], -1)
    return {"log_probabilities": np.full(tokens.shape, -1.0), "written": found}


def random(arrays, shape):
    """Numbers that are random but for the same example always the same."""
    return np.stack(
        [np.random.default_rng(zlib.crc32(array.tobytes())).normal(size=shape) for array in arrays]
    )


def heard(inputs):
    logits = random(inputs["audio"], (inputs["audio"].shape[1] // 10, 4))
    return logits - np.log(np.exp(logits).sum(-1, keepdims=True))


class Network:
    """A function as a network that does not say what it takes and gives."""

    signature = Signature()

    def __init__(self, function):
        self.function = function

    def __call__(self, inputs):
        return self.function(inputs)


@dataclass
class Case:
    """A model of a task without its training.

    Attributes:
        task: its name.
        codec: made up.
        network: outputs as good as at random.
        write: writes a file that can be predicted for; None if inputs are texts.
        options: of prediction.
    """

    task: str
    codec: Any
    network: Any
    write: Any = None
    options: dict[str, Any] = field(default_factory=dict)


CASES = [
    Case(
        "image-classification",
        ImageCodec(classes=("cat", "dog"), size=(32, 48)),
        lambda images: random(images, 2),
        image,
    ),
    Case(
        "image-classification",
        ImageCodec(classes=("cat", "dog"), size=(32, 48), multi_label=True),
        lambda images: random(images, 2),
        image,
        {"threshold": 0.4},
    ),
    Case(
        "object-detection",
        DetectionCodec(classes=("cat", "dog"), size=(64, 64), threshold=0.3),
        lambda images: random(images, (84, 2 + 64)),
        image,
        {"threshold": 0.5},
    ),
    Case(
        "speech-recognition",
        SpeechCodec(
            rate=1000, lengths=(2000, 5000), frame_samples=10, alphabet=Alphabet(symbols=(" ", "a", "b"))
        ),
        heard,
        sound,
    ),
    Case(
        "text-classification",
        ClassificationCodec(
            classes=("ask", "buy"),
            reader=TokenReader(vocabulary=Vocabulary.learn(TEXTS, "words", 40), lengths=(16,)),
        ),
        lambda inputs: random(next(iter(inputs.values())), 2),
    ),
    Case(
        "translation",
        TranslationCodec(vocabulary=Vocabulary.learn(TEXTS, "bpe", 300), lengths=(8, 16), source="en"),
        translated,
    ),
    Case(
        "text-generation",
        GenerationCodec(
            vocabulary=Vocabulary.learn(TEXTS, "bpe", 300),
            lengths=(8, 16),
            tokens_per_pass=4,
            options=GenerationOptions(tokens=8),
        ),
        written,
        None,
        {"samples": 2, "tokens": 8},
    ),
]


@pytest.fixture(params=CASES, ids=lambda case: case.task)
def case(request):
    return request.param


def ship(case, folder):
    """Write a folder as if exported, whose network is not there."""
    task = suite.Host().find_task(case.task)
    folder.mkdir()
    (folder / "network.onnx").write_bytes(b"not read")
    write_manifest(
        folder,
        Manifest(
            format=FORMAT,
            task=case.task,
            builder=f"{task.plugin}:{task.item.builder}",
            plugin={"name": task.plugin, "version": "0.1.0"},
            codec=case.codec.to_json(),
            network="network.onnx",
        ),
    )
    return folder


@pytest.fixture
def shipped(case, tmp_path, monkeypatch):
    """A folder as if exported; its network is the case's."""
    monkeypatch.setattr("suite.pipeline.networks.OnnxNetwork", lambda path, threads: Network(case.network))
    return ship(case, tmp_path / "shipped")


def test_the_schema_is_that_of_what_predict_writes(case, shipped, tmp_path, capsys):
    words = ["the cat sat", "the dog"]
    if case.write is not None:
        words = [str(case.write(tmp_path / f"{name}{case.codec.suffixes[0]}")) for name in "ab"]
        broken = tmp_path / f"broken{case.codec.suffixes[0]}"
        broken.write_bytes(b"no such thing")
        words.append(str(broken))
    settings = [f"--set={name}={value}" for name, value in case.options.items()]
    main(["predict", str(shipped), *words, "--json", *settings])
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [("prediction" in line, "error" in line) for line in lines] == [
        (True, False), (True, False), *([(False, True)] if case.write else [])
    ]  # fmt: skip
    schema = suite.load(shipped, options=case.options).describe().output_schema
    assert json.loads(json.dumps(schema)) == schema
    Draft202012Validator.check_schema(schema)
    validator = Draft202012Validator(schema)
    for line in lines:
        validator.validate(line)
        assert not validator.is_valid({**line, "prediction": 7})
        assert not validator.is_valid({**line, "more": 1})
    assert not validator.is_valid({"input": "a"})


def test_every_task_describes_its_models(case, shipped, capsys):
    description = suite.load(shipped, options=case.options).describe()
    assert description.task == case.task
    assert description.classes == list(getattr(case.codec, "classes", []))
    assert description.properties
    assert description.inputs.files == list(case.codec.suffixes)
    given = {option.name: option.value for option in description.options if option.name in case.options}
    assert given == case.options
    main(["show", str(shipped), "--json"])
    shown = json.loads(capsys.readouterr().out)
    assert shown["output_schema"] == description.output_schema
    main(["show", str(shipped)])
    printed = capsys.readouterr().out
    assert f"the model of {shipped}" in printed
    assert all(option.name in printed for option in description.options)


def test_inspecting_recordings_without_its_packages_is_a_sentence(monkeypatch):
    monkeypatch.setitem(sys.modules, "librosa", None)
    task = suite.Host().task("speech-recognition")
    with pytest.raises(suite.UserError, match=r"need librosa, .*'suite-speech-recognition\[train\]'"):
        task.inspect(suite.Dataset.of([], []), lambda done, total: None)


def test_a_path_that_is_not_there_is_no_task(capsys):
    assert main(["show", "./none/"]) == 2
    assert "none is not there: give a run" in capsys.readouterr().err


def test_threads_and_pickled_pipelines_predict_the_same_for_every_task(case, shipped, tmp_path):
    raws = [text * number for number in (1, 3, 9) for text in ("the cat sat ", "the dog ", "mat")]
    if case.write is not None:
        raws = [case.write(tmp_path / f"{number}{case.codec.suffixes[0]}") for number in range(6)]
    pipeline = suite.load(shipped, options=case.options)
    expected = pipeline.predict(raws)
    assert pickle.loads(pickle.dumps(pipeline)).predict(raws) == expected
    with ThreadPoolExecutor(6) as threads:
        several = threads.map(lambda _: pipeline.predict(raws), range(6))
        singles = threads.map(pipeline.predict, raws * 3)
        assert all(predictions == expected for predictions in several)
        assert list(singles) == expected * 3


WITHOUT = """
import pathlib, sys
for name in {missing!r}:
    sys.modules[name] = None  # importing it fails, as if it were not installed
import test_descriptions as made_up
from suite.pipeline import networks
from suite.prediction import loading
for number, case in enumerate(made_up.CASES):
    networks.OnnxNetwork = lambda path, threads: made_up.Network(case.network)
    folder = pathlib.Path(sys.argv[1]) / str(number)
    raws = ["the cat sat", "the dog"]
    shipped = made_up.ship(case, folder)
    if case.write:
        raws = [case.write(folder / f"{{name}}{{case.codec.suffixes[0]}}") for name in "ab"]
    with loading.load(shipped, options=case.options) as pipeline:
        assert len(pipeline.predict(raws)) == 2
        pipeline.describe()
"""
FOR_TRAINING = [
    *("keras", "tensorflow", "jax", "torch", "keras_hub", "onnx", "tf2onnx"),
    *("sklearn", "scipy", "librosa", "numba", "PIL", "jiwer", "sacrebleu"),
    *("faster_coco_eval", "pycocotools", "matplotlib", "pandas"),
]


@pytest.mark.slow
def test_prediction_with_an_export_needs_nothing_that_is_for_training(tmp_path):
    path = os.pathsep.join(map(str, [Path(__file__).parent, *sys.path]))
    subprocess.run(
        [sys.executable, "-c", WITHOUT.format(missing=FOR_TRAINING), str(tmp_path)],
        env={**os.environ, "PYTHONPATH": path},
        check=True,
    )


@pytest.mark.parametrize(
    ("package", "task", "sentence"),
    [
        ("jiwer", "speech-recognition", "need jiwer, which is not installed: pip install 'suite-speech-reco"),
        (
            "sacrebleu",
            "translation",
            "need sacrebleu, which is not installed: pip install 'suite-text[train]'",
        ),
        (
            "faster_coco_eval",
            "object-detection",
            "not installed: pip install 'suite-object-detection[train]'",
        ),
    ],
)
def test_scoring_without_its_packages_is_a_sentence(package, task, sentence, monkeypatch):
    host = suite.Host()
    evaluator = host.evaluator(host.task(task).evaluators[0], task)
    for name in [name for name in sys.modules if name.startswith("suite_")]:
        if any(part in name for part in ("evaluator", "metrics", "word_alignment")):
            monkeypatch.delitem(sys.modules, name)
    for name in [name for name in sys.modules if name.partition(".")[0] == package]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, package, None)  # importing it fails, as if it were not installed
    with pytest.raises(suite.UserError) as caught:
        import_evaluators([evaluator])
    assert sentence in str(caught.value)


def test_a_task_without_a_type_of_predictions_has_a_schema_too(tmp_path):
    pipeline = suite.load(weather.save_exported(tmp_path / "shipped"), host=weather.host())
    description = pipeline.describe()
    assert description.plugin == {"name": "weather", "version": "1.2"}
    assert (description.network, description.options) == ("network.onnx", [])
    assert msgspec.to_builtins(description.inputs) == {
        "files": [".temps"], "streams": [], "text": False, "array_axes": 1
    }  # fmt: skip
    Draft202012Validator(description.output_schema).validate({"input": "a", "prediction": [1]})
    pipeline.close()
    with pytest.raises(suite.UserError, match="this pipeline is closed"):
        pipeline.describe()


def test_a_codec_whose_properties_are_no_json_is_a_defect_of_its_plugin():
    class Strange(weather.WeatherCodec):
        def properties(self):
            return {"classes": object()}

    with pytest.raises(suite.PluginError, match=r"^the codec of x has properties\(\) that are no plain JSON"):
        codec_properties(Strange(["a"]), "the codec of x")
