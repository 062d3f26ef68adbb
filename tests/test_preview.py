"""Look before you train: the page of `suite inspect --preview`, and examples in the report of a run."""

from __future__ import annotations

import re
from dataclasses import replace
from html import unescape

import pytest

import suite
import toy_plugin
from suite.cli.main import main
from suite.data import Dataset, Example, Finding, Inspection, Problem
from suite.data.loading import checked
from suite.data.shown import suspicious, typical
from suite.figures import Clip, Clips, Gallery, Table
from suite.runs.preview import preview
from suite.testing import check_preview

PNG = b"\x89PNG\r\n\x1a\n"


def dataset(count=40, classes="abcd"):
    def split(name, size):
        return [
            Example(f"{name}/{index}.png", [float(index)], classes[index % len(classes)])
            for index in range(size)
        ]

    return Dataset(train=split("train", count), validation=split("validation", 8), test=split("test", 8))


def ids(shown):
    return [[example.id for example in sheet.examples] for sheet in shown]


# --- which examples are shown -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("location", "named"),
    [
        ("train/3.png", ["train/3.png"]),
        ("train/3.png: 20 x 1", ["train/3.png"]),
        ("train/3.png = test/1.png", ["train/3.png", "test/1.png"]),
        ("test/1.png (a) = train/3.png (b)", ["train/3.png", "test/1.png"]),
        ("/data/photos/train/39.png is a truncated PNG", ["train/39.png"]),
        ("labels/39.txt, line 4: no number", ["train/39.png"]),
        ("'train/3.png' has another label", ["train/3.png"]),
        ("d", ["train/3.png", "train/7.png", "train/11.png", "train/15.png"]),
        ("labels/1.txt: it may be any of three", []),
        ("nobody", []),
    ],
)
def test_locations_name_examples_by_id_file_or_class(location, named):
    shown = suspicious(dataset(), [Finding(text="odd", locations=[location])])
    assert sorted(example for sheet in ids(shown) for example in sheet) == sorted(named)


def test_of_files_of_one_name_the_path_tells_which():
    train = [Example(f"{name}/1.png", [0.0], name) for name in "abcd"]
    finding = Finding(text="broken", locations=["/data/photos/b/1.png is a truncated PNG", "c/1.txt: odd"])
    assert ids(suspicious(Dataset(train=train), [finding])) == [["b/1.png"]]


def test_the_first_locations_of_a_problem_are_not_said_twice():
    problem = Problem("3 files are odd", ["train/1.png", "train/2.png", "train/3.png"])
    (shown,) = suspicious(dataset(), [Finding(text=str(problem), locations=problem.locations)])
    assert shown.title == "3 files are odd"


def test_what_is_wrong_comes_first_and_there_is_a_limit():
    odd = Finding(text="odd", wrong=False, locations=["train/0.png"])
    wrong = Finding(text="wrong", locations=[f"train/{index}.png" for index in range(30)])
    shown = suspicious(dataset(), [odd, wrong], max_each=5)
    assert [sheet.title for sheet in shown] == ["wrong", "odd"]
    assert ids(shown)[0] == [f"train/{index}.png" for index in range(5)]
    assert sum(map(len, ids(suspicious(dataset(), [wrong, odd], max_each=5, max_all=3)))) == 3


def test_each_class_is_shown_in_every_split_always_the_same():
    shown = typical(dataset(), train=12, others=4)
    assert [sheet.title.partition(":")[0] for sheet in shown] == ["train", "validation", "test"]
    for sheet, each in zip(shown, (3, 1, 1), strict=True):
        assert [example.target for example in sheet.examples] == [
            name for name in "abcd" for _ in range(each)
        ]
    assert ids(shown) == ids(typical(dataset(), train=12, others=4))
    assert ids(shown) != ids(typical(dataset(), train=12, others=4, seed=1))


def test_without_classes_examples_are_chosen_by_chance():
    several = Dataset(train=[Example(str(index), [0.0], f"text {index}") for index in range(50)])
    (sheet,) = typical(several, train=10)
    assert len(set(ids([sheet])[0])) == 10
    assert sheet.title == "train: 10 of 50 examples"


# --- the page -----------------------------------------------------------------------------------------------


def host(made, inspect=None):
    class previewing:  # noqa: N801 - its name is the plugin's
        suite_data_loaders = staticmethod(toy_plugin.suite_data_loaders)
        suite_evaluators = staticmethod(toy_plugin.suite_evaluators)
        suite_model_builders = staticmethod(toy_plugin.suite_model_builders)

        @suite.hookimpl
        def suite_tasks(self):
            (task,) = toy_plugin.suite_tasks()
            return [replace(task, preview=made, inspect=inspect)]

    return suite.Host(previewing(), discover=False)


@pytest.fixture
def data(tmp_path):
    return toy_plugin.write(tmp_path / "toy.jsonl", train=60, validation=6, test=6)


def page(tmp_path, data, made, status=0, inspect=None):
    path = tmp_path / "page.html"
    assert main(["inspect", "trend", str(data), "--preview", str(path)], host(made, inspect)) == status
    return path.read_text("utf-8")


def text_of(html):
    return unescape(re.sub(r"<[^>]+>", " ", html[html.index("<main>") :]))


def drawn(examples, facts):
    items = [(PNG, f"{example.target} <b>\n{example.id}") for example in examples]
    return [Gallery(title="", items=items, large=True), Clips(title="", items=[Clip(sound=b"", caption="x")])]


def test_a_page_shows_what_the_plugin_draws_and_stands_alone(tmp_path, data, capsys):
    html = page(tmp_path, data, drawn)
    out, error = capsys.readouterr()
    assert "Nothing is wrong" in out
    assert f"examples as read: {tmp_path / 'page.html'}" in error
    assert html.count("data:image/png") == 36 + 6 + 6
    assert "rising &lt;b&gt;" in html
    assert not re.search(r'(src|href)="(?!data:)', html)
    assert "<script" not in html


def test_a_task_without_a_preview_gets_a_plain_table(tmp_path, data):
    text = text_of(page(tmp_path, data, None))
    assert "train: 36 of 60 examples" in text
    assert "falling" in text


def test_what_cannot_be_read_is_said_in_its_place(tmp_path, data):
    def refusing(examples, facts):
        for example in examples:
            if example.id == "1-2":
                raise suite.UserError("it is <torn>")
        return drawn(examples, facts)

    html = page(tmp_path, data, refusing)
    assert html.count("data:image/png") == 36 + 6 + 6 - 1
    assert "it is <torn>" in text_of(html)


def test_a_defect_is_its_plugins_and_the_findings_are_shown_all_the_same(tmp_path, data, capsys):
    def defective(examples, facts):
        raise ZeroDivisionError("nothing to divide by")

    def inspect(dataset, progress):
        return Inspection(findings=[Finding(text="a row is odd", locations=["0-1"])])

    html = page(tmp_path, data, defective, status=3, inspect=inspect)
    out, error = capsys.readouterr()
    assert "a row is odd" in out
    assert "a row is odd" in text_of(html)
    assert "shown plainly" in text_of(html)
    assert "ZeroDivisionError in the preview of task 'trend' of plugin 'previewing'" in error


def test_a_figure_that_cannot_be_shown_is_a_defect_too(tmp_path, data, capsys):
    page(tmp_path, data, lambda examples, facts: [Table(title="t", columns=["a"], rows=[[1, 2]])], status=3)
    assert "plugin 'previewing'" in capsys.readouterr().err


def test_nothing_but_an_earlier_page_is_overwritten(tmp_path, data, capsys):
    page(tmp_path, data, None)
    page(tmp_path, data, None)
    precious = tmp_path / "precious.html"
    precious.write_text("precious")
    words = ["inspect", "trend", str(data), "--preview"]
    assert main([*words, str(precious)], host(None)) == 2
    assert precious.read_text() == "precious"
    assert main([*words, str(tmp_path)], host(None)) == 2
    assert main([*words, str(tmp_path / "no" / "p.html")], host(None)) == 2
    assert "there is no folder" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.parametrize("task", [task.name for task in suite.Host().tasks()])
def test_every_shipped_task_shows_its_own_sample(task):
    contributed = suite.Host().find_task(task)
    sample = contributed.item.sample()
    shown = preview(contributed, checked(sample, contributed), [])
    assert shown.defect is None
    assert [sheet.title.partition(":")[0] for sheet in shown.typical] == list(sample.splits)
    assert all(sheet.figures for sheet in shown.typical)
    check_preview(contributed.item, sample)


@pytest.mark.parametrize(
    ("made", "message"),
    [
        (None, "has no preview"),
        (lambda examples, facts: [], "gives no figure for 4 examples"),
        (lambda examples, facts: ["a"], "gives what no page can show: str is no figure"),
    ],
)
def test_the_check_for_tests_of_plugins_says_what_is_wrong(made, message):
    task = host(made).task("trend")
    with pytest.raises(suite.PluginError, match=message):
        check_preview(task, task.sample())


def test_boxes_are_drawn_where_they_are_and_crowds_in_gray():
    cv2 = pytest.importorskip("cv2")
    import numpy as np

    from suite_object_detection.preview import CROWD_COLOR
    from suite_object_detection.preview import preview as boxes_preview

    target = {
        "size": [2400, 2400],
        "boxes": [[500, 500, 1000, 1500], [1500, 500, 2300, 1500]],
        "labels": ["cat", "cat"],
        "crowd": [False, True],
    }
    example = Example("3.png", np.full((2400, 2400, 3), 255, np.uint8), target)
    (gallery,) = boxes_preview([example], {"classes": ["cat"]})
    assert gallery.items[0][1] == "2 cat\n2400 x 2400 pixels\n3.png"
    image = cv2.imdecode(np.frombuffer(gallery.items[0][0], np.uint8), cv2.IMREAD_COLOR)
    assert image.shape == (480, 480, 3)
    assert np.abs(image[200, 300].astype(int) - CROWD_COLOR).max() < 40  # the left edge of the crowd
    assert np.abs(image[200, 100].astype(int) - (178, 114, 0)).max() < 40  # BGR
    assert image[200, 150].min() > 240
    assert "ignored" in gallery.caption


def test_of_a_large_image_with_small_boxes_a_part_is_shown():
    cv2 = pytest.importorskip("cv2")
    import numpy as np

    from suite_object_detection.preview import preview as boxes_preview

    target = {"size": [3000, 4000], "boxes": [[3900, 2900, 3929, 2920]], "labels": ["gull"]}
    example = Example("sea.png", np.zeros((3000, 4000, 3), np.uint8), target)
    (gallery,) = boxes_preview([example], {"classes": ["gull"]})
    content, caption = gallery.items[0]
    assert "4000 x 3000 pixels, of which 1160 x 1160 are shown, for its boxes are small" in caption
    image = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)
    assert image.shape == (480, 480, 3)
    x, y = round((3900 - 2840) * 480 / 1160), round((2910 - 1840) * 480 / 1160)
    assert image[y, x - 2 : x + 3].max() > 100  # the left edge of the box, in its color
