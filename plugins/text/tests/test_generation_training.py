"""From a file of text to more text, through the host, as a user has it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import suite
from killed_runs import check_same_state, left_after
from suite.configuration import from_mapping
from suite.runs.train import resume, train
from suite_text.generation.samples import sample
from suite_text.generation.types import Continuation, Dissected

keras = pytest.importorskip("keras", reason="needs Keras")
pytestmark = pytest.mark.slow

TASK = "text-generation"
TRAINING = {"epochs": 2, "batch_size": 16, "validation_every": 1, "checkpoint_seconds": 0.0}
MODEL = {"vocabulary": 300, "network": "tiny", "context": 96}


@pytest.fixture(scope="module")
def host():
    import suite_text

    return suite.Host(suite_text, discover=False)


@pytest.fixture(scope="module", autouse=True)
def small_networks():
    """Of one block, which is compiled sooner."""
    from suite_text.generation.models.generator import NETWORKS

    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(NETWORKS, "tiny", {**NETWORKS["tiny"], "depth": 1})
        yield


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    made = sample()
    for split in ("train", "validation", "test"):
        text = "".join(example.input.text for example in getattr(made, split))
        (folder / f"{split}.txt").write_text(text, encoding="utf-8")
    return folder


def configuration(data: Path, **more):
    tables = {"task": TASK, "data": str(data), "training": TRAINING, "model": MODEL}
    return from_mapping({**tables, "loader": {"passage_bytes": 512}, **more}, "the test")


@pytest.fixture(scope="module")
def runs(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("runs")


@pytest.fixture(scope="module")
def run(host, data, runs):
    killed = left_after(4, runs / "unbroken", runs / "killed")
    return train(host, configuration(data), out=runs / "unbroken", stop=killed)


def test_the_run_is_scored_in_bits_per_byte_beside_the_5_gram_model(run):
    assert 0 < run.metrics["test"]["bits_per_byte"] < 8
    assert 0 < run.metrics["reference_models"]["5-gram model"]["bits_per_byte"] < 2
    low, high = run.metrics["intervals"]["test"]["bits_per_byte"]
    assert low <= run.metrics["test"]["bits_per_byte"] <= high
    history = run.history()
    assert history[-1]["validation_loss"] < history[0]["validation_loss"]
    report = (run.path / "report.html").read_text(encoding="utf-8")
    for title in ("By position in the passage", "The most surprising passages", "What it writes"):
        assert title in report


def test_a_run_that_was_killed_is_resumed_to_the_unbroken_one(run, host, runs):
    resumed = resume(host, runs / "killed")
    check_same_state(run, resumed)


def test_the_bits_of_a_long_text_do_not_depend_on_what_is_predicted_with_it(run, host):
    pipeline = suite.load(run.path, host=host).for_scoring()
    text = "".join(example.input.text for example in sample().test)
    alone = pipeline.predict(Dissected(text))
    assert alone.tokens == len(pipeline.codec.vocabulary.encode(text))
    assert "".join(piece for piece, _ in alone.pieces).removeprefix(" ") == text
    assert sum(bits for _, bits in alone.pieces) == pytest.approx(alone.bits)
    together = pipeline.predict([Dissected("one"), Dissected(text), Dissected("")])
    assert [prediction.bits for prediction in together][1:] == pytest.approx([alone.bits, 0], abs=0.01)


def test_writing_is_the_same_in_one_go_and_in_pieces_and_for_one_seed(run, host):
    def write(prompt: str, **options) -> Continuation:
        return suite.load(run.path, host=host, options={"tokens": 24, **options}).predict(prompt)

    prompt = "After one cats come"
    greedy = write(prompt, temperature=0)
    assert greedy == write(prompt, top_k=1) == write(prompt, temperature=0, seed=5)
    so_far = list(suite.load(run.path, host=host, options={"tokens": 24, "temperature": 0}).stream(prompt))
    assert len(so_far) == 2
    assert so_far[-1] == greedy
    assert greedy.text.startswith(so_far[0].text)
    drawn = write(prompt, temperature=1.5, seed=1)
    assert drawn == write(prompt, temperature=1.5, seed=1)
    assert drawn != write(prompt, temperature=1.5, seed=2)
    assert len(drawn.written) <= 24


def test_no_prompt_crashes_it(run, host):
    pipeline = suite.load(run.path, host=host, options={"tokens": 8})
    found = pipeline.predict(["", " ", "☃ \U0001f600 é \x00", "After one " * 200])
    assert all(isinstance(prediction, Continuation) for prediction in found)


def test_lines_of_a_file_are_gone_on_with(run, host, tmp_path, capsys, monkeypatch):
    import suite.cli.predict
    from suite.cli.main import main

    monkeypatch.setattr(suite.cli.predict, "host_from", lambda arguments: host)
    (tmp_path / "lines.txt").write_text("After one\nAfter two dogs\n")
    options = ["--set", "tokens=5", "--json"]
    assert main(["predict", str(run.path), str(tmp_path / "lines.txt"), *options]) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [len(row["prediction"].get("written", [])) <= 5 for row in rows] == [True, True]
    assert main(["predict", str(run.path), "After one cats", "--set", "tokens=5"]) == 0
    assert capsys.readouterr().out


def test_the_exported_network_writes_as_keras_does_greedy_and_drawn(run, host):
    pytest.importorskip("tf2onnx", reason="needs keras-suite[export]")
    pytest.importorskip("onnxruntime", reason="needs keras-suite[export]")
    from suite.runs.export import export

    folder = export(run.path, verify=False, host=host).folder
    for options in ({"temperature": 0}, {"temperature": 0.7, "seed": 3}):
        given = {"options": {"tokens": 40, **options}, "host": host}
        exported, trained = suite.load(folder, **given), suite.load(run.path, **given)
        prompts = ["After one", "After three birds come four", "", "☃"]
        found = [[prediction.text for prediction in each.predict(prompts)] for each in (exported, trained)]
        assert found[0] == found[1]
