"""An export of any precision is scored on the validation split beside Keras, and refused if it falls."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest

import suite
import toy_plugin
from suite.cli.main import main
from suite.contributions import Metric
from suite.conversion.process import convert
from suite.conversion.results import Measured
from suite.pipeline.manifest import read_manifest, write_manifest
from suite.runs.export import data_of, export
from suite.runs.precision import _by_speed
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
    return suite.train(
        "trend",
        data,
        model={"width": 512},
        epochs=2,
        training={"batch_size": 20, "learning_rate": 0.01},
        out=folder / "run",
        host=HOST,
    ).path


@pytest.fixture(scope="module", autouse=True)
def quick():
    """Networks are converted once, and measured briefly."""
    known = {}

    def convert_once(source, target, packages, batches, *others):
        shapes = tuple(batch.shape for batch in batches)
        if shapes not in known:
            known[shapes] = convert(source, target, packages, batches, *others), target.read_bytes()
        arrays, content = known[shapes]
        target.write_bytes(content)
        return arrays

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("suite.conversion.export.convert", convert_once)
        patch.setattr("suite.runs.precision.SECONDS", 0)
        patch.setattr("suite.runs.timing.TURN", 0)
        yield


@pytest.fixture(scope="module")
def exported(run):
    return export(run, host=HOST)


@pytest.fixture(scope="module")
def int8(run):
    return export(run, precision="int8", host=HOST)


@pytest.fixture(scope="module")
def rescoring(run, exported):
    made = prepare(run, HOST, *data_of(run, HOST, None))
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
            tensor.CopyFrom(onnx.numpy_helper.from_array(array + np.float32([1e4, 0, 0]), tensor.name))
    onnx.save(model, folder / "network.onnx")
    write_manifest(folder, read_manifest(folder))
    return folder


def test_an_export_is_scored_beside_keras_on_the_validation_split(run, exported):
    scored = exported.scored
    assert (scored.split, scored.examples, scored.available) == ("validation", 50, 50)
    assert (scored.metric, scored.label) == ("accuracy", "accuracy")
    assert scored.score == scored.keras_score > 0.4
    low, high = scored.interval
    assert low < scored.score <= high
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
    monkeypatch.setattr(Rescoring, "__call__", lambda self, folder, **others: right(self, worse, **others))
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


def test_a_package_that_scores_and_is_missing_is_named_with_the_way_out(run, monkeypatch, tmp_path):
    def missing(evaluators):
        raise suite.UserError("scores need jiwer: pip install jiwer")

    monkeypatch.setattr("suite.runs.rescoring.import_evaluators", missing)
    with pytest.raises(suite.UserError, match=r"cannot be scored: .* pip install jiwer; .* --no-verify"):
        export(run, out=tmp_path / "out", host=HOST)
    assert list(tmp_path.iterdir()) == []


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


# Less precision


def test_int8_is_smaller_calibrated_and_scored(run, exported, int8):
    assert int8.folder == run / "export-int8"
    assert int8.size < 0.9 * exported.size
    assert (int8.precision, int8.scored.tolerance) == ("int8", 1 / 50)
    assert int8.scored.keras_score == exported.scored.score
    before, *after = int8.table
    assert (before.precision, before.size, before.score) == ("float32", exported.size, exported.scored.score)
    (written,) = [row for row in after if row.chosen]
    assert (written.precision, written.size, written.score) == ("int8", int8.size, int8.scored.score)
    assert set(written.milliseconds) == {1, 16}
    report = json.loads((int8.folder / "export.json").read_text())
    assert (report["precision"], len(report["table"])) == ("int8", 4)


def test_int8_is_quantized_and_predicts_like_any_export(exported, int8):
    model = onnx.load(int8.folder / "network.onnx")
    assert any("Quantize" in node.op_type for node in model.graph.node)
    metadata = {entry.key: entry.value for entry in model.metadata_props}
    assert (metadata["precision"], metadata["task"]) == ("int8", "trend")
    with suite.load(int8.folder, host=HOST) as pipeline, suite.load(exported.folder, host=HOST) as original:
        rows = [np.array(row["numbers"]) for row in toy_plugin.rows(20, seed=5)]
        labels = [[each.predict(row).trend for row in rows] for each in (pipeline, original)]
    assert sum(a == b for a, b in zip(*labels, strict=True)) >= 18


def test_int8_that_falls_is_refused_and_leaves_no_folder(run, worse, monkeypatch, tmp_path):
    right = Rescoring.__call__

    def broken(self, folder, precision="float32", tolerance=None):
        return right(self, folder if precision == "float32" else worse, precision, tolerance)

    monkeypatch.setattr(Rescoring, "__call__", broken)
    with pytest.raises(
        suite.RunError, match=r"\(int8\) scores accuracy .* tried were static: falls by"
    ) as caught:
        export(run, precision="int8", out=tmp_path / "out", host=HOST)
    assert "dynamic, dense layers only: falls by" in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_float16_halves_the_file_and_the_command_shows_it(run, exported, capsys):
    assert main(["export", str(run), "--precision", "float16"], HOST) == 0
    printed = capsys.readouterr().out
    assert "ms, 16 examples  accuracy (95 % interval)" in printed
    assert "float16, half precision" in printed
    assert (run / "export-float16" / "network.onnx").stat().st_size < 0.6 * exported.size
    with suite.load(run / "export-float16", host=HOST) as pipeline:
        assert pipeline.predict(np.arange(8.0)).trend


def test_without_scores_the_fastest_is_written(run, tmp_path):
    done = export(run, precision="int8", verify=False, out=tmp_path / "out", host=HOST)
    assert [row.score for row in done.table] == [None] * 4
    assert sum(row.chosen for row in done.table) == 1


def test_what_gains_nothing_is_no_success(run, tmp_path, monkeypatch):
    monkeypatch.setattr("suite.runs.precision.SMALLER", 0.0001)
    with pytest.raises(suite.RunError, match="hardly smaller .* use the float32 export"):
        export(run, precision="int8", out=tmp_path / "out", host=HOST)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"precision": "int4"}, "there is no precision 'int4': did you mean 'int8'"),
        ({"precision": "int8", "format": "litert"}, "int8 is written as ONNX only, not as litert"),
    ],
)
def test_a_precision_that_there_is_not_is_refused(run, settings, message):
    with pytest.raises(suite.UserError, match=message):
        export(run, host=HOST, **settings)


def test_int8_needs_the_data(run, tmp_path):
    shutil.copytree(run / "model", tmp_path / "model")
    with pytest.raises(suite.UserError, match="int8 needs the run's training examples"):
        export(tmp_path / "model", precision="int8", host=HOST)


def test_the_fastest_method_is_tried_first_and_the_earlier_one_where_they_are_alike():
    def row(size, one, sixteen):
        return Measured(precision="int8", size=size, milliseconds={1: one, 16: sixteen})

    before = row(100, 4.0, 40.0)
    rows = {"static": row(30, 2.0, 20.0), "other": row(25, 1.96, 19.8), "dynamic": row(99, 0.1, 0.1)}
    assert _by_speed(before, rows) == ["static", "other"]
    assert _by_speed(before, {**rows, "other": row(25, 1.0, 20.0)}) == ["other", "static"]
