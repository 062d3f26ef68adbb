"""Predictions in the forms that people open: plain lines, and tables of classes."""

import csv
import random

import pytest

from suite import UserError
from suite_classification.coding import likeliest
from suite_classification.types import Classification
from suite_language.encodings import decoded
from suite_text.formats.class_table import ClassTable
from suite_text.formats.plain_text import PlainText
from suite_text.reading.lines import Line
from suite_text.translation.types import Translation


def test_translations_are_lines_as_many_as_their_inputs(tmp_path):
    path = tmp_path / "hyps.txt"
    writer = PlainText(path, {})
    for text in ("ein Hund", "", "zwei\nZeilen"):
        writer.add(Line("x", "a:1"), "a:1", Translation(text=text))
    assert writer.close() == [path]
    assert path.read_text() == "ein Hund\n\nzwei\\nZeilen\n"
    with pytest.raises(UserError, match="is there already"):
        PlainText(path, {})
    assert PlainText(tmp_path, {}).close() == [tmp_path / "predictions.txt"]


def test_predictions_take_the_place_of_earlier_ones_when_they_are_complete(tmp_path):
    path = tmp_path / "predictions.txt"
    path.write_text("earlier\n")
    writer = PlainText(tmp_path, {})
    writer.add(Line("x", "a:1"), "a:1", Translation(text="later"))
    assert path.read_text() == "earlier\n"
    writer.close()
    assert path.read_text() == "later\n"
    assert list(tmp_path.iterdir()) == [path]


SCORES = {"cat": 0.2, "dog": 0.7, "fox": 0.1}


def written(path, *predictions, classes=("cat", "dog", "fox")):
    writer = ClassTable(path, {"classes": list(classes)})
    for number, prediction in enumerate(predictions, start=1):
        writer.add(Line(f"text, {number}", f"a.csv:{number}"), f"a.csv:{number}", prediction)
    (path,) = writer.close()
    delimiter = "\t" if path.suffix == ".tsv" else ","
    return list(csv.DictReader(path.open(newline=""), delimiter=delimiter))


def test_classes_are_a_table_with_all_scores_or_the_likeliest(tmp_path):
    found = Classification(label="dog", scores=SCORES)
    row = {"input": "a.csv:1", "text": "text, 1", "label": "dog", "score": "0.7"}
    for name in ("a.csv", "a.tsv", "a.csv"):  # once more: a table of predictions is overwritten
        assert written(tmp_path / name, found) == [
            {**row, "score.cat": "0.2", "score.dog": "0.7", "score.fox": "0.1"}
        ]
    assert written(tmp_path / "b.csv", likeliest(found, 2)) == [{**row, "label_2": "cat", "score_2": "0.2"}]
    several = Classification(label=["cat", "dog"], scores=SCORES)
    assert written(tmp_path / "c.csv", several)[0]["label"] == "cat|dog"
    assert written(tmp_path / "d.csv") == []


def test_a_table_of_something_else_is_not_overwritten(tmp_path):
    (tmp_path / "a.csv").write_text("text,label\n")
    with pytest.raises(UserError, match="holds no predictions"):
        ClassTable(tmp_path / "a.csv", {})


def test_bytes_of_no_text_are_refused():
    noise = random.Random(0).randbytes(20_000)
    with pytest.raises(UserError, match=r"a\.txt is no text"):
        decoded(noise, "a.txt")
