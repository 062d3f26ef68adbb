"""JSON and TOML that nobody wrote by hand: each is one sentence, and so is each absurd number."""

from __future__ import annotations

import sys

import pytest

import suite
import toy_plugin
from suite.configuration import from_mapping, read_toml
from suite.documents import NotJsonError, decode_json, expanded, parse_json, parse_toml
from suite.evaluation.prediction_files import read_predictions
from suite.kit.json_tables import json_rows
from suite.options import parse_value
from suite.pipeline.manifest import read_manifest
from suite.runs.run import read_json

DEEP = 100_000
JSON = {
    "brackets": ("[" * DEEP, "nested too deeply"),
    "closed brackets": ("[" * DEEP + "]" * DEEP, "nested too deeply"),
    "braces": ('{"a":' * DEEP, "nested too deeply"),
    "digits": ('{"a": ' + "1" * 5000 + "}", "digits|out of range"),
    "a number without end": ('{"a": 1e999}', "too large|out of range"),
    "nothing": ("", "Expecting value|truncated"),
    "not UTF-8": (b'{"a": "\xff"}', "UTF-8|invalid"),
    "no number": ('{"a": NaN}', "NaN is no number|invalid character"),
}


def told(error):
    assert "\n" not in str(error.value)
    assert len(str(error.value)) < 500


@pytest.mark.parametrize(("text", "message"), JSON.values(), ids=JSON.keys())
def test_every_reader_of_json_says_it_in_one_sentence(tmp_path, text, message):
    content = text if isinstance(text, bytes) else text.encode()
    file = tmp_path / "pipeline.json"
    file.write_bytes(content)
    with pytest.raises(NotJsonError, match=f"(?i){message}") as caught:
        decode_json(content)
    told(caught)
    readers = [
        lambda: parse_json(content, "it"),
        lambda: read_manifest(tmp_path),
        lambda: read_predictions(file, toy_plugin.suite_tasks()[0]),
    ]
    for read in readers:
        with pytest.raises(suite.UserError) as caught:
            read()
        told(caught)


def test_tables_pass_over_lines_that_are_nested_too_deeply():
    rows = [row for _, row in json_rows('{"a": 1}\n' + "[" * DEEP, "it.jsonl")]
    assert rows == [{"a": 1}, "that cannot be read as JSON"]
    with pytest.raises(suite.UserError, match="it.json is not JSON: it is nested too deeply"):
        list(json_rows("[" * DEEP, "it.json"))


def test_what_decides_something_has_each_key_once_and_a_depth_that_can_be_gone_through(tmp_path):
    with pytest.raises(suite.UserError, match="it is not JSON that can be read: the key 'a' is there twice"):
        parse_json('{"b": {"a": 1, "a": 2}}', "it")
    with pytest.raises(suite.UserError, match="nested too deeply"):
        parse_json("[" * 300 + "]" * 300, "it")
    with pytest.raises(suite.UserError, match="half of a character"):
        parse_json('{"a": ["\\ud83d"]}', "it")
    assert parse_json('["\\ud83d\\ude00"]', "it") == ["😀"]
    (tmp_path / "metrics.json").write_text('{"loss": NaN}')
    assert str(read_json(tmp_path / "metrics.json")) == "{'loss': nan}"


@pytest.mark.parametrize(
    "value", ["[" * DEEP, "[" * DEEP + "]" * DEEP, "1" * 5000, "{a" + ".a" * 500 + " = 1}"]
)
def test_toml(tmp_path, value):
    file = tmp_path / "c.toml"
    file.write_text(f"a = {value}")
    for read in (
        lambda: read_toml(file),
        lambda: parse_toml(f"a = {value}", "it"),
        lambda: parse_value(value),
    ):
        with pytest.raises(suite.UserError, match="nested too deeply|too many digits") as caught:
            read()
        told(caught)


def test_a_value_on_the_command_line_cannot_hold_another_one():
    assert parse_value("1\nb = 2") == "1\nb = 2"
    assert parse_value("[1, 2]") == [1, 2]


@pytest.mark.parametrize(
    ("table", "values", "message"),
    [
        ("training", {"batch_size": 10**9}, "batch_size = 1000000000 is not allowed"),
        ("training", {"epochs": 10**30}, "epochs = 1"),
        ("training", {"learning_rate": float("nan")}, "learning_rate = nan is not allowed"),
        ("training", {"learning_rate": "inf"}, "learning_rate = inf is not allowed: give a finite number"),
        ("training", {"checkpoint_seconds": float("inf")}, "checkpoint_seconds = inf"),
        ("runtime", {"threads": 10**6}, "threads = 1000000 is not allowed"),
        ("loader", {"name": 3}, "'loader.name' is text, not 3"),
    ],
)
def test_absurd_values_are_one_sentence(table, values, message):
    with pytest.raises(suite.UserError, match=message) as caught:
        from_mapping({"task": "trend", "data": "x", table: values}, "the test")
    told(caught)


def test_a_home_of_nobody_is_a_path_that_is_not_there(tmp_path, capsys):
    from suite.cli.main import main

    assert str(expanded("~nobody-at-all/data")) == "~nobody-at-all/data"
    host = suite.Host(toy_plugin, discover=False)
    assert main(["train", "trend", "~nobody-at-all/data", "--out", str(tmp_path / "run")], host) == 2
    error = capsys.readouterr().err
    assert "there is no file or folder" in error
    assert "Traceback" not in error
    assert main(["show", "~nobody-at-all/run"], host) == 2
    assert "~nobody-at-all/run is not there" in capsys.readouterr().err
    assert main(["train", "trend", "x", "--set", "model.width=" + "[" * DEEP], host) == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert sys.getrecursionlimit() <= 10_000
