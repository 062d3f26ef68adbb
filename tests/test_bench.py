"""`suite bench`: what a model costs, measured in a process of its own. No test depends on times."""

from __future__ import annotations

import json

import msgspec
import numpy as np
import pytest

import suite
import weather
from suite.cli.main import main
from suite.prediction.recording import recorded
from suite.runs import benchmark
from suite.runs.bench import Benchmark, bench
from suite.runs.benchmark import _best, _spread, _times, best_batch_size, measure, peak_memory, throughput

pytest.importorskip("onnxruntime", reason="needs keras-suite[onnx]")
pytest.importorskip("onnx", reason="needs keras-suite[export]")

INPUTS = ["1 2 3 4", "20 21 22 23"]


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    return weather.save_exported(tmp_path_factory.mktemp("bench") / "export")


@pytest.fixture(scope="module")
def pipeline(exported):
    return suite.load(exported, host=weather.host())


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("inputs")
    for number, text in enumerate(INPUTS):
        (folder / f"{number}.temps").write_text(text)
    return folder


@pytest.mark.slow
def test_each_model_is_measured_in_a_process_of_its_own(exported, files, capsys):
    words = ["bench", str(exported), str(exported), "--data", str(files), "--seconds", "0.1", "--save"]
    assert main(words, weather.host()) == 0
    printed = capsys.readouterr().out
    for row in ("ONNX Runtime", "float32", "cold start", "p50, p95, p99", "one by one", "best batch size"):
        assert row in printed
    assert "predicted: 2 inputs of those given" in printed
    saved = msgspec.json.decode((exported / "bench.json").read_bytes(), type=Benchmark)
    assert saved.batch_size == saved.measured.batch_size >= 1
    assert saved.cold_start > 0
    assert saved.measured.predict.count >= 10
    assert saved.measured.peak_memory >= saved.measured.memory > 10e6
    assert main(["verify", str(exported)], weather.host()) == 0
    assert "bench.json" in capsys.readouterr().out
    with suite.load(exported, host=weather.host()) as loaded:
        assert loaded.predict(b"1 2 3 4").label == "cold"


@pytest.mark.slow
def test_json_is_for_programs_and_what_cannot_be_predicted_is_a_sentence(exported, tmp_path, capsys):
    (tmp_path / "broken.temps").write_text("warm")
    assert main(["bench", str(exported), "--data", str(tmp_path), "--seconds", "0.1"], weather.host()) == 2
    assert "broken.temps" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"seconds": 0}, "--seconds 0 is not allowed"),
        ({"runtime": "litert"}, "LiteRT does not run"),
        ({"data": ["nothing.txt"]}, "no file or folder 'nothing.txt'"),
    ],
)
def test_a_mistake_is_said_before_anything_is_measured(exported, settings, message):
    with pytest.raises(suite.UserError, match=message):
        bench([exported], weather.host(), **settings)


def test_a_pipeline_is_measured(pipeline):
    found = measure(pipeline, [text.encode() for text in INPUTS], seconds=0.02)
    assert found.predict.p50 <= found.predict.p95 <= found.predict.p99
    assert found.network.count >= 10
    assert next(iter(found.throughput)) == 1
    assert found.batch_size in found.throughput
    assert json.loads(msgspec.json.encode(found))["batch_size"] == found.batch_size
    with pytest.raises(suite.UserError, match="give inputs with --data"):
        measure(pipeline, [])


def test_an_input_that_cannot_be_read_ends_it(pipeline):
    with pytest.raises(suite.InputError):
        throughput(pipeline, [b"warm"], 0.01)


def test_batch_sizes_are_tried_as_long_as_they_gain(pipeline, monkeypatch):
    def tried(rates):
        monkeypatch.setattr(benchmark, "_per_second", lambda pipeline, inputs, size, seconds: rates[size])
        return throughput(pipeline, INPUTS, 100.0, max_batch_size=16)

    assert list(tried({1: 10, 2: 10, 4: 10, 8: 10})) == [1, 2, 4]
    assert best_batch_size(pipeline, INPUTS) == 1
    growing = tried({1: 10, 2: 20, 4: 21, 8: 40, 16: 41})
    assert list(growing) == [1, 2, 4, 8, 16]
    assert _best(growing) == 8


def test_numbers_of_times_and_of_a_busy_machine():
    times = _times([float(number) for number in range(1, 101)])
    assert (times.p50, times.p95, times.p99, times.count) == (51, 96, 100, 100)
    assert _spread([1.0] * 10) == 1
    assert _spread([1.0] * 8 + [2.0, 2.0]) == 2
    assert peak_memory() is None or peak_memory() > 10e6


def test_what_goes_through_a_network_is_recorded_until_it_is_enough(pipeline):
    raws = [text.encode() for text in INPUTS] * 5
    assert [len(batch) for batch in recorded(pipeline, raws, max_examples=6, batch_size=4)] == [4, 4]
    one, *_ = recorded(pipeline, [b"warm", b"1 2 3 4"], max_examples=6, batch_size=1)
    assert np.asarray(one).tolist() == [[1, 2, 3, 4]]
