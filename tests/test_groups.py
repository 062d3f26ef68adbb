"""Examples that belong together, by a column or a pattern of their names: splits, folds and findings."""

from __future__ import annotations

import json

import numpy as np
import pytest

import suite
import toy_plugin
from suite import UserError, patterns
from suite.cli.main import main
from suite.data import Dataset, Example
from suite.data.folds import folded
from suite.data.groups import grouped, groups_of
from suite.data.splits import complete

PATTERN = r"(patient\d+)_"


def patients(count=30, each=4, **splits):
    """Each patient has examples of both classes, most of one of them."""
    train = [
        Example(
            f"patient{patient}_{index}.png", [patient, index], "sick" if index < patient % each else "well"
        )
        for patient in range(count)
        for index in range(each)
    ]
    return Dataset(train=train, **splits)


def sides(dataset):
    return {
        name: {example.id.partition("_")[0] for example in (split[index] for index in range(len(split)))}
        for name, split in dataset.splits.items()
    }


def share(split):
    return np.mean([split[index].target == "sick" for index in range(len(split))])


def test_made_splits_keep_groups_together_and_are_stratified_all_the_same():
    made, notes = complete(grouped(patients(120), PATTERN), validation=0.2, test=0.2, seed=3)
    train, validation, test = sides(made).values()
    assert len(train | validation | test) == len(train) + len(validation) + len(test) == 120
    for split in made.splits.values():
        assert share(split) == pytest.approx(3 / 8, abs=0.02)
    assert [len(split) for split in made.splits.values()] == pytest.approx([288, 96, 96], abs=8)
    assert "made a test split" in notes[0]


def test_what_is_made_depends_on_the_seed_and_not_on_the_order():
    dataset = patients(40)
    backwards = Dataset(train=list(reversed(dataset.train)))
    made = [
        sides(complete(grouped(data, PATTERN), seed=seed)[0]) for data, seed in ((dataset, 0), (backwards, 0))
    ]
    assert made[0] == made[1]
    assert sides(complete(grouped(dataset, PATTERN), seed=1)[0]) != made[0]


def test_folds_keep_groups_together_cover_everything_once_and_are_stratified():
    dataset = grouped(patients(60, test=[Example("patient99_0.png", [0], "sick")]), PATTERN)
    held_out = []
    for number in range(1, 6):
        made, notes = folded(dataset, number, 5, seed=1)
        assert not sides(made)["train"] & sides(made)["test"]
        assert len(made.train) + len(made.test) == 240
        assert share(made.test) == pytest.approx(3 / 8, abs=0.05)
        held_out += [example.id for example in (made.test[index] for index in range(len(made.test)))]
        assert f"fold {number} of 5 is the test split" in notes[0]
        assert "groups kept together" in notes[0]
        assert "is in no fold" in notes[1]
    assert sorted(held_out) == sorted(example.id for example in dataset.train)


def test_folds_without_groups_are_stratified_and_copies_are_in_one_fold():
    train = [
        Example(str(index), [index // 2 if index < 20 else index], "abc"[index % 3]) for index in range(90)
    ]
    folds = [folded(Dataset(train=train), number, 3, seed=0)[0].test for number in (1, 2, 3)]
    where = {fold[index].id: number for number, fold in enumerate(folds) for index in range(len(fold))}
    assert len(where) == 90
    assert all(where[str(index)] == where[str(index + 1)] for index in range(0, 20, 2))
    for fold in folds:
        labels = [fold[index].target for index in range(len(fold))]
        assert all(labels.count(label) == pytest.approx(10, abs=4) for label in "abc")


def test_a_class_of_one_example_is_always_in_train():
    train = [Example(str(index), [index], "ab"[index % 2]) for index in range(20)]
    train.append(Example("20", [20], "rare"))
    for number in range(1, 5):
        made, notes = folded(Dataset(train=train), number, 4)
        assert "rare" in [made.train[index].target for index in range(len(made.train))]
        assert "always in train, for only one example has it: 'rare'" in notes


@pytest.mark.parametrize(
    ("dataset", "groups", "message"),
    [
        (patients(), "(patient", "is no regular expression"),
        (patients(), r"(?:patient)\d+", "has no group in parentheses"),
        (patients(), "(person)", "matches none of the examples' names, which are like 'patient0_0.png'"),
        (patients(), "(pat)", "all examples are of one group"),
        (patients(), "(.*)", "each example is its own group"),
        (patients(), "patient", "is the name of a column, and this data has none"),
    ],
)
def test_groups_that_say_nothing_are_refused(dataset, groups, message):
    with pytest.raises(UserError, match=message.replace("(", r"\(")):
        grouped(dataset, groups)


@pytest.mark.parametrize(
    ("dataset", "message"),
    [
        (grouped(patients(2), PATTERN), "the 2 groups do not suffice for 5 folds"),
        (Dataset(train=patients().train, order=lambda example: example.id), "has an order in time"),
    ],
)
def test_folds_that_cannot_be_made(dataset, message):
    with pytest.raises(UserError, match=message):
        folded(dataset, 1, 5)


def test_too_few_groups_for_the_splits():
    with pytest.raises(UserError, match="the 2 groups of the data do not suffice to make a"):
        complete(grouped(patients(2), PATTERN))


def test_names_that_do_not_match_and_groups_in_two_splits_are_said():
    dataset = patients(3, test=[Example("patient1_9.png", [0], "sick"), Example("other.png", [0], "sick")])
    alone, leak = grouped(dataset, PATTERN).problems
    assert alone == "1 example is of no group, so each is a group of its own: 'other.png'"
    assert leak.startswith("1 group is in train and in test: scores on test would be those on groups")
    assert leak.locations == ["patient1: patient1_0.png = patient1_9.png"]


def test_an_example_without_a_group_is_its_own():
    group_of = groups_of({"a": "1", "b": ""})
    groups = [group_of(Example(name, 0)) for name in ("a", "b", "c")]
    assert groups == ["1", ("b",), ("c",)]


# --- on the command line ------------------------------------------------------------------------------------


@pytest.fixture
def rows(tmp_path):
    path = tmp_path / "rows.jsonl"
    lines = [{**row, "id": f"p{index // 3}_{index}"} for index, row in enumerate(toy_plugin.rows(60, 0))]
    lines[-1]["split"] = "test"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


def run(*words):
    return main([str(word) for word in words], suite.Host(toy_plugin, discover=False))


def test_inspection_names_a_group_in_two_splits(rows, capsys):
    assert run("inspect", "trend", rows) == 0
    assert run("inspect", "trend", rows, "--set", r"groups=(p\d+)_") == 1
    out = capsys.readouterr().out
    assert "1 group is in train and in test" in out
    assert "Groups by (p\\d+)_" in out
    assert "the 15 largest of 20" in out
    assert run("inspect", "trend", rows, "--set", "split.test=0.2") == 2
    assert "inspect takes groups alone" in capsys.readouterr().err


def test_a_loader_without_columns_says_so(rows, capsys):
    assert run("inspect", "trend", rows, "--set", "groups=patient") == 2
    assert "the loader 'lines' reads no columns of groups" in capsys.readouterr().err


def column_of(dataset):
    return {
        example.id: dataset.groups(example)
        for split in dataset.splits.values()
        for example in (split[index] for index in range(len(split)))
    }


def loaded(task, path, groups, **options):
    from suite.data.loading import load_dataset

    return load_dataset(suite.Host(), task, path, None, options, groups)[0]


def test_every_loader_of_tables_gives_the_groups_of_a_column(tmp_path):
    cv2 = pytest.importorskip("cv2")
    names = [f"{index}.png" for index in range(6)]
    for index, name in enumerate(names):
        cv2.imwrite(str(tmp_path / name), np.full((8, 8, 3), index, np.uint8))
    by_patient = ["p0", "p0", "p1", "p1", "p2", ""]

    def table(name, header, row):
        lines = [header, *(row(index) for index in range(6))]
        (tmp_path / name).write_text("\n".join(lines))
        return tmp_path / name

    images = table("i.csv", "path,label,who", lambda i: f"{names[i]},{'ab'[i % 2]},{by_patient[i]}")
    expected = dict(zip(names, [*by_patient[:5], ("5.png",)], strict=True))
    assert column_of(loaded("image-classification", images, "who")) == expected
    boxes = table(
        "b.csv", "path,x1,y1,x2,y2,class,Who", lambda i: f"{names[i]},1,1,5,5,{'ab'[i % 2]},{by_patient[i]}"
    )
    assert column_of(loaded("object-detection", boxes, "who")) == expected
    texts = table("t.csv", "text,label,who", lambda i: f"text {i},{'ab'[i % 2]},{by_patient[i]}")
    groups = [*by_patient[:5], ("t.csv:7",)]
    assert list(column_of(loaded("text-classification", texts, "who")).values()) == groups
    pairs = table("p.csv", "source,target,who", lambda i: f"text {i},Text {i},{by_patient[i]}")
    assert list(column_of(loaded("translation", pairs, "who")).values()) == [*by_patient[:5], ("p.csv:7",)]
    with pytest.raises(UserError, match=r"no column 'woh' \(group_column\): did you mean 'who'"):
        loaded("text-classification", texts, "woh")


def test_a_manifest_of_recordings_gives_the_groups_of_a_column(tmp_path):
    pytest.importorskip("soundfile")
    from speech_on_disk import write

    rows = ["path\ttext\tspeaker\tsession"]
    for index in range(6):
        write(tmp_path / f"{index}.wav", np.zeros(800), 8000)
        rows.append(f"{index}.wav\ttext {index}\ts{index % 3}\tday {index // 2}")
    (tmp_path / "train.tsv").write_text("\n".join(rows))
    by_day = column_of(loaded("speech-recognition", tmp_path / "train.tsv", "session"))
    assert by_day == {f"{index}.wav": f"day {index // 2}" for index in range(6)}
    by_speaker = column_of(loaded("speech-recognition", tmp_path / "train.tsv", ""))
    assert by_speaker == {f"{index}.wav": f"s{index % 3}" for index in range(6)}


def test_a_folder_of_images_has_names_for_patterns(tmp_path):
    cv2 = pytest.importorskip("cv2")
    for index in range(8):
        path = tmp_path / "ab"[index % 2] / f"patient{index // 4}_{index}.png"
        path.parent.mkdir(exist_ok=True)
        cv2.imwrite(str(path), np.full((8, 8, 3), index, np.uint8))
    assert set(column_of(loaded("image-classification", tmp_path, PATTERN)).values()) == {
        "patient0",
        "patient1",
    }


def test_a_pattern_that_would_match_for_years_is_refused(monkeypatch):
    monkeypatch.setattr(patterns, "SECONDS", 0.1)
    dataset = Dataset(train=[Example(name, [0], "sick") for name in ("a" * 60 + "b", "b1", "b2")])
    with pytest.raises(UserError, match=r"groups = '\(\(a\|a\)\*\$\)' takes more than 0.1 s for 'aaaa"):
        grouped(dataset, "((a|a)*$)")


@pytest.mark.parametrize("pattern", ["(a", "(" * 5000 + ")" * 5000, "(a{99999999999999999999})"])
def test_a_pattern_that_is_none_is_refused(pattern):
    with pytest.raises(UserError, match="is no regular expression: "):
        grouped(Dataset(train=[Example("b1", [0], "sick")]), pattern)
