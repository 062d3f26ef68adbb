"""From a folder of recordings to their transcripts, through the host, as a user has it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

import suite
from killed_runs import check_same_state, left_after
from suite.configuration import from_mapping
from suite.runs.train import resume, train
from suite_speech_recognition.samples import RATE, sample
from suite_speech_recognition.types import Transcript

keras = pytest.importorskip("keras", reason="needs Keras")
pytestmark = pytest.mark.slow

TASK = "speech-recognition"
SMALL = {"mels": 20, "network": "tiny"}
TRAINING = {"epochs": 2, "batch_size": 16, "validation_every": 1, "checkpoint_seconds": 0.0}


@pytest.fixture(scope="module")
def host():
    import suite_speech_recognition

    return suite.Host(suite_speech_recognition, discover=False)


@pytest.fixture(scope="module", autouse=True)
def small_networks():
    """Of one narrow layer, which is compiled sooner."""
    from suite_speech_recognition.models.recurrent import NETWORKS

    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(NETWORKS, "tiny", {**NETWORKS["tiny"], "channels": 8, "units": 32, "depth": 1})
        yield


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    made = sample()
    for split in ("train", "validation", "test"):
        rows = ["path\ttext\tspeaker"]
        for example in getattr(made, split):
            name = example.id.replace("/", "_") + ".wav"
            soundfile.write(folder / name, example.input, RATE, subtype="PCM_16")
            rows.append(f"{name}\t{example.target['text']}\t{example.target['speaker']}")
        (folder / f"{split}.tsv").write_text("\n".join(rows) + "\n")
    return folder


def configuration(data: Path, **more):
    tables = {"task": TASK, "data": str(data), "training": TRAINING, "model": SMALL}
    return from_mapping(tables | more, "the test")


@pytest.fixture(scope="module")
def runs(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("runs")


@pytest.fixture(scope="module")
def run(host, data, runs):
    killed = left_after(5, runs / "unbroken", runs / "killed")
    return train(host, configuration(data), out=runs / "unbroken", stop=killed)


def test_the_run_is_scored_beside_a_baseline(run):
    assert run.metrics["test"]["cer"] >= 0
    assert "cer" in run.metrics["baseline"]


def test_a_run_that_was_killed_is_resumed_to_the_unbroken_one(run, host, runs):
    resumed = resume(host, runs / "killed")
    check_same_state(run, resumed)


def test_recordings_longer_than_a_window_are_transcribed(run, host, tmp_path):
    pipeline = suite.load(run.path, host=host)
    soundfile.write(tmp_path / "long.wav", 0.01 * np.random.default_rng(0).standard_normal(50 * RATE), RATE)
    found = pipeline.predict(tmp_path / "long.wav")
    assert isinstance(found, Transcript)
    assert found.seconds == pytest.approx(50, abs=0.1)


def test_a_run_with_another_alphabet_starts_from_its_weights(run, host, data, tmp_path):
    again = train(
        host,
        configuration(
            data, init=str(run.path), training=TRAINING | {"epochs": 1}, model=SMALL | {"case": "upper"}
        ),
        out=tmp_path / "again",
    )
    assert suite.load(again.path, host=host).codec.alphabet.symbols == (" ", "A", "B", "C")


def test_the_exported_network_transcribes_as_keras_does(run, host, data):
    pytest.importorskip("tf2onnx", reason="needs keras-suite[export]")
    pytest.importorskip("onnxruntime", reason="needs keras-suite[export]")
    from suite.runs.export import export

    exported = suite.load(export(run.path, verify=False, host=host).folder, host=host)
    trained = suite.load(run.path, host=host)
    for recording in sorted(data.glob("test_*.wav")):
        assert exported.predict(recording).text == trained.predict(recording).text
