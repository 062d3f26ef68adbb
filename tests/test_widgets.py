"""What tasks declare of how they are shown: checked when a plugin is loaded, and by `suite check`."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import Any

import msgspec
import pytest

import suite
from suite.declarations import check_declaration
from suite.prediction.description import shown_widgets
from suite.testing import checks
from suite.widget_checks import default_widgets, prediction_defects
from suite.widgets import (
    BoxesOutput,
    ImageInput,
    JsonOutput,
    LabelsOutput,
    SeriesOutput,
    TableInput,
    TextInput,
    TextOutput,
    TranscriptOutput,
    Widgets,
)

TASKS = [task.name for task in suite.Host().tasks()]


def codec(**members: Any) -> Any:
    return type("Made", (suite.Codec,), members)()


@pytest.mark.parametrize("name", TASKS)
def test_the_widgets_of_every_task_show_its_predictions(name):
    found = [check for check in checks(suite.Host(), name) if "task-widgets" in str(check)]
    assert len(found) == 1
    found[0]()


@pytest.mark.parametrize(
    ("members", "kind"),
    [
        ({"accepts_text": True, "suffixes": (".png",)}, "text"),
        ({"suffixes": (".tif", ".png")}, "image"),
        ({"suffixes": (".wav",), "stream_suffixes": (".mp4",)}, "audio"),
        ({"suffixes": (".temps",)}, "file"),
        ({}, "file"),
    ],
)
def test_a_task_without_widgets_has_those_that_suit_its_codec(members, kind):
    made = default_widgets(codec(**members))
    assert made.outputs == (JsonOutput(),)
    assert msgspec.to_builtins(made.input)["kind"] == kind


@pytest.mark.parametrize(
    ("widgets", "sentence"),
    [
        ("image", "the widgets of its task 't' are 'image', no suite.widgets.Widgets"),
        (Widgets(input=ImageInput(), outputs=()), "have no outputs"),
        (Widgets(input=JsonOutput()), "are of a wrong type: .*'json'.*input"),
        (Widgets(input=TextInput(label=3)), "Expected `str`, got `int`"),
        (Widgets(input=TextInput(), outputs=(TextOutput(text=3),)), "Expected `str`, got `int`"),
    ],
)
def test_widgets_that_make_no_sense_are_a_defect_of_the_plugin(widgets, sentence):
    task = suite.Task(
        name="t", summary="", sample=list, metric="m", builder="b", evaluators=(), widgets=widgets
    )
    with pytest.raises(suite.PluginError, match=sentence):
        check_declaration(task, suite.Task, "suite_tasks", "task")


@pytest.mark.parametrize(
    ("output", "prediction", "sentence"),
    [
        (LabelsOutput(scores="scores"), {"label": "a", "scores": {"a": 1}}, None),
        (LabelsOutput(label=""), "a", None),
        (LabelsOutput(label="name"), {"label": "a"}, "names a field that predictions lack: they have label"),
        (LabelsOutput(), "a", "a prediction is a str, which has none"),
        (LabelsOutput(), {"label": 3}, "cannot be shown so: .*got `int`"),
        (BoxesOutput(), {"boxes": [[1, 2, 3, 4]], "labels": ["a"], "scores": [0.5]}, None),
        (
            BoxesOutput(labels=None, scores=None),
            {"boxes": [[1, 2, 3]]},
            "BoxesOutput.boxes='boxes'. .* length 4",
        ),
        (TranscriptOutput(), {"text": "a", "words": [{"text": "a", "start": 0, "end": 1, "by": ""}]}, None),
        (TranscriptOutput(), {"text": "a", "words": ["a"]}, "Expected `object`, got `str`"),
        (TextOutput(alternatives="samples"), {"text": "a"}, "lack: they have text"),
        (SeriesOutput(), {"values": [[1]], "levels": [0.5], "start": "0", "frequency": "", "name": ""}, None),
        (JsonOutput(), [1], None),
    ],
)
def test_fields_that_are_not_there_are_named(output, prediction, sentence):
    found = list(prediction_defects(Widgets(input=TableInput(), outputs=(output,)), prediction))
    if sentence is None:
        assert found == []
    else:
        assert re.search(sentence, found[0]), found


def test_a_field_that_is_left_out_for_its_default_need_not_be_there():
    widgets = Widgets(input=TextInput(), outputs=(TextOutput(alternatives="samples"),))
    assert list(prediction_defects(widgets, {"text": "a"}, ["text", "samples"])) == []


def test_what_a_model_says_of_itself_has_its_widgets():
    task = suite.Host().task("object-detection")
    assert shown_widgets(task, codec()) == {
        "input": {"kind": "image", "label": ""},
        "outputs": [{"kind": "boxes", "boxes": "boxes", "labels": "labels", "scores": "scores"}],
    }


def test_declaring_widgets_imports_nothing_heavy():
    code = (
        "import sys, suite.widgets; print([n for n in ('numpy', 'starlette', 'keras') if n in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "[]\n"
