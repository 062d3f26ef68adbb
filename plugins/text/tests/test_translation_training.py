"""From parallel files to translations, through the host, as a user has it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import suite
from killed_runs import check_same_state, left_after
from suite.configuration import from_mapping
from suite.runs.train import resume, train
from suite_text.translation.samples import sample
from suite_text.translation.types import Translation

keras = pytest.importorskip("keras", reason="needs Keras")
pytestmark = pytest.mark.slow

TASK = "translation"
TRAINING = {"epochs": 2, "batch_size": 16, "validation_every": 1, "checkpoint_seconds": 0.0}
LOADER = {"source": "en", "target": "de"}


@pytest.fixture(scope="module")
def host():
    import suite_text

    return suite.Host(suite_text, discover=False)


@pytest.fixture(scope="module", autouse=True)
def small_networks():
    """Of one block on each side, which are compiled sooner."""
    from suite_text.translation.models.translator import NETWORKS

    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(NETWORKS, "tiny", {**NETWORKS["tiny"], "depth": 1})
        yield


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    made = sample()
    for split in ("train", "validation", "test"):
        for language, side in (("en", "input"), ("de", "target")):
            lines = [getattr(example, side) for example in getattr(made, split)]
            (folder / f"{split}.{language}").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


def configuration(data: Path, **more):
    tables = {"task": TASK, "data": str(data), "training": TRAINING, "loader": LOADER}
    return from_mapping({**tables, "model": {"vocabulary": 400, "max_length": 16}, **more}, "the test")


@pytest.fixture(scope="module")
def runs(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("runs")


@pytest.fixture(scope="module")
def run(host, data, runs):
    killed = left_after(5, runs / "unbroken", runs / "killed")
    return train(host, configuration(data), out=runs / "unbroken", stop=killed)


def test_the_run_is_scored_beside_copying_the_source(run):
    assert run.metrics["test"]["bleu"] >= 0
    assert 0 < run.metrics["baseline"]["bleu"] < 100
    assert "chrf" in run.metrics["intervals"]["test"]
    history = run.history()
    assert history[-1]["validation_loss"] < history[0]["validation_loss"]


def test_a_run_that_was_killed_is_resumed_to_the_unbroken_one(run, host, runs):
    resumed = resume(host, runs / "killed")
    check_same_state(run, resumed)


def test_texts_are_translated_in_their_order_and_empty_ones_stay_empty(run, host):
    pipeline = suite.load(run.path, host=host)
    found = pipeline.predict(["Ann sees the red dog .", "", "Bo knows ☃ .", " "])
    assert all(isinstance(prediction, Translation) for prediction in found)
    assert [prediction.text for prediction in found][1::2] == ["", ""]
    assert [prediction.unknown for prediction in found] == [0, 0, 1, 0]
    assert pipeline.predict("") == Translation(text="", score=None)


def test_a_long_text_is_translated_in_chunks(run, host):
    pipeline = suite.load(run.path, host=host)
    found = pipeline.predict("Ann sees the red dog . " * 20)
    assert isinstance(found, Translation)


def test_one_beam_can_be_asked_for_and_too_many_cannot(run, host):
    greedy = suite.load(run.path, host=host, options={"beam": 1})
    assert isinstance(greedy.predict("Ann sees the red dog ."), Translation)
    with pytest.raises(suite.UserError, match="beam = 9"):
        suite.load(run.path, host=host, options={"beam": 9})


def test_lines_of_a_file_come_out_as_json_in_their_order(run, host, tmp_path, capsys, monkeypatch):
    import suite.cli.predict
    from suite.cli.main import main

    monkeypatch.setattr(suite.cli.predict, "host_from", lambda arguments: host)
    (tmp_path / "lines.txt").write_text("Ann sees the red dog .\n\nBo wants to see the old chair .\n")
    assert main(["predict", str(run.path), str(tmp_path / "lines.txt"), "--json"]) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert len(rows) == 3
    assert rows[1]["prediction"]["text"] == ""
    assert rows[1]["prediction"]["score"] is None
    assert rows[0]["prediction"]["score"] < 0


def test_the_exported_network_translates_as_keras_does(run, host):
    pytest.importorskip("tf2onnx", reason="needs keras-suite[export]")
    pytest.importorskip("onnxruntime", reason="needs keras-suite[export]")
    from suite.runs.export import export

    exported = suite.load(export(run.path, verify=False, host=host).folder, host=host)
    trained = suite.load(run.path, host=host)
    texts = [example.input for example in sample().test] + ["", "Bo ☃"]
    assert [prediction.text for prediction in exported.predict(texts)] == [
        prediction.text for prediction in trained.predict(texts)
    ]


def test_a_network_learns_a_small_language(tmp_path):
    """Endings and verbs at the end are right in sentences that were never seen, one by one or in one text."""
    from suite_text.translation.batches import TranslationBatches
    from suite_text.translation.builders import transformer
    from suite_text.translation.options import TransformerOptions

    keras.utils.set_random_seed(0)
    made = sample()
    pipeline = transformer(made, TransformerOptions(vocabulary=400, dropout=0.1))
    batches = pipeline.batch_maker
    assert isinstance(batches, TranslationBatches)
    prepared = [batches.prepare(example) for example in made.train]
    inputs, targets = batches.make(prepared, np.random.default_rng(0), 0.0)
    network = pipeline.training_network
    network.compile(keras.optimizers.Adam(3e-3, clipnorm=1.0), pipeline.loss, jit_compile=False)
    network.fit(inputs, targets, batch_size=54, epochs=40, verbose=0)
    from suite.pipeline.networks import KerasNetwork
    from suite.prediction.predictor import LoadedPipeline

    ready = LoadedPipeline(TASK, "text:transformer", pipeline.codec, KerasNetwork(pipeline.network))
    found = ready.predict([example.input for example in made.test])
    right = sum(
        prediction.text == example.target for prediction, example in zip(found, made.test, strict=True)
    )
    assert right >= 16
    # Of a text of several sentences each is translated as it is alone, and none is lost.
    for count in (2, 3, 8):
        few, alone = made.test[:count], [prediction.text for prediction in found[:count]]
        assert ready.predict(" ".join(example.input for example in few)).text == " ".join(alone)
        assert ready.predict("\n".join(example.input for example in few)).text == "\n".join(alone)
