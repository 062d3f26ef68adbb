"""`suite predict` prints text that takes several forward passes while it is being written."""

from __future__ import annotations

import io
import json

import pytest

import counting_plugin
import suite
from suite.cli.growing_text import GrowingText
from suite.cli.main import main

HOST = suite.Host(counting_plugin, discover=False)


@pytest.fixture
def predict(tmp_path, monkeypatch, capsys):
    """Gives the status, what was printed by the time of each forward pass, and what on the error stream."""
    run = counting_plugin.save(tmp_path / "run" / "model").parent
    monkeypatch.chdir(tmp_path)

    def call(*words, until=10, interrupted_after=10**9):
        seen = [""]

        def network(inputs):
            seen.append(seen[-1] + capsys.readouterr().out)
            if len(seen) > interrupted_after + 1:
                raise KeyboardInterrupt
            return counting_plugin.network(inputs)

        pipeline = counting_plugin.pipeline(network, until)
        monkeypatch.setattr("suite.prediction.loading.load", lambda *_, **__: pipeline)
        status = main(["predict", str(run), *words], HOST)
        printed = capsys.readouterr()
        return status, [*seen[1:], seen[-1] + printed.out], printed.err

    return call


def test_the_text_of_one_input_is_printed_as_it_comes(predict):
    status, printed, errors = predict("1")
    assert printed == ["", "2 3 4", "2 3 4 5 6 7", "2 3 4 5 6 7 8 9 10\n"]
    assert (status, errors) == (0, "")


def test_an_interruption_ends_cleanly_with_what_was_written(predict):
    status, printed, errors = predict("1", interrupted_after=2)
    assert status == 130
    assert printed[-1] == "2 3 4 5 6 7\n"
    assert "Traceback" not in errors


def test_lines_of_several_inputs_are_printed_whole(predict):
    _, printed, _ = predict("1", "7")
    assert printed[-2] == ""
    assert printed[-1] == "1\t2 3 4 5 6 7 8 9 10\n7\t8 9 10\n"


def test_on_a_terminal_several_inputs_come_in_turn(predict, monkeypatch):
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    _, printed, _ = predict("1", "7")
    assert printed[1:] == [
        "1  2 3 4",
        "1  2 3 4 5 6 7",
        "1  2 3 4 5 6 7 8 9 10\n",
        "1  2 3 4 5 6 7 8 9 10\n7  8 9 10\n",
    ]


def test_a_batch_size_that_is_given_counts(predict, monkeypatch):
    assert len(predict("1", "7", "--batch-size", "1")[1]) == 1 + 3 + 1
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    assert predict("1", "7", "--batch-size", "2")[1][-2] == ""


def test_json_is_printed_whole(predict):
    _, printed, _ = predict("1", "--json")
    assert printed[-2] == ""
    assert json.loads(printed[-1])["prediction"] == {"text": "2 3 4 5 6 7 8 9 10"}


def test_to_a_file_it_is_written_whole(predict, tmp_path):
    assert predict("1", "--out", "text.txt")[1][-1] == ""
    assert (tmp_path / "text.txt").read_text() == "1\t2 3 4 5 6 7 8 9 10\n"


def test_an_error_in_the_middle_begins_a_line_of_its_own(predict):
    status, printed, errors = predict("7", until=99)
    assert printed[-1] == "8 9 10\n"
    assert errors.splitlines()[0] == "suite: 7: nobody counts on from 13"
    assert status == 1


@pytest.fixture
def file():
    return io.StringIO()


def test_half_a_character_waits_for_its_other_half(file):
    text = GrowingText(file)
    text.grow("na�")
    assert file.getvalue() == "na"
    text.grow("naïve")
    text.complete("naïve.")
    assert file.getvalue() == "naïve.\n"


def test_a_text_that_changes_after_all_is_printed_again(file):
    text = GrowingText(file)
    text.grow("one too")
    text.grow("one two")
    assert file.getvalue() == "one too"
    text.complete("one two three")
    assert file.getvalue() == "one too\none two three\n"


def test_a_character_that_never_came_whole_is_printed_in_the_end(file):
    text = GrowingText(file)
    text.grow("na�")
    text.complete("na�")
    assert file.getvalue() == "na�\n"
