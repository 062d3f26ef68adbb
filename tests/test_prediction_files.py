"""`predictions.jsonl`: what is written is read back, and what is wrong is named by its line."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from suite import Task, UserError
from suite.data.dataset import Example
from suite.evaluation.prediction_files import (
    PredictionLine,
    of_split,
    paired,
    read_predictions,
    write_predictions,
)
from suite.evaluation.types import Pairs


class Guess(msgspec.Struct, frozen=True, kw_only=True):
    label: str | list[str]
    scores: dict[str, float] = {}


def task_of(prediction: Any) -> Task:
    return Task(
        name="t", summary="", sample=list, metric="m", builder="b", evaluators=(), prediction_type=prediction
    )


GUESSES = task_of(Guess)


def read(tmp_path, text, task=GUESSES):
    path = tmp_path / "predictions.jsonl"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_predictions(path, task)


finite = st.floats(0, 1)
guesses = st.builds(
    Guess, label=st.text() | st.lists(st.text()), scores=st.dictionaries(st.text(), finite, max_size=3)
)


@pytest.mark.slow
@given(st.dictionaries(st.text(), guesses, min_size=1, max_size=5))
def test_what_is_written_is_read_back(tmp_path_factory, by_id):
    path = tmp_path_factory.mktemp("predictions") / "predictions.jsonl"
    write_predictions(path, Pairs(["t"] * len(by_id), list(by_id.values()), list(by_id)))
    assert read_predictions(path, GUESSES) == [PredictionLine(name, one, "t") for name, one in by_id.items()]


def test_a_bare_value_is_the_one_field_that_a_prediction_needs(tmp_path):
    lines = read(tmp_path, '{"id": "a", "prediction": "cat"}\n{"id": "b", "prediction": ["x", "y"]}')
    assert [line.prediction for line in lines] == [Guess(label="cat"), Guess(label=["x", "y"])]


def test_a_task_without_a_prediction_type_takes_any_json(tmp_path):
    assert read(tmp_path, '{"id": "a", "prediction": [1, 2]}', task_of(None))[0].prediction == [1, 2]


def test_blank_lines_a_byte_order_mark_and_further_keys_are_passed_over(tmp_path):
    text = '\ufeff\n{"id": "a", "prediction": "cat", "model": "mine"}\r\n\n'
    assert read(tmp_path, text) == [PredictionLine("a", Guess(label="cat"))]


def test_a_line_separator_inside_a_string_does_not_end_the_line(tmp_path):
    assert read(tmp_path, '{"id": "a\u2028b", "prediction": "c"}')[0].id == "a\u2028b"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('{"id": "a"', "line 2: this is not JSON"),
        ("[1]", "line 2: expected an object"),
        ('{"prediction": "cat"}', "line 2: the key 'id' is missing"),
        ('{"id": "a"}', "line 2: the key 'prediction' is missing"),
        ('{"id": 7, "prediction": "cat"}', "line 2: the id 7 is not text"),
        ('{"id": "a", "prediction": 3}', "line 2: expected 'str . array', got 'int'.*'prediction.label'"),
        ('{"id": "a", "prediction": {"scores": {}}}', "line 2: object missing required field 'label'"),
        ('{"id": "a", "prediction": {"label": "c", "scores": {"c": "1"}}}', "expected 'float', got 'str'"),
        ('{"id": "first", "prediction": "cat"}', "line 2: the id 'first' is there twice, first in line 1"),
        ('{"id": "a", "prediction": {"label": "c", "scores": {"c": NaN}}}', "line 2: this is not JSON"),
    ],
)
def test_what_is_wrong_is_named_by_its_line(tmp_path, line, message):
    with pytest.raises(UserError, match=message):
        read(tmp_path, '{"id": "first", "prediction": "cat"}\n' + line)


@pytest.mark.parametrize(("content", "message"), [("", "no prediction"), (b"\xff\xfe", "not UTF-8")])
def test_a_file_that_holds_no_predictions_is_named(tmp_path, content, message):
    with pytest.raises(UserError, match=message):
        read(tmp_path, content)


def test_a_missing_file_and_a_folder_are_named(tmp_path):
    for path in (tmp_path / "none.jsonl", tmp_path):
        with pytest.raises(UserError, match=str(path)):
            read_predictions(path, GUESSES)


LINES = [PredictionLine("a", 1, "A"), PredictionLine("b", 2, "B")]


def test_predictions_meet_the_targets_of_the_data_by_id():
    pairs = paired(LINES, [Example("b", None, "yes"), Example("a", None, "no")], {"k": 1}, "file")
    assert (pairs.ids, pairs.targets, pairs.predictions) == (["b", "a"], ["yes", "no"], [2, 1])
    assert pairs.facts == {"k": 1}


def test_what_predict_wrote_as_json_meets_the_data_by_the_end_of_its_paths(tmp_path):
    path = tmp_path / "p.jsonl"
    path.write_text(
        '{"input": "/data/in/a.csv:1", "prediction": 1}\n{"input": "b.csv:1", "prediction": 2}\n'
        '{"id": "x", "input": "c", "prediction": 3}\n'
    )
    lines = read_predictions(path, task_of(None))
    assert [line.id for line in lines] == ["/data/in/a.csv:1", "b.csv:1", "x"]
    examples = [Example(name, None, "yes") for name in ("x", "b.csv:1", "in/a.csv:1")]
    assert paired(lines, examples, {}, "file").predictions == [3, 2, 1]
    twins = [PredictionLine("p/a", 1), PredictionLine("q/a", 2)]
    with pytest.raises(UserError, match="ids are not in the data"):
        paired(twins, [Example("a", None, "yes")], {}, "file")
    path.write_text('{"input": "a", "error": "is damaged"}')
    with pytest.raises(UserError, match="there is no prediction for it: is damaged"):
        read_predictions(path, task_of(None))


def test_predictions_of_other_splits_of_the_data_are_passed_over():
    examples, others = [Example("in/a", None, "A")], [[Example("b", None, "B")], [Example("in/c", None, "C")]]
    lines = [PredictionLine(name, name) for name in ("b", "/data/in/a", "/data/in/c", "x")]
    kept, left = of_split(lines, examples, others)
    assert ([line.id for line in kept], left) == (["/data/in/a", "x"], 2)
    assert of_split(lines[1:2], examples, others) == (lines[1:2], 0)


def test_without_data_the_targets_of_the_file_count():
    assert paired(LINES, None, {}, "file").targets == ["A", "B"]


@pytest.mark.parametrize(
    ("lines", "examples", "message"),
    [
        ([PredictionLine("a", 1)], None, "1 of 1 examples .'a' is the first. has no target: add the key"),
        (LINES, [Example("a", None, "A")], "1 of 2 ids are not in the data, 'b' is the first"),
        (
            LINES[:1],
            [Example("a", None, "A"), Example("b", None, "B")],
            "'b' is the first. has no prediction",
        ),
        (LINES[:1], [Example("a", None)], "has no target in the data"),
    ],
)
def test_what_does_not_fit_together_is_named(lines, examples, message):
    with pytest.raises(UserError, match=message):
        paired(lines, examples, {}, "file")


def test_an_interrupted_write_leaves_nothing(tmp_path):
    with pytest.raises(TypeError):
        write_predictions(tmp_path / "p.jsonl", Pairs(["t"], [object()], ["a"]))
    assert not list(tmp_path.iterdir())


def test_lines_are_plain_json(tmp_path):
    write_predictions(tmp_path / "p.jsonl", Pairs(["t"], [Guess(label="ü", scores={"ü": 0.5})], ["a"]))
    assert json.loads((tmp_path / "p.jsonl").read_text("utf-8")) == {
        "id": "a", "target": "t", "prediction": {"label": "ü", "scores": {"ü": 0.5}},
    }  # fmt: skip
