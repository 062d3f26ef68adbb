"""An export is scored on the validation split beside Keras, and refused if it falls too far."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest

import suite
import toy_plugin
from suite.cli.main import main
from suite.contributions import Metric
from suite.pipeline.manifest import read_manifest, write_manifest
from suite.runs.export import data_of, export
from suite.runs.rescoring import MAX_EXAMPLES, Rescoring, default_tolerance, evenly, is_tolerated, prepare

onnx = pytest.importorskip("onnx", reason="needs keras-suite[export]")
pytest.importorskip("tf2onnx", reason="needs keras-suite[export]")
pytest.importorskip("keras", reason="needs Keras")

pytestmark = pytest.mark.slow  # all of them need the run
HOST = suite.Host(toy_plugin, discover=False)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("rescoring")
    data = toy_plugin.write(folder / "rows.jsonl", train=240, validation=50, test=20)
    training = {"batch_size": 20, "learning_rate": 0.01}
    return suite.train("trend", data, epochs=3, training=training, out=folder / "run", host=HOST).path


@pytest.fixture(scope="module")
def exported(run):
    return export(run, host=HOST)


@pytest.fixture(scope="module")
def rescoring(run, exported):
    made = prepare(run, HOST, *data_of(run, HOST, None), None)
    assert isinstance(made, Rescoring)
    return made


@pytest.fixture(scope="module")
def worse(exported, tmp_path_factory):
    """An export whose network prefers one class."""
    folder = shutil.copytree(exported.folder, tmp_path_factory.mktemp("worse") / "export")
    model = onnx.load(folder / "network.onnx")
    for tensor in model.graph.initializer:
        array = onnx.numpy_helper.to_array(tensor)
        if array.shape == (3,):
            tensor.CopyFrom(onnx.numpy_helper.from_array(array + np.float32([9, 0, 0]), tensor.name))
    onnx.save(model, folder / "network.onnx")
    write_manifest(folder, read_manifest(folder))
    return folder


def test_an_export_is_scored_beside_keras_on_the_validation_split(run, exported):
    scored = exported.scored
    assert (scored.split, scored.examples, scored.available) == ("validation", 50, 50)
    assert (scored.metric, scored.label) == ("accuracy", "accuracy")
    assert scored.score == scored.keras_score > 0.4
    low, high = scored.interval
    assert low < scored.score < high
    assert scored.scores.keys() == scored.keras_scores.keys()
    report = json.loads((exported.folder / "export.json").read_text())
    assert report["scored"]["score"] == scored.score
    assert report["scored"]["tolerance"] == pytest.approx(1 / 50)


def test_one_that_falls_too_far_is_not_tolerated(rescoring, worse, exported):
    assert is_tolerated(rescoring(exported.folder))
    fallen = rescoring(worse)
    assert fallen.fall == fallen.keras_score - fallen.score > 0.1
    assert not is_tolerated(fallen)
    assert not is_tolerated(rescoring(worse, "int8"))


def test_it_is_refused_and_leaves_no_folder_unless_it_is_tolerated(run, worse, monkeypatch, tmp_path):
    right = Rescoring.__call__
    monkeypatch.setattr(Rescoring, "__call__", lambda self, folder, *others: right(self, worse, *others))
    with pytest.raises(suite.RunError, match=r"scores accuracy .* and Keras .* falls by .* 0.020 is allowed"):
        export(run, out=tmp_path / "out", host=HOST)
    assert list(tmp_path.iterdir()) == []
    assert export(run, out=tmp_path / "out", tolerance=0.9, host=HOST).scored.tolerance == 0.9


def test_it_is_left_out_where_nobody_wants_it_or_nothing_is_there(run, tmp_path):
    asked = export(run, out=tmp_path / "asked", verify=False, host=HOST)
    assert (asked.scored, asked.not_scored) == (None, "not scored: --no-verify")
    shutil.copytree(run / "model", tmp_path / "model")
    alone = export(tmp_path / "model", out=tmp_path / "alone", host=HOST)
    assert alone.scored is None
    assert "no config.toml beside the model" in alone.not_scored


def test_the_command_says_the_scores(run, exported, capsys):
    assert main(["export", str(run)], HOST) == 0
    assert "scored on 50 examples of the validation split: accuracy" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"tolerance": -1.0}, "it is 0 or more"),
        ({"tolerance": float("nan")}, "is not allowed"),
        ({"tolerance": 0.1, "verify": False}, "--no-verify leaves out"),
    ],
)
def test_a_tolerance_that_means_nothing_is_refused(run, settings, message):
    with pytest.raises(suite.UserError, match=message):
        export(run, host=HOST, **settings)


def test_what_is_tolerated_depends_on_the_metric_and_the_precision():
    share, error = Metric(label="a", share=True), Metric(label="b", higher_is_better=False)
    assert default_tolerance(share, "float32", 0.9, 10_000) == 0.001
    assert default_tolerance(share, "int8", 0.9, 10_000) == 0.01
    assert default_tolerance(share, "int8", 0.9, 20) == 0.05
    assert default_tolerance(error, "int8", 0.5, 20) == pytest.approx(0.01)


def test_a_large_split_is_scored_on_examples_spread_over_it():
    chosen = evenly(list(range(5000)), MAX_EXAMPLES)
    assert (len(chosen), chosen[0], chosen[len(chosen) - 1]) == (1000, 0, 4999)
    few = list(range(7))
    assert evenly(few, MAX_EXAMPLES) is few
