"""`suite predict`: what it prints, where, and with which exit status."""

from __future__ import annotations

import json
import subprocess
import sys

import msgspec
import pytest

import weather
from suite.cli.main import main
from suite.cli.prediction_tables import cells

pytest.importorskip("keras", reason="needs Keras")


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return weather.save(tmp_path_factory.mktemp("runs") / "first")


@pytest.fixture
def files(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "a.temps").write_text("1 2 3 4")
    (folder / "b.temps").write_text("21 22 23 24")
    (folder / "c.temps").write_text("1 2 three 4")
    (folder / "d.temps").write_text("1 2 3 4")
    return folder


@pytest.fixture
def predict(run, capsys):
    def call(*words):
        status = main(["predict", str(run), *words], weather.host())
        printed = capsys.readouterr()
        return status, printed.out.splitlines(), printed.err.splitlines()

    return call


def test_a_line_for_each_input(predict, files):
    status, lines, errors = predict("in/b.temps", "in/a.temps")
    assert lines == ["in/b.temps\twarm  0.92", "in/a.temps\tcold  0.82"]
    assert (status, errors) == (0, [])


def test_an_input_that_cannot_be_read_goes_to_the_error_stream_and_the_others_go_on(predict, files):
    status, lines, errors = predict("in")
    assert [line.partition("\t")[0] for line in lines] == ["in/a.temps", "in/b.temps", "in/d.temps"]
    assert errors == [
        "suite: in/c.temps: it holds something that is not a number",
        "suite: no prediction for 1 of 4 inputs",
    ]
    assert status == 1


def test_json_lines_hold_the_prediction_or_the_error(predict, files):
    status, lines, errors = predict("in", "--json")
    entries = [json.loads(line) for line in lines]
    assert [entry["input"] for entry in entries] == [f"in/{name}.temps" for name in "abcd"]
    assert entries[1]["prediction"]["label"] == "warm"
    assert entries[2] == {"input": "in/c.temps", "error": "it holds something that is not a number"}
    assert (status, errors) == (1, [])


def test_to_a_file(predict, files, tmp_path):
    status, lines, _ = predict("in/a.temps", "--json", "--out", "answers.jsonl")
    assert (status, lines) == (0, [])
    assert json.loads((tmp_path / "answers.jsonl").read_text())["prediction"]["label"] == "cold"


def test_predictions_may_be_written_again(predict, files, tmp_path):
    for _ in range(2):
        assert predict("in/a.temps", "--json", "--out", "answers.jsonl")[0] == 0


def test_an_interruption_keeps_what_was_predicted(predict, files, tmp_path, monkeypatch):
    from suite.prediction.predictor import LoadedPipeline

    whole = LoadedPipeline.predict_each

    def interrupted(self, inputs, *others, **named):
        for number, result in enumerate(whole(self, inputs, *others, **named)):
            if number == 2:
                raise KeyboardInterrupt
            yield result

    monkeypatch.setattr(LoadedPipeline, "predict_each", interrupted)
    status, _, errors = predict("in/a.temps", "in/b.temps", "in/d.temps", "--out", "out")
    assert status == 130, errors
    assert errors[0] == "suite: interrupted; what was predicted by then is kept"
    assert len((tmp_path / "out" / "predictions.jsonl").read_text().splitlines()) == 2


@pytest.mark.slow
def test_the_ending_of_the_file_chooses_the_format(predict, files, tmp_path):
    def content(name: str) -> str:
        predict("in", "--out", name)
        predict("in", "--out", name)  # predictions are overwritten
        return (tmp_path / name).read_text()

    (files / "c.temps").unlink()
    assert content("p.csv").splitlines()[0] == "input,label,score"
    assert content("p.tsv").splitlines()[0] == "input\tlabel\tscore"
    assert len(content("p.csv").splitlines()) == 4
    assert [line["input"] for line in json.loads(content("p.json"))][:2] == ["in/a.temps", "in/b.temps"]
    assert content("p.jsonl").count("\n") == 3


def test_a_table_has_a_column_for_each_number_and_joins_words():
    class Scored(msgspec.Struct):
        label: list[str]
        scores: dict[str, float]
        boxes: list[list[int]]

    assert cells(Scored(["cat", "dog"], {"cat": 0.5, "dog": 1.0}, [[1, 2]])) == {
        "label": "cat|dog",
        "scores.cat": 0.5,
        "scores.dog": 1.0,
        "boxes": "[[1,2]]",
    }


def test_files_of_another_kind_in_a_folder_are_counted(predict, files):
    (files / "c.temps").unlink()
    (files / "notes.txt").write_text("")
    status, _, errors = predict("in")
    assert (status, errors) == (0, ["suite: 1 file of another kind was left out (.txt)"])


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["none.temps"], "there is no file or folder 'none.temps'"),
        (["in", "--out", "none/answers"], "--out none/answers: there is no folder 'none'"),
        (
            ["in", "--out", "in/x.temps"],
            (
                "--out in/x.temps: predictions are lines of text, and '.temps' is not: name a folder, or a"
                " file as in x.jsonl"
            ),
        ),
        (
            ["in", "--out", "in/notes.txt"],
            (
                "--out in/notes.txt is there already and holds no predictions, so it is not overwritten:"
                " give another name"
            ),
        ),
        (
            ["in", "--out", "x.xlsx"],
            (
                "--out x.xlsx: the ending chooses the format, and '.xlsx' is none: .jsonl, .json, .csv, .tsv"
                " or .txt; or name a folder"
            ),
        ),
        (["in", "--batch-size", "0"], "--batch-size 0 is not allowed: 1 to 65,536"),
    ],
)
def test_a_mistake_is_one_sentence_and_status_2(predict, files, words, message):
    (files / "notes.txt").write_text("mine")
    status, lines, errors = predict(*words)
    assert (status, lines, errors) == (2, [], [f"suite: {message}"])


def test_the_inputs_are_checked_before_the_network_is_loaded(predict, files, monkeypatch):
    monkeypatch.setattr("suite.prediction.loading.load", lambda *_, **__: pytest.fail("loaded"))
    assert predict("none.temps")[0] == 2


def test_on_a_terminal_the_predictions_are_aligned(predict, files, monkeypatch):
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    (files / "long-name.temps").write_text("1 2 3 4")
    assert predict("in/b.temps", "in/long-name.temps")[1] == [
        "in/b.temps          warm  0.92",
        "in/long-name.temps  cold  0.82",
    ]


def test_a_name_that_breaks_lines_is_printed_on_one(predict, files):
    (files / "e\nf.temps").write_text("1 2 3 4")
    assert predict("in/e\nf.temps")[1] == ["in/e\\nf.temps\tcold  0.82"]


@pytest.mark.slow
def test_a_reader_that_goes_away_ends_it_quietly(run, environment, tmp_path):
    for number in range(2000):
        (tmp_path / f"{number}.temps").write_text("1 2 3 4")
    program = f"""
import sys, numpy, weather, suite.cli.main, suite.prediction.predictor

network = lambda inputs: numpy.zeros((len(inputs), 2))
pipeline = suite.prediction.predictor.LoadedPipeline("weather", "weather:linear", weather.codec(), network)
suite.load = lambda *given, **named: pipeline
words = ["predict", {str(run)!r}, {str(tmp_path)!r}, "--json"]
sys.exit(suite.cli.main.main(words, weather.host()))
"""
    child = subprocess.Popen(
        [sys.executable, "-c", program],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(weather_folder()),
    )
    assert b"prediction" in child.stdout.readline()
    child.stdout.close()
    assert child.stderr.read() == b""
    assert child.wait() == 141
    child.stderr.close()


def weather_folder():
    from pathlib import Path

    return Path(weather.__file__).parent
