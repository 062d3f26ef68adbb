"""The functions for programs: train, resume, evaluate, predict, export, inspect; stopped by other threads."""

from __future__ import annotations

import logging
import pickle
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

import suite
import toy_plugin
from suite.conversion.process import _in_a_process as in_a_process
from suite.stopping import Stopping, check_stop, stop_function, stoppable, stopped_alike

HOST = suite.Host(toy_plugin, discover=False)
ROW = toy_plugin.rows(3, seed=9)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return toy_plugin.write(tmp_path_factory.mktemp("data") / "rows.jsonl")


@pytest.fixture(scope="module")
def run(data, tmp_path_factory):
    out = tmp_path_factory.mktemp("functions") / "run"
    return suite.train(
        "trend",
        data,
        model={"width": 8},
        loader="lines",
        epochs=2,
        training={"batch_size": 20},
        out=out,
        host=HOST,
    )


class After(suite.Listener):
    """Sets an event when something happens."""

    def __init__(self, event, method, text=""):
        self.event, self.text = event, text
        setattr(self, method, self.happened)

    def happened(self, *arguments):
        if not self.text or self.text in str(arguments[0]):
            self.event.set()


@pytest.mark.slow
def test_a_training_takes_its_options_as_tables(run):
    assert isinstance(run, suite.Run)
    assert run.configuration.model["width"] == 8
    assert (run.configuration.training.epochs, run.configuration.training.batch_size) == (2, 20)
    assert 0 <= run.metrics["test"]["accuracy"] <= 1
    assert len(run.history()) == 2


def test_wrong_arguments_are_said_in_a_sentence(data):
    for arguments, message in (
        ({"model": "dens"}, "no model builder 'dens' for task 'trend': did you mean 'dense'"),
        ({"training": {"epoch": 1}}, r"\[training\] has no option 'epoch'"),
        ({"split": {"folds": 3}}, r"folds are several runs: suite\.cross_validate trains them"),
        ({"log": "tensorbord"}, "no listener 'tensorbord'"),
        ({"stop": 3}, "stop is a threading.Event, or a function that says whether to stop, not 3"),
    ):
        with pytest.raises(suite.UserError, match=message):
            suite.train("trend", data, host=HOST, **arguments)


@pytest.mark.slow
def test_a_run_is_evaluated_on_its_own_data_and_on_others(run, tmp_path):
    own = suite.evaluate(run, host=HOST, out=tmp_path / "own")
    assert own.scores["accuracy"] == run.metrics["test"]["accuracy"]
    other = suite.evaluate(
        run.path, suite.Dataset.of([ROW[0]["numbers"]], [ROW[0]["trend"]]), host=HOST, out=tmp_path / "other"
    )
    assert other.metrics["counts"] == {"test": 1}


@pytest.mark.slow
def test_it_predicts_one_input_and_several(run):
    rows = [row["numbers"] for row in ROW]
    several = suite.predict(run, iter(rows), host=HOST)
    assert [type(prediction) for prediction in several] == [toy_plugin.Trend] * 3
    (broken,) = suite.predict(run, [b"x"], host=HOST, on_error="return")
    assert isinstance(broken, suite.InputError)


def test_data_is_inspected(data):
    inspection = suite.inspect("trend", data, loader={"name": "lines"}, host=HOST)
    assert (inspection.wrong, inspection.numbers["examples"]) == (False, 180)
    memory = suite.inspect("trend", suite.Dataset.of([[1.0] * 8] * 2, ["level"] * 2), host=HOST)
    assert memory.numbers["examples"] == 2


@pytest.mark.slow
def test_data_in_memory_takes_the_same_way(tmp_path):
    rows = toy_plugin.rows(24, seed=0)
    dataset = suite.Dataset.of(
        [row["numbers"] for row in rows],
        [row["trend"] for row in rows],
        facts={"trends": list(toy_plugin.SLOPES)},
    )
    run = suite.train("trend", dataset, epochs=1, out=tmp_path / "run", host=HOST)
    own = suite.evaluate(run, dataset, host=HOST)
    assert own.split == "test"
    assert own.scores["accuracy"] == run.metrics["test"]["accuracy"]
    assert suite.resume(run, data=dataset, epochs=1, host=HOST).history()[-1]["epoch"] == 2
    exported = suite.export(run, data=dataset, host=HOST)
    assert exported.source == "the test split of the data in memory"


# Stopping


@pytest.mark.slow
def test_a_training_is_stopped_by_another_thread_and_resumed(data, tmp_path):
    stop, reached = threading.Event(), threading.Event()

    def stopper():
        reached.wait(60)
        stop.set()

    threading.Thread(target=stopper).start()
    with pytest.raises(suite.StoppedError, match="to go on: suite resume") as caught:
        suite.train(
            "trend",
            data,
            epochs=500,
            out=tmp_path / "run",
            host=HOST,
            listener=After(reached, "progress"),
            stop=stop,
        )
    assert caught.value.run == tmp_path / "run"
    assert pickle.loads(pickle.dumps(caught.value)).run == tmp_path / "run"
    with pytest.raises(suite.StoppedError, match="^stopped; to go on: suite resume"):
        suite.resume(tmp_path / "run", host=HOST, stop=lambda: True)


def test_a_training_is_stopped_before_there_is_a_run(data, tmp_path):
    with pytest.raises(suite.StoppedError, match="^the training was stopped before its end$") as caught:
        suite.train("trend", data, out=tmp_path / "run", host=HOST, stop=lambda: True)
    assert caught.value.run is None
    assert not (tmp_path / "run").exists()


@pytest.mark.slow
@pytest.mark.parametrize("text", ["reading the examples", "scoring the test split", "counting"])
def test_a_training_is_stopped_while_it_reads_and_scores(data, tmp_path, text):
    stop = threading.Event()
    with pytest.raises(suite.StoppedError, match="stopped; to go on: suite resume") as caught:
        suite.train(
            "trend",
            data,
            epochs=1,
            out=tmp_path / "run",
            host=HOST,
            listener=After(stop, "phase", text),
            stop=stop,
        )
    assert caught.value.run == tmp_path / "run"
    assert suite.resume(caught.value.run, host=HOST).metrics is not None


@pytest.mark.slow
def test_folds_are_stopped_and_resumed(data, tmp_path):
    stop = threading.Event()
    with pytest.raises(suite.StoppedError, match="stopped in fold 1 of 2") as caught:
        suite.cross_validate(
            "trend",
            data,
            2,
            epochs=1,
            out=tmp_path / "folds",
            host=HOST,
            stop=stop,
            listener=After(stop, "progress"),
        )
    folds = suite.resume(suite.Folds(caught.value.run), host=HOST)
    assert len(folds.runs) == 2
    assert folds.metrics["mean"]["test"]["accuracy"] <= 1


@pytest.mark.slow
@pytest.mark.parametrize("text", ["looking at the data", "predicting", "scoring"])
def test_an_evaluation_is_stopped(run, tmp_path, text):
    stop = threading.Event()
    with pytest.raises(suite.StoppedError, match="^the evaluation was stopped before its end$"):
        suite.evaluate(run, host=HOST, out=tmp_path / "out", listener=After(stop, "phase", text), stop=stop)
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_a_prediction_of_many_inputs_is_stopped(run):
    taken = []

    def rows():
        while len(taken) < 10_000:
            taken.append(1)
            yield ROW[0]["numbers"]

    with pytest.raises(suite.StoppedError, match="the prediction was stopped"):
        suite.predict(run, rows(), host=HOST, batch_size=8, stop=lambda: len(taken) > 50)
    assert len(taken) < 200


def test_an_inspection_is_stopped(data):
    with pytest.raises(suite.StoppedError, match="the inspection was stopped"):
        suite.inspect("trend", data, host=HOST, stop=lambda: True)


@pytest.mark.slow
def test_an_export_is_stopped_and_its_process_ended(run, tmp_path, monkeypatch):
    began, stop = time.monotonic(), threading.Event()
    monkeypatch.setattr("suite.conversion.process._CHILD", "import time; time.sleep(60)")
    monkeypatch.setattr("suite.conversion.process._in_a_process", in_a_process)
    threading.Timer(0.5, stop.set).start()
    with pytest.raises(suite.StoppedError, match="the export was stopped"):
        suite.export(run, out=tmp_path / "out", host=HOST, stop=stop)
    assert time.monotonic() - began < 30
    assert not (tmp_path / "out").exists()


def test_nobody_takes_a_stop_for_a_failure():
    def plugin():
        try:
            check_stop()
        except Exception:
            pytest.fail("a plugin could go on")

    with pytest.raises(suite.StoppedError), stoppable(lambda: True, "it"):
        plugin()
    check_stop()


def test_who_is_around_is_asked_too_and_threads_ask_alike():
    outer = threading.Event()
    with stoppable(outer, "all"):
        with stoppable(None, "a part"), stoppable(threading.Event(), "a part"):
            check_stop()
            ask = stopped_alike(lambda _: check_stop())
        outer.set()
        with pytest.raises(Stopping):
            ask(0)
        outer.clear()
    assert stop_function(None)() is False


# Listeners, logging, types


@pytest.mark.slow
def test_what_the_listener_of_a_program_raises_passes_and_is_its_own(data, tmp_path):
    class Broken(suite.Listener):
        def progress(self, progress):
            raise KeyError("mine")

    with pytest.raises(KeyError) as caught:
        suite.train("trend", data, epochs=1, out=tmp_path / "run", host=HOST, listener=Broken())
    assert caught.value.__notes__ == ["in the listener of the program"]


@pytest.mark.slow
def test_events_are_logged(data, tmp_path, caplog):
    stop = threading.Event()
    caplog.set_level(logging.DEBUG, logger="suite")
    with pytest.raises(suite.StoppedError):
        suite.train(
            "trend", data, out=tmp_path / "run", host=HOST, listener=After(stop, "progress"), stop=stop
        )
    messages = [record.getMessage() for record in caplog.records if record.name == "suite.training"]
    assert "looking at the data" in messages
    assert f"training begins in {tmp_path / 'run'}" in messages
    assert messages[-1].startswith("the training ends before its end: stopped after step")


PROGRAM = """
import threading
from pathlib import Path
import suite

stop = threading.Event()

class Mine(suite.Listener):
    def progress(self, progress: suite.Progress) -> None:
        if progress.epoch > 3:
            stop.set()

    def started(self, facts: suite.RunFacts) -> None:
        path: Path = facts.path

def main() -> None:
    try:
        run = suite.train("trend", "rows.jsonl", model={"width": 8}, epochs=4, listener=Mine(), stop=stop)
    except suite.StoppedError as stopped:
        assert stopped.run is not None
        run = suite.resume(stopped.run, stop=lambda: False)
    reveal_type(run)
    reveal_type(suite.evaluate(run).scores)
    reveal_type(suite.predict(run, ["a.json"]))
    reveal_type(suite.export(run).folder)
    reveal_type(suite.inspect("trend", Path("rows.jsonl")).wrong)
    reveal_type(suite.resume(suite.cross_validate("trend", "rows.jsonl", 5)))
    suite.train("trend", "rows.jsonl", epoch=4)
"""


@pytest.mark.slow
def test_programs_get_precise_types(tmp_path):
    (tmp_path / "program.py").write_text(PROGRAM)
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "mypy",
            "--strict",
            "--no-incremental",
            "--follow-imports=silent",
            "program.py",
        ],
        cwd=tmp_path,
        env={
            "PYTHONPATH": str(Path(__file__).parent.parent),
            "PATH": "/usr/bin:/bin",
            "MYPYPATH": str(Path(__file__).parent.parent),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    revealed = [line.partition("Revealed type is ")[2].strip('"') for line in done.stdout.splitlines()]
    assert [name for name in revealed if name] == [
        "suite.runs.run.Run",
        "typing.Mapping[str, float]",
        "list[Any]",
        "pathlib.Path",
        "bool",
        "suite.runs.folds.Folds",
    ]
    errors = [line for line in done.stdout.splitlines() if ": error: " in line]
    assert len(errors) == 1
    assert 'Unexpected keyword argument "epoch" for "train"' in errors[0]
