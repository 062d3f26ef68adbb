"""What a codec may have besides encoding and decoding, and what the host does with it."""

from __future__ import annotations

import json

import pytest

import cautious_plugin
import suite
import toy_plugin
from suite.cli.main import main
from suite.configuration import from_mapping
from suite.runs.chosen_examples import Request
from suite.runs.evaluate import evaluate
from suite.runs.train import train

pytest.importorskip("keras", reason="needs Keras")
pytestmark = pytest.mark.backend

RISING = "[-0.75, -0.5, -0.25, 0, 0.25, 0.5, 0.75, 1]"


@pytest.fixture(scope="module")
def host():
    return suite.Host(cautious_plugin, discover=False)


@pytest.fixture(scope="module")
def run(host, tmp_path_factory):
    data = toy_plugin.write(tmp_path_factory.mktemp("data") / "toy.jsonl")
    configuration = from_mapping({"task": cautious_plugin.TASK, "data": str(data)}, "the test")
    return train(host, configuration, folder=tmp_path_factory.mktemp("runs"))


@pytest.fixture
def predict(run, host, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.json").write_text(RISING)
    (tmp_path / "b.rows").write_text(f"{RISING}\n{RISING}\n")

    def call(*words):
        status = main(["predict", str(run.path), *words], host)
        printed = capsys.readouterr()
        return status, printed.out.splitlines(), printed.err.splitlines()

    return call


@pytest.mark.slow
def test_decode_is_given_the_context_that_encode_gave(run, host):
    pipeline = suite.load(run.path, host=host)
    rows = [[0.0] * 8, [2.0] * 8, [4.0] * 8]
    assert [prediction.mean for prediction in pipeline.predict(rows)] == [0.0, 2.0, 4.0]
    assert pipeline.predict(iter([rows[1]]))[0].mean == 2.0


@pytest.mark.slow
def test_what_the_codec_learns_on_validation_is_shipped(run, host):
    assert suite.load(run.path, host=host).codec.threshold == 0.5
    assert json.loads((run.model / "pipeline.json").read_text())["codec"]["threshold"] == 0.5


@pytest.mark.slow
def test_scores_are_made_by_the_codec_for_scoring_and_know_its_facts(run, host):
    for split in ("test", "validation"):
        assert run.metrics[split]["unsure"] == 0
        assert run.metrics[split]["known_threshold"] == 0.5
    again = evaluate(host, Request(run=run.path, split="test"))
    assert again.metrics["test"] == run.metrics["test"]


@pytest.mark.slow
def test_an_option_at_prediction(predict):
    assert json.loads(predict("a.json", "--json")[1][0])["prediction"]["trend"] == "rising"
    _, lines, _ = predict("a.json", "--json", "--set", "threshold=1")
    assert json.loads(lines[0])["prediction"]["trend"] == "unsure"


@pytest.mark.slow
def test_an_unknown_option_at_prediction_is_one_sentence(predict):
    status, _, errors = predict("a.json", "--set", "treshold=1")
    assert status == 2
    assert "treshold" in errors[0]
    assert "threshold" in errors[0]


@pytest.mark.slow
def test_an_option_at_prediction_can_be_scored(run, host, capsys, tmp_path):
    words = ["evaluate", str(run.path), "--json", "--set"]
    assert main([*words, "prediction.threshold=0.75", "--out", str(tmp_path / "a")], host) == 0
    assert json.loads(capsys.readouterr().out)["test"]["known_threshold"] == 0.75
    assert main([*words, "prediction.treshold=1", "--out", str(tmp_path / "b")], host) == 2
    assert "threshold" in capsys.readouterr().err


def test_options_at_prediction_are_shown(host, capsys):
    main(["show", cautious_plugin.TASK, "cautious"], host)
    shown = capsys.readouterr().out
    assert "--set OPTION=VALUE" in shown
    assert "an answer needs more probability" in shown
    main(["show", cautious_plugin.TASK], host)
    assert "table" in capsys.readouterr().out


@pytest.mark.slow
def test_a_stream_gives_its_inputs_one_by_one(predict):
    status, lines, errors = predict("a.json", "b.rows", "--json")
    assert [json.loads(line)["input"] for line in lines] == ["a.json", "b.rows#1", "b.rows#2"]
    assert (status, errors) == (0, [])


@pytest.mark.slow
def test_streams_in_a_folder_are_found(predict, tmp_path):
    _, lines, _ = predict(str(tmp_path), "--json")
    assert [json.loads(line)["input"].rpartition("/")[2] for line in lines] == [
        "a.json",
        "b.rows#1",
        "b.rows#2",
    ]


@pytest.mark.slow
def test_a_stream_that_breaks_off_gives_what_came_before_and_a_sentence(predict, tmp_path):
    (tmp_path / "b.rows").write_text(f"{RISING}\n{RISING}\n[1, 2")
    status, lines, errors = predict("b.rows", "a.json")
    assert [line.partition("\t")[0] for line in lines] == ["b.rows#1", "b.rows#2", "a.json"]
    assert errors == [
        "suite: b.rows: it breaks off after 2 rows",
        "suite: no prediction for 1 of 4 inputs",
    ]
    assert status == 1


@pytest.mark.slow
def test_a_stream_without_an_end_is_read_as_it_is_used(run, host):
    from itertools import islice

    from suite.prediction.inputs import Inputs

    pipeline = suite.load(run.path, host=host)
    inputs = Inputs(["endless"], pipeline.codec)
    assert inputs.total is None
    results = pipeline.predict_each(inputs, 4)
    assert [result.name for result in islice(results, 3)] == ["endless#1", "endless#2", "endless#3"]
    results.close()


def _long_row(path, pieces, missing=None):
    numbers = [(index % 8 - 3) / 4 for index in range(8 * pieces)]
    if missing is not None:
        numbers[missing] = None
    path.write_text(json.dumps(numbers))


@pytest.mark.slow
def test_what_is_too_long_is_predicted_in_chunks_and_gives_one_result(predict, tmp_path):
    _long_row(tmp_path / "long.json", 70)
    status, lines, errors = predict("a.json", "long.json", "a.json", "--json")
    assert (status, errors) == (0, [])
    results = [json.loads(line) for line in lines]
    assert [result["input"] for result in results] == ["a.json", "long.json", "a.json"]
    assert results[1]["prediction"] == {"trend": "rising", "mean": 0.125}


@pytest.mark.slow
def test_one_long_input_in_a_program(run, host, tmp_path):
    from suite.sources import FileSource

    _long_row(tmp_path / "long.json", 3)
    pipeline = suite.load(run.path, host=host)
    assert pipeline.predict(FileSource(tmp_path / "long.json")).mean == 0.125


@pytest.mark.slow
def test_a_chunk_that_cannot_be_read_leaves_the_whole_without_a_prediction(predict, tmp_path):
    _long_row(tmp_path / "long.json", 5, missing=20)
    status, lines, errors = predict("long.json", "a.json")
    assert [line.partition("\t")[0] for line in lines] == ["a.json"]
    assert errors[0] == "suite: long.json: number 20 is missing"
    assert status == 1


@pytest.mark.slow
def test_the_chunks_of_a_long_input_are_counted(run, host, tmp_path):
    from suite.sources import FileSource

    _long_row(tmp_path / "long.json", 3)
    calls = []
    pipeline = suite.load(run.path, host=host)
    list(
        pipeline.predict_each(
            [FileSource(tmp_path / "long.json")], 2, lambda name, done, total: calls.append((done, total))
        )
    )
    assert calls == [(1, 3), (2, 3), (3, 3)]


@pytest.mark.slow
def test_chunks_are_read_only_as_they_are_needed(run, host):

    read = []

    class Endless:
        total = 10**9

        def __iter__(self):
            for number in range(self.total):
                read.append(number)
                yield [float(index) for index in range(8)]

    pipeline = suite.load(run.path, host=host)

    class EndlessCodec(cautious_plugin.CautiousCodec):
        def chunks(self, raw):
            return Endless()

    codec = EndlessCodec(pipeline.codec.trends)
    done = []

    def on_chunk(name, count, total):
        done.append(count)
        if count == 10:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        list(pipeline.with_codec(codec).predict_each(["x"], 4, on_chunk))
    assert len(read) <= 10 + 4 * 4


@pytest.mark.slow
def test_what_is_live_is_predicted_as_it_comes(predict, monkeypatch):
    read_names = []

    class Live(cautious_plugin.Rows):
        live = True

        def __iter__(self):
            for row in super().__iter__():
                if len(read_names) == 3:
                    raise KeyboardInterrupt
                read_names.append(row.name)
                yield row

    monkeypatch.setattr(cautious_plugin, "Rows", Live)
    status, lines, _ = predict("endless")
    assert status == 130
    assert (
        [line.partition("\t")[0] for line in lines] == read_names == ["endless#1", "endless#2", "endless#3"]
    )


@pytest.mark.slow
def test_a_folder_gets_the_lines_and_the_first_format(predict, tmp_path):
    status, lines, errors = predict("a.json", "b.rows", "--out", "out")
    assert (status, lines) == (0, [])
    written = (tmp_path / "out" / "predictions.jsonl").read_text().splitlines()
    assert [json.loads(line)["input"] for line in written] == ["a.json", "b.rows#1", "b.rows#2"]
    table = (tmp_path / "out" / "table.txt").read_text().splitlines()
    assert table == ["falling or level or rising", "a.json rising", "b.rows#1 rising", "b.rows#2 rising"]
    assert set(errors) == {"suite: wrote out/predictions.jsonl", "suite: wrote out/table.txt"}


@pytest.mark.slow
def test_a_format_by_its_name(predict, tmp_path):
    assert predict("a.json", "--format", "table", "--out", "answers.txt")[0] == 0
    assert "a.json rising" in (tmp_path / "answers.txt").read_text()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["a.json", "--format", "tabel", "--out", "x"], "has no format 'tabel'"),
        (["a.json", "--format", "table"], "needs --out"),
    ],
)
def test_a_format_that_is_not_there_is_one_sentence(predict, words, message):
    status, _, errors = predict(*words)
    assert status == 2
    assert message in errors[0]


@pytest.mark.slow
def test_validation_is_scored_as_often_as_wanted(host, tmp_path):
    data = toy_plugin.write(tmp_path / "toy.jsonl")
    training = {"epochs": 5, "validation_every": 2}
    configuration = from_mapping(
        {"task": cautious_plugin.TASK, "data": str(data), "training": training}, "the test"
    )
    history = train(host, configuration, folder=tmp_path).history()
    assert [row["epoch"] for row in history if "validation_accuracy" in row] == [2, 4, 5]
