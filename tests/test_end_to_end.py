"""The test plugin through every command, with no change to the host: from data to an exported model."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import suite
import toy_plugin
from distributions import write_distribution
from suite.cli.main import main

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A folder with the plugin installed, data, and a finished run; also the working directory."""
    folder = tmp_path_factory.mktemp("work")
    write_distribution(folder / "site", "suite-toy", "[suite.v1]\ntoy = toy_plugin\n")
    toy_plugin.write(folder / "rows.jsonl")
    toy_plugin.write(folder / "others.jsonl", train=0, validation=0, test=12)
    (folder / "inputs").mkdir()
    for index, row in enumerate(toy_plugin.rows(3, seed=7)):
        toy_plugin.write_input(folder / "inputs" / f"{index}.json", row)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(folder / "site"))
        patch.chdir(folder)
        assert main(["train", "trend", "rows.jsonl", "--out", "run", "--set", "model.width=24"]) == 0
        yield folder


def test_a_run_directory_is_complete(work: Path):
    assert {path.name for path in (work / "run").iterdir()} >= {
        "config.toml", "environment.json", "history.csv", "metrics.json", "predictions.jsonl", "report.html",
        "model", "checkpoints",
    }  # fmt: skip
    metrics = json.loads((work / "run" / "metrics.json").read_text())
    assert metrics["test"]["accuracy"] > metrics["baseline"]["accuracy"]


def test_a_complete_run_is_not_resumed(work, capsys):
    assert main(["resume", "run"]) == 2
    assert "is complete" in capsys.readouterr().err


def test_the_written_configuration_repeats_the_run(work):
    assert main(["train", "run/config.toml", "--out", "again"]) == 0
    assert (work / "again" / "predictions.jsonl").read_bytes() == (
        work / "run" / "predictions.jsonl"
    ).read_bytes()


def test_the_run_is_evaluated_on_its_own_and_on_other_data(work, capsys):
    assert main(["evaluate", "run"]) == 0
    assert main(["evaluate", "run", "others.jsonl"]) == 0
    assert "accuracy" in capsys.readouterr().out.lower()


def test_predictions_from_anywhere_are_evaluated(work, capsys):
    assert main(["evaluate", "run", "--predictions", "run/predictions.jsonl"]) == 0


def test_inputs_are_predicted_and_a_broken_one_is_an_entry_of_its_own(work, capsys):
    (work / "inputs" / "broken.json").write_text("no numbers")
    assert main(["predict", "run", "inputs", "--json"]) != 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["prediction"]["trend"] for line in lines if "prediction" in line] == list(toy_plugin.SLOPES)
    (broken,) = [line for line in lines if "error" in line]
    assert "not a row of numbers" in broken["error"]


def test_an_exported_model_predicts_the_same(work):
    assert main(["export", "run", "--out", "exported"]) == 0
    row = work / "inputs" / "0.json"
    exported, trained = suite.load("exported").predict(row), suite.load("run").predict(row)
    assert exported.trend == trained.trend == "falling"
    assert exported.probability == pytest.approx(trained.probability, abs=1e-5)


def test_data_of_the_task_is_inspected(work, capsys):
    assert main(["inspect", "trend", "rows.jsonl", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)
