"""TensorBoard's files and MLflow's runs, read back; a resumed run goes on in them."""

from __future__ import annotations

import json
import os
import struct
import subprocess
import sys

import pytest

import suite
import suite.testing
import suite_tracking
import toy_plugin
from suite_tracking.numbers import final_scores, of_epoch, parameters

tensorboardx = pytest.importorskip("tensorboardX")
tracking = pytest.importorskip("mlflow.tracking")

HOST = suite.Host(toy_plugin, suite_tracking, discover=False)


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        # As tables of files: making MLflow's tables of SQLite takes many times as long as all the rest here.
        patch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
        yield tracking.MlflowClient(tracking_uri=tmp_path_factory.mktemp("mlflow").as_uri())


@pytest.fixture(scope="module")
def runs(client, tmp_path_factory):
    """A run that was stopped after its second epoch, as both showed it then and show it in the end."""
    folder = tmp_path_factory.mktemp("runs")
    data = toy_plugin.write(folder / "rows.jsonl")
    done = []

    class Epochs(suite.Listener):
        def epoch(self, row, is_best):
            done.append(row)

    log = {"tensorboard": {"every": 2}, "mlflow": {"uri": client.tracking_uri, "experiment": "trends"}}
    with pytest.raises(suite.StoppedError) as stopped:
        suite.train(
            "trend",
            data,
            epochs=4,
            training={"batch_size": 20},
            out=folder / "first",
            host=HOST,
            log=log,
            listener=Epochs(),
            stop=lambda: len(done) == 2,
        )
    kept = json.loads((folder / "first" / "logs.json").read_text())
    (identifier,) = (log_id for name, log_id in kept.items() if name.endswith(":mlflow"))
    before = client.get_run(identifier)
    return suite.resume(stopped.value.run, host=HOST), before


def events(folder):
    """The events of all files of a folder, in their order."""
    from tensorboardX.proto.event_pb2 import Event

    for file in sorted(folder.glob("events.out.tfevents.*")):
        content = file.read_bytes()
        while content:
            (length,) = struct.unpack("<Q", content[:8])
            event = Event()
            event.ParseFromString(content[12 : 12 + length])
            yield event
            content = content[16 + length :]


def scalars(folder):
    return [
        (value.tag, event.step, value.simple_value)
        for event in events(folder)
        for value in event.summary.value
        if value.HasField("simple_value")
    ]


@pytest.mark.slow
def test_tensorboard_has_losses_scores_and_hyperparameters(runs):
    run, _ = runs
    written = scalars(run.path / "tensorboard")
    steps = [step for tag, step, _ in written if tag == "step/loss"]
    assert steps == [1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23]
    epochs = {step: value for tag, step, value in written if tag == "epoch/validation_accuracy"}
    history = {int(row["step"]): row["validation_accuracy"] for row in run.history()}
    assert epochs == pytest.approx(history)
    finals = {tag: value for tag, _, value in written if tag.startswith("test/")}
    assert finals["test/accuracy"] == pytest.approx(run.metrics["test"]["accuracy"])
    tags = [value.tag for event in events(run.path / "tensorboard") for value in event.summary.value]
    assert "_hparams_/session_start_info" in tags
    assert any("configuration" in tag for tag in tags)


@pytest.mark.slow
def test_what_a_killed_training_wrote_after_its_checkpoint_is_purged(runs):
    run, _ = runs
    starts = [event.step for event in events(run.path / "tensorboard") if event.HasField("session_log")]
    assert starts == [13]


@pytest.mark.slow
def test_mlflow_has_one_run_with_parameters_scores_and_the_report(runs, client):
    run, before = runs
    (shown,) = client.search_runs([before.info.experiment_id])
    assert (before.info.status, shown.info.status) == ("KILLED", "FINISHED")
    assert shown.info.run_id == before.info.run_id
    assert shown.info.run_name == "first"
    assert shown.data.params["training.epochs"] == "4"
    assert shown.data.params["model.name"] == "dense"
    assert shown.data.metrics["test/accuracy"] == pytest.approx(run.metrics["test"]["accuracy"])
    history = client.get_metric_history(shown.info.run_id, "epoch/validation_accuracy")
    assert [point.step for point in history] == [int(row["step"]) for row in run.history()]
    assert {file.path for file in client.list_artifacts(shown.info.run_id)} == {
        "config.toml",
        "metrics.json",
        "report.html",
    }
    assert client.get_experiment(shown.info.experiment_id).name == "trends"


CHECKS = suite.testing.checks(suite.Host(suite_tracking, discover=False))


@pytest.mark.parametrize("check", [check for check in CHECKS if check.contribution != "mlflow"], ids=str)
def test_check(check):
    check()


def test_names_and_numbers_are_flat():
    facts = suite.RunFacts(
        path=None,
        task="trend",
        configuration={"task": "trend", "model": {"name": "dense", "sizes": [1, 2]}, "log": {"mlflow": {}}},
        device="a processor",
        counts={"train": 3},
        epochs=1,
        weights=10,
        step=0,
        data={},
        metric="accuracy",
        higher_is_better=True,
    )
    assert parameters(facts) == {
        "task": "trend",
        "model.name": "dense",
        "model.sizes": "[1, 2]",
        "examples.train": 3,
        "weights": 10,
        "device": "a processor",
    }
    assert of_epoch({"epoch": 1, "step": 3, "loss": 0.5, "validation_f1": 0.25}) == {
        "epoch/loss": 0.5,
        "epoch/validation_f1": 0.25,
    }
    metrics = {"test": {"f1": 1.0, "odd": float("nan")}, "baseline": {"f1": 0.5}, "counts": {"test": 3}}
    assert final_scores(metrics) == {"test/f1": 1.0, "baseline/f1": 0.5}


def test_declaring_imports_no_tracker():
    code = "import sys, suite_tracking; print({'mlflow', 'tensorboardX'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


def test_a_package_that_is_missing_is_said_in_a_sentence(monkeypatch, tmp_path):
    from suite_tracking.options import MlflowOptions, TensorboardOptions

    facts = suite.RunFacts(
        path=tmp_path,
        task="trend",
        configuration={},
        device="",
        counts={},
        epochs=1,
        weights=1,
        step=0,
        data={},
        metric="accuracy",
        higher_is_better=True,
    )
    for name, options, package in (
        ("tensorboard", TensorboardOptions(), "tensorboardX"),
        ("mlflow", MlflowOptions(), "mlflow"),
    ):
        monkeypatch.setattr("suite.kit.packages.find_spec", lambda name: None)
        for module in [module for module in sys.modules if module.partition(".")[0] == package]:
            monkeypatch.delitem(sys.modules, module)
        monkeypatch.setattr(sys, "meta_path", [Refusing(package), *sys.meta_path])
        with pytest.raises(suite.UserError, match=rf"pip install 'suite-tracking\[{name}\]'"):
            HOST.listener(name).item.open(facts, options)


class Refusing:
    def __init__(self, package):
        self.package = package

    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == self.package:
            raise ModuleNotFoundError(f"No module named '{name}'", name=name)


SILENT = """
import sys
from pathlib import Path
import suite, suite_tracking, toy_plugin
host = suite.Host(toy_plugin, suite_tracking, discover=False)
data = toy_plugin.write(Path("rows.jsonl"), train=40)
log = {"tensorboard": {}, "mlflow": {"uri": Path("mlflow").absolute().as_uri()}}
run = suite.train("trend", data, epochs=1, host=host, log=log)
assert not [note for note in run.metrics["notes"] if "switched off" in note], run.metrics["notes"]
import mlflow.telemetry.client
assert mlflow.telemetry.client.get_telemetry_client() is None
"""


@pytest.mark.slow
def test_they_print_nothing_and_report_to_nobody(tmp_path):
    names = ("PYTEST_CURRENT_TEST", "CI", "GITHUB_ACTIONS", "MLFLOW_DISABLE_TELEMETRY")
    environment = {name: value for name, value in os.environ.items() if name not in names}
    environment["MLFLOW_ALLOW_FILE_STORE"] = "true"
    environment["PYTHONPATH"] = os.pathsep.join(path for path in sys.path if path)
    done = subprocess.run(
        [sys.executable, "-c", SILENT],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert list(tmp_path.glob("mlflow/*/*/artifacts/report.html"))
