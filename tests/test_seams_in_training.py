"""Seams that take a training to see: the same weights as without checks, notes, and plugins alike."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest

import suite
import suite.runs.build
import suite.testing
import toy_plugin
from broken_codecs import Honest, Sorted
from broken_plugins import blamed, configuration, plugin
from suite.cli.main import main
from suite.data.dataset import Example
from suite.evaluation.types import Evaluation, Pairs
from suite.figures import Table
from suite.runs.chosen_examples import Request
from suite.runs.evaluate import evaluate
from suite.runs.export import export
from suite.runs.train import resume, train

keras = pytest.importorskip("keras", reason="needs Keras")
pytestmark = pytest.mark.slow

SHORT = {"training": {"epochs": 1}}


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data")
    return toy_plugin.write(folder / "toy.jsonl", train=24, validation=9, test=9)


def weights_of(run):
    model = keras.saving.load_model(run.path / "model" / "network.keras", compile=False)
    return [keras.ops.convert_to_numpy(weight) for weight in model.weights]


def test_checks_change_nothing_of_what_is_learned(data, tmp_path, monkeypatch):
    host = suite.Host(toy_plugin, discover=False)
    checked = train(host, configuration(data, **SHORT), out=tmp_path / "checked")
    monkeypatch.setattr(suite.runs.build, "check_pipeline", lambda *arguments: None)
    monkeypatch.setattr(suite.runs.build, "check_crossing", lambda *arguments: None)
    unchecked = train(host, configuration(data, **SHORT), out=tmp_path / "unchecked")
    for with_checks, without in zip(weights_of(checked), weights_of(unchecked), strict=True):
        np.testing.assert_array_equal(with_checks, without)
    assert checked.metrics == unchecked.metrics


# --- what a trained run keeps -------------------------------------------------------------------------------


def unlucky(*arguments):
    raise ZeroDivisionError("no luck")


def of_another_type(train, examples, facts):
    return ["rising"] * len(examples)


def evaluate_well(pairs, options):
    well = toy_plugin.evaluate(pairs, options)
    return Evaluation(score=well.score, figures=lambda: [Table(title="t", columns=["a"], rows=[["a", "b"]])])


@pytest.fixture(scope="module")
def survivor(data, tmp_path_factory):
    """A run for which everything beside the training itself has a defect."""
    mutant = plugin(
        task={
            "baseline": of_another_type,
            "reference_models": {"an unlucky one": unlucky, "another": of_another_type},
            "explain": unlucky,
        },
        evaluator={"evaluate": evaluate_well},
        pipeline=lambda pipeline: replace(pipeline, calibrate=unlucky),
    )
    out = tmp_path_factory.mktemp("runs") / "run"
    return train(suite.Host(mutant, discover=False), configuration(data, **SHORT), out=out)


TASK = "task 'trend' of plugin 'mutant'"
EVALUATOR = "evaluator 'hits' of plugin 'mutant'"
NOTES = {
    "baseline": f"not compared with the baseline: the baseline of {TASK} gives a str for a prediction",
    "reference model": f"not compared with an unlucky one, for a defect of a reference model of {TASK}",
    "its predictions": f"not compared with another: 'another', a reference model of {TASK}, gives a str for",
    "explain": f"the predictions are not explained, for a defect of {TASK}: ZeroDivisionError: no luck",
    "figures": f"the figures of {EVALUATOR} are missing, for a defect of {EVALUATOR}: TypeError: a row",
    "calibrate": "the codec is not calibrated, for a defect of model builder 'dense' of plugin 'mutant'",
}


@pytest.mark.parametrize("defect", NOTES)
def test_a_defect_beside_the_training_is_a_note(survivor, defect):
    assert 0 <= survivor.metrics["test"]["accuracy"] <= 1
    assert any(NOTES[defect] in note for note in survivor.metrics["notes"]), survivor.metrics["notes"]
    assert "Notes" in (survivor.path / "report.html").read_text("utf-8")


# --- blame while training -----------------------------------------------------------------------------------


def test_a_prediction_of_another_type_is_the_codecs_fault_and_not_the_evaluators(data, tmp_path):
    with pytest.raises(suite.PluginError) as caught:
        train(
            suite.Host(plugin(codec=Honest), discover=False),
            configuration(data, **SHORT),
            out=tmp_path / "run",
        )
    assert "the codec of model builder 'mutant:dense' gives a str for a prediction" in str(caught.value)


def test_a_metric_that_is_declared_and_not_given_is_the_evaluators_fault(data, tmp_path):
    mutant = plugin(evaluator={"evaluate": lambda pairs, options: {"f1": 0.5}})
    with pytest.raises(
        suite.PluginError, match="evaluator 'hits' of plugin 'mutant' declares the metric 'accu"
    ):
        train(suite.Host(mutant, discover=False), configuration(data, **SHORT), out=tmp_path / "run")


def test_an_evaluator_that_raises_is_named(data, tmp_path):
    mutant = plugin(evaluator={"evaluate": unlucky})
    with pytest.raises(ZeroDivisionError) as caught:
        train(suite.Host(mutant, discover=False), configuration(data, **SHORT), out=tmp_path / "run")
    assert "evaluator 'hits' of plugin 'mutant'" in blamed(caught.value)


def test_no_defect_is_called_a_bug_of_suite(data, tmp_path, capsys):
    mutant = plugin(evaluator={"evaluate": unlucky})
    words = ["train", "trend", str(data), "--epochs", "1", "--out", str(tmp_path / "run")]
    assert main(words, suite.Host(mutant, discover=False)) == 3
    printed = capsys.readouterr().err
    assert "a defect of that plugin" in printed
    assert "bug of suite" not in printed


# --- two plugins with one task ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def twins():
    """Both have the task `trend`, and all that belongs to it; the twin's evaluator gives another number."""
    twin = plugin(name="twin", evaluator={"evaluate": lambda pairs, options: {"accuracy": 0.125}})
    return suite.Host(toy_plugin, twin, discover=False)


def test_the_bare_name_is_refused_with_advice_that_works(twins, data):
    with pytest.raises(suite.UserError, match="say toy_plugin:trend or twin:trend"):
        train(twins, configuration(data))


@pytest.mark.parametrize("owner", ["toy_plugin", "twin"])
def test_a_task_of_two_plugins_is_told_apart_everywhere(twins, data, tmp_path, capsys, owner):
    stopped = replace(configuration(data, **SHORT), task=f"{owner}:trend")
    with pytest.raises(suite.RunError, match="stopped"):
        train(twins, stopped, out=tmp_path / "run", stop=lambda: True)
    run = resume(twins, tmp_path / "run")
    assert set(run.configuration.plugins) == {owner}
    is_twin = run.metrics["test"]["accuracy"] == 0.125
    assert is_twin == (owner == "twin")
    other = toy_plugin.write(tmp_path / "other.jsonl", train=9, validation=0, test=0)
    for request in (Request(run=run.path), Request(run=run.path, data=str(other))):
        metrics = evaluate(twins, request).metrics
        assert (metrics["test"]["accuracy"] == 0.125) == (owner == "twin")
    assert suite.load(run.path, host=twins).predict(np.arange(8.0)).trend in toy_plugin.SLOPES
    row = toy_plugin.write_input(tmp_path / "row.json", toy_plugin.rows(1, 0)[0])
    assert main(["predict", str(run.path), str(row)], twins) == 0
    assert re.search("falling|level|rising", capsys.readouterr().out)
    pytest.importorskip("onnxruntime", reason="needs ONNX")
    assert export(run.path, verify=False, host=twins).examples > 0


# --- suite.testing ------------------------------------------------------------------------------------------


def items(module=toy_plugin):
    return (
        module.suite_tasks()[0],
        module.suite_data_loaders()[0],
        module.suite_model_builders()[0],
        module.suite_evaluators()[0],
    )


def test_the_toy_plugin_passes_all_of_its_checks(data):
    task, loader, builder, evaluator = items()
    host = suite.testing.check_plugin(toy_plugin)
    assert [found.name for found in host.tasks()] == ["trend"]
    dataset = suite.testing.check_loader(loader, data, task=task)
    suite.testing.check_pipeline(builder, dataset, task=task)
    codec = toy_plugin.TrendCodec(["a", "b"])
    suite.testing.check_codec(
        codec, [range(8)], remake=toy_plugin.TrendCodec.from_json, outputs=np.array([0.25, 0.75]), task=task
    )
    maker = toy_plugin.NoisyBatches(codec, lambda trend: np.zeros(2), 0.1)
    suite.testing.check_batch_maker(maker, list(dataset.train[:5]))
    predictions = [toy_plugin.Trend(trend="a")] * 9 + [toy_plugin.Trend(trend="b")]
    suite.testing.check_evaluator(evaluator, Pairs(["a"] * 10, predictions, list("abcdefghij")))
    suite.testing.check_imports("toy_plugin")


def test_each_check_of_suite_testing_says_what_is_wrong(data):
    task, loader, builder, evaluator = items()
    with pytest.raises(suite.PluginError, match="plugin 'mutant' cannot be used: .*metric of its task"):
        suite.testing.check_plugin(plugin(task={"metric": ""}))
    with pytest.raises(suite.PluginError, match="the id 'a' to two examples"):
        suite.testing.check_dataset(suite.Dataset(train=[Example("a", 1), Example("a", 2)]))
    with pytest.raises(suite.PluginError, match="does not recognize"):
        suite.testing.check_loader(replace(loader, detect=lambda path: False), data)
    with pytest.raises(suite.PluginError, match="where nothing is"):
        suite.testing.check_loader(replace(loader, detect=lambda path: True), data)

    def refusing(path):
        if not path.exists():
            raise suite.UserError(f"{path} is not there")
        return toy_plugin.detect(path)

    suite.testing.check_loader(replace(loader, detect=refusing), data)
    turns = iter([1, -1])

    def shuffled(path, options):
        dataset = toy_plugin.load(path, options)
        return replace(dataset, train=dataset.train[:: next(turns)])

    with pytest.raises(suite.PluginError, match="sort what it lists"):
        suite.testing.check_loader(replace(loader, load=shuffled), data)
    with pytest.raises(suite.PluginError, match="is another one when made again"):
        suite.testing.check_codec(Sorted(["a", "b"]), [], remake=Sorted.from_json)
    with pytest.raises(suite.PluginError, match="keras when it is imported"):
        suite.testing.check_imports("keras")
    with pytest.raises(suite.PluginError, match="cannot be imported: ModuleNotFoundError"):
        suite.testing.check_imports("no_such_module_at_all")
    pairs = Pairs(["a", "b"], [toy_plugin.Trend(trend="a")] * 2, ["1", "2"])
    by_order = replace(evaluator, evaluate=lambda pairs, options: {"accuracy": float(pairs.ids[0])})
    with pytest.raises(suite.PluginError, match="for the same pairs in another order"):
        suite.testing.check_evaluator(by_order, pairs)
    silent = replace(evaluator, evaluate=lambda pairs, options: {"accuracy": float("nan")})
    with pytest.raises(suite.PluginError, match="declares 'accuracy' and does not give it"):
        suite.testing.check_evaluator(silent, pairs)
    dataset = toy_plugin.load(data, toy_plugin.LinesOptions())

    def unresolved(data, options):
        return replace(toy_plugin.build(data, options), options=options)

    with pytest.raises(suite.PluginError, match="'width' at \"auto\""):
        suite.testing.check_pipeline(replace(builder, build=unresolved), dataset, task=task)
