"""Labeled texts in tables, folders and lines: what is read, and what is left out with its line."""

import json
import os
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from suite import UserError
from suite_text.classification.loaders.detection import detect_folder, detect_labeled_lines, detect_table
from suite_text.classification.loaders.folder import load_folder
from suite_text.classification.loaders.labeled_lines import labeled, load_labeled_lines
from suite_text.classification.loaders.tables import load_table, target_of
from suite_text.classification.options import FolderOptions, LabeledLinesOptions, TableOptions
from texts_on_disk import lines, pairs, problems

SHARED = Path(os.environ.get("SUITE_DATA", Path(__file__).parents[4] / "shared/data"))


def table(path, **options):
    return load_table(path, TableOptions(**options))


def labeled_lines(path, **options):
    return load_labeled_lines(path, LabeledLinesOptions(**options))


def folder(path, **options):
    return load_folder(path, FolderOptions(**options))


def refused(load, path, **options):
    with pytest.raises(UserError) as error:
        load(path, **options)
    return str(error.value)


def recognized(path):
    return [detect_table(path), detect_labeled_lines(path), detect_folder(path)]


# Tables


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", ["text,label", "good film,yes", '"bad, really",no']),
        ("a.csv", ["label;text", "yes;good film", 'no;"bad, really"']),
        ("a.tsv", ["Sentence\tClass", "good film\tyes", "bad, really\tno"]),
        (
            "a.jsonl",
            ['{"text": "good film", "label": "yes"}', "", '{"label": "no", "text": "bad, really"}'],
        ),
        ("a.json", ['[{"text": "good film", "label": "yes"},', '{"label": "no", "text": "bad, really"}]']),
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_every_kind_of_table_says_the_same(name, content, encoding, end, tmp_path):
    path = lines(tmp_path / name, *content, encoding=encoding, end=end)
    assert recognized(path) == recognized(tmp_path) == [True, False, False]
    dataset = table(path)
    assert pairs(dataset.train) == [("good film", "yes"), ("bad, really", "no")]
    assert dataset.facts["classes"] == ["no", "yes"]
    assert dataset.facts["multi_label"] is False
    assert dataset.problems == []


@pytest.mark.parametrize(
    "header", ["text,label", "Question,Category", "title,topic", "content,target", " Review ,SENTIMENT"]
)
def test_columns_are_found_by_their_names(header, tmp_path):
    path = lines(tmp_path / "a.csv", header, "x,1", "y,2")
    assert pairs(table(path).train) == [("x", "1"), ("y", "2")]


def test_columns_can_be_named(tmp_path):
    path = lines(tmp_path / "a.csv", "text,said,label,meant", "-,x,-,1", "-,y,-,2")
    dataset = table(path, text_column="said", label_column="meant")
    assert pairs(dataset.train) == [("x", "1"), ("y", "2")]


def test_a_missing_column_is_one_sentence_with_those_that_there_are(tmp_path):
    path = lines(tmp_path / "a.csv", "words_said,label", "x,1")
    assert refused(table, path) == (
        f"{path} has no column for the texts ('text', say), only 'words_said', 'label': name it with"
        " --set loader.text_column=NAME; if its first row is data already, say --set loader.header=false and"
        " name the columns by their numbers"
    )
    assert "no column 'lable' (label_column): did you mean 'label'" in refused(
        table, path, label_column="lable", text_column="words_said"
    )


def test_the_tables_of_a_folder_are_its_splits_in_any_of_the_usual_names(tmp_path):
    lines(tmp_path / "d/trec_train.csv", "text,label", "a,1", "b,2")
    lines(tmp_path / "d/trec-dev.csv", "text,label", "c,1")
    lines(tmp_path / "d/trec_test.csv", "text,label", "e,2")
    lines(tmp_path / "d/labels.csv", "name", "1")
    dataset = table(tmp_path)
    assert {split: pairs(examples) for split, examples in dataset.splits.items()} == {
        "train": [("a", "1"), ("b", "2")], "validation": [("c", "1")], "test": [("e", "2")]
    }  # fmt: skip
    assert problems(dataset) == {"1 file is of no split and left out": ["labels.csv"]}


def test_the_files_of_the_splits_can_be_named(tmp_path):
    for name in ("all", "held", "test_a", "test_b"):
        lines(tmp_path / f"{name}.csv", "text,label", f"{name} 1,1", f"{name} 2,2")
    said = refused(table, tmp_path)
    assert "more than one file for the test split: 'test_a.csv', 'test_b.csv'" in said
    assert "--set loader.test=test_a.csv" in said
    assert "is called after the train split" in refused(table, tmp_path, test="test_a.csv")
    dataset = table(tmp_path, train="all.csv", test="test_b.csv", validation="held.csv")
    assert [examples[0].input for examples in dataset.splits.values()] == ["all 1", "held 1", "test_b 1"]


def test_a_column_can_say_the_part(tmp_path):
    rows = ["a,1,train", "b,2,TRAIN", "c,1,dev", "d,2,test", "e,1,later"]
    dataset = table(lines(tmp_path / "a.csv", "text,label,split", *rows))
    assert {split: len(examples) for split, examples in dataset.splits.items()} == {
        "train": 2, "validation": 1, "test": 1
    }  # fmt: skip
    left = "1 example of neither train, validation nor test is left out"
    assert problems(dataset) == {left: ["a.csv, line 6"]}


@pytest.mark.parametrize(
    ("name", "content", "options"),
    [
        ("a.jsonl", ['{"text": "x", "labels": ["a", "b", "a"]}', '{"text": "y", "labels": []}'], {}),
        ("a.csv", ["text,labels", 'x,"[""a"", ""b""]"', "y,[]"], {}),
        ("a.csv", ["text,labels", "x,a|b", "y,"], {"label_separator": "|"}),
    ],
)
def test_several_labels_are_a_list_or_stand_in_one_cell(name, content, options, tmp_path):
    dataset = table(lines(tmp_path / name, *content), **options)
    assert pairs(dataset.train) == [("x", ["a", "b"]), ("y", [])]
    assert dataset.facts["multi_label"] is True
    assert dataset.facts["classes"] == ["a", "b"]


def test_labels_that_look_joined_are_said(tmp_path):
    dataset = table(lines(tmp_path / "a.csv", "text,label", "x,a|b", "y,b"))
    assert "if they are several labels, say --set loader.label_separator='|'" in dataset.problems[0]


def test_labels_that_look_alike_are_said(tmp_path):
    dataset = table(lines(tmp_path / "a.csv", "text,label", "x,Sports news", "y,sports_news"))
    assert dataset.problems == ["the labels 'Sports news' and 'sports_news' look alike: are they one class?"]


def test_lists_and_single_labels_are_not_mixed(tmp_path):
    path = lines(tmp_path / "a.jsonl", '{"text": "x", "label": "a"}', '{"text": "y", "label": ["a"]}')
    assert "some labels are lists and some are not" in refused(table, path)


# Bad input


def test_rows_that_cannot_be_used_are_counted_and_named_and_the_others_go_on(tmp_path):
    content = ["text,label", "a,1", "b,2,3", " ,1", "c,", "d,2"]
    dataset = table(lines(tmp_path / "a.csv", *content))
    assert pairs(dataset.train) == [("a", "1"), ("d", "2")]
    assert problems(dataset) == {
        "1 row with another number of cells than the header's 2 is left out": ["a.csv, line 3"],
        "1 example without a text is left out": ["a.csv, line 4"],
        "1 example without a label is left out": ["a.csv, line 5"],
    }


def test_broken_json_is_named_by_its_line(tmp_path):
    content = ['{"text": "a", "label": 1}', '{"text": "b", ', "[1]", '{"text": "c", "label": 2}']
    dataset = table(lines(tmp_path / "a.jsonl", *content))
    assert pairs(dataset.train) == [("a", "1"), ("c", "2")]
    assert problems(dataset) == {
        "1 row that cannot be read as JSON is left out": ["a.jsonl, line 2"],
        "1 row other than a JSON object is left out": ["a.jsonl, line 3"],
    }


def test_a_quotation_mark_that_is_left_open_loses_no_row(tmp_path):
    dataset = table(lines(tmp_path / "a.csv", "text,label", "a,1", "b,2", '"c,2', *["d,1"] * 40))
    assert pairs(dataset.train) == [("a", "1"), ("b", "2"), ('"c', "2"), *[("d", "1")] * 40]
    assert dataset.problems == []


def test_another_encoding_is_read_and_named(tmp_path):
    path = lines(tmp_path / "a.csv", "text,label", "schön grün,1", "übel für alle,2", encoding="cp1252")
    dataset = table(path)
    assert pairs(dataset.train) == [("schön grün", "1"), ("übel für alle", "2")]
    (sentence,) = dataset.problems
    assert sentence == (
        "a.csv is not UTF-8 and was read as Windows-1252, by what its bytes look like: if that is wrong, name"
        " another with --set loader.encoding=NAME"
    )
    assert table(path, encoding="cp1252").problems == []


def test_lines_with_nul_or_broken_bytes_are_named_and_kept(tmp_path):
    path = lines(tmp_path / "a.csv", "text,label", "für,1", "sch\0ön,2", "mäßig,1")
    path.write_bytes(path.read_bytes() + b"b\xffse,2\n")
    dataset = table(path)
    assert pairs(dataset.train) == [
        ("für", "1"), ("schön", "2"), ("mäßig", "1"), ("b\N{REPLACEMENT CHARACTER}se", "2")
    ]  # fmt: skip
    assert problems(dataset) == {
        "1 line is not all UTF-8": ["a.csv, line 5"], "1 line has NUL characters": ["a.csv, line 3"]
    }  # fmt: skip


@pytest.mark.slow
def test_a_line_of_fifty_megabytes_is_read(tmp_path):
    path = lines(tmp_path / "a.csv", "text,label", "short,1", ("w" * 99 + " ") * 500_000 + ",2")
    assert [(len(text), label) for text, label in pairs(table(path).train)] == [(5, "1"), (49_999_999, "2")]


@pytest.mark.parametrize("content", [[], ["", "  "]])
def test_an_empty_file_is_one_sentence(content, tmp_path):
    path = lines(tmp_path / "train.csv", *content)
    assert refused(table, path) == f"{path} is empty: it has no text in it"
    assert "has no row below its header" in refused(table, lines(path, "text,label"))


def test_labels_that_training_never_saw_are_named(tmp_path):
    lines(tmp_path / "train.csv", "text,label", "a,1", "b,2")
    lines(tmp_path / "test.csv", "text,label", "c,1", "d,3", "e,3", "f,4")
    dataset = table(tmp_path)
    assert pairs(dataset.test) == [("c", "1")]
    what = "of test with the label '3', which training never saw, are left out"
    assert problems(dataset) == {
        f"2 examples {what}": ["test.csv:3", "test.csv:4"],
        "1 example of test with the label '4', which training never saw, is left out": ["test.csv:5"],
    }
    lines(tmp_path / "test.csv", "text,label", "c,5")
    assert "no label of the test split is among the train split's, which are '1', '2'" in refused(
        table, tmp_path
    )


def test_one_class_is_said_since_a_model_can_be_scored_on_it(tmp_path):
    path = lines(tmp_path / "a.csv", "text,label", "a,1", "b,1")
    assert table(path).problems == ["there is one class only, '1': at least two are needed"]


# Duplicates


@pytest.fixture
def repeated(tmp_path):
    lines(tmp_path / "train.csv", "text,label", "a,1", "b,2", "a,1", "b,1", "c  c,2", "a,1")
    lines(tmp_path / "validation.csv", "text,label", "e,1", "e,1")
    lines(tmp_path / "test.csv", "text,label", "c c,2")
    return tmp_path


def test_training_texts_that_are_in_other_splits_too_are_left_out_of_train_and_counted(repeated):
    dataset = table(repeated)
    assert [text for text, _ in pairs(dataset.train)] == ["a", "b", "a", "b", "a"]
    assert [len(split) for split in dataset.splits.values()] == [5, 2, 1]
    left = "1 example is left out of train, since its text is in test too"
    assert problems(dataset) == {left: ["train.csv:6"]}


def test_copies_within_train_are_left_out_where_asked_for_but_not_contradictions(repeated):
    dataset = table(repeated, duplicates="removed")
    assert pairs(dataset.train) == [("a", "1"), ("b", "2"), ("b", "1")]
    assert problems(dataset)["2 copies of training examples are left out"] == ["train.csv:4", "train.csv:7"]


def test_duplicates_can_be_kept(repeated):
    dataset = table(repeated, duplicates="kept")
    assert len(dataset.train) == 6
    assert dataset.problems == []


# Lines


def test_lines_of_label_tab_and_text_are_read(tmp_path):
    content = ["sport\tthe game was long", "news\ta vote\tand a tab", "", "sport\tgoal", "news\tno", "alone"]
    path = lines(tmp_path / "train.txt", *content)
    assert recognized(path) == recognized(tmp_path) == [False, True, False]
    dataset = labeled_lines(path)
    assert pairs(dataset.train) == [
        ("the game was long", "sport"), ("a vote and a tab", "news"), ("goal", "sport"), ("no", "news")
    ]  # fmt: skip
    left = "1 line has neither a tab after its label nor __label__ before it, and is left out"
    assert problems(dataset) == {left: ["train.txt, line 6"]}


def test_a_tsv_without_a_header_is_lines(tmp_path):
    path = lines(tmp_path / "a.tsv", *["spam\tbuy this", "ham\thow are you"] * 3)
    assert recognized(path) == [False, True, False]


def test_lines_of_fasttext_are_read_with_one_label_or_several(tmp_path):
    path = lines(tmp_path / "a.train", "__label__x one two", "__label__y three")
    assert recognized(path) == [False, True, False]
    assert pairs(labeled_lines(path).train) == [("one two", "x"), ("three", "y")]
    lines(path, "__label__x __label__y one two", "__label__y three")
    dataset = labeled_lines(path)
    assert pairs(dataset.train) == [("one two", ["x", "y"]), ("three", ["y"])]
    assert dataset.facts["multi_label"] is True


def test_several_labels_before_the_tab_are_separated_as_said(tmp_path):
    path = lines(tmp_path / "a.txt", "x,y\tone", "y\ttwo")
    dataset = labeled_lines(path, label_separator=",")
    assert pairs(dataset.train) == [("one", ["x", "y"]), ("two", ["y"])]


def test_prose_is_not_taken_for_labeled_lines(tmp_path):
    path = lines(tmp_path / "a.txt", "It was a dark and stormy night.", "The rain fell.")
    assert recognized(path) == [False, False, False]
    assert "has no lines of label, tab and text" in refused(labeled_lines, path)


LABELS = st.text(st.characters(categories=["L", "N"]), min_size=1)
TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1)


@given(LABELS, TEXTS)
def test_any_labeled_line_comes_apart_again(label, text):
    assert labeled(f"{label}\t{text}") == ([label], text)
    assert labeled(f"__label__{label} x{text}") == ([label], f"x{text}")


@pytest.mark.slow
@given(st.lists(LABELS))
def test_any_list_of_labels_comes_back_from_a_cell(labels):
    assert target_of(labels) == target_of(json.dumps(labels)) == labels
    assert target_of("|".join(labels), "|") == labels


# Folders


def write_folder(root, *names):
    for name in names:
        lines(root / name, f"text of {name}")
    return root


def test_a_folder_per_class_is_read_with_all_below_it(tmp_path):
    write_folder(
        tmp_path, "data/a/1.txt", "data/a/more/2.txt", "data/b/3.TXT", "data/b/readme.md", "data/0.txt"
    )
    assert recognized(tmp_path) == [False, False, True]
    dataset = folder(tmp_path / "data")
    assert pairs(dataset.train) == [
        ("text of data/a/1.txt", "a"), ("text of data/a/more/2.txt", "a"), ("text of data/b/3.TXT", "b")
    ]  # fmt: skip
    assert problems(dataset) == {
        "1 file is no .txt and left out: 'b/readme.md'": [],
        "1 text lies in no class folder and is left out": ["0.txt"],
    }


def test_folders_of_parts_lie_above_the_classes_and_archives_are_read(tmp_path):
    names = ["train/a/1.txt", "train/b/2.txt", "val/a/3.txt", "Test/b/4.txt"]
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for name in names:
            archive.writestr(f"wrapper/{name}", name)
    assert recognized(tmp_path / "a.zip") == [False, False, True]
    dataset = folder(tmp_path / "a.zip")
    assert {split: pairs(examples) for split, examples in dataset.splits.items()} == {
        "train": [("train/a/1.txt", "a"), ("train/b/2.txt", "b")],
        "validation": [("val/a/3.txt", "a")],
        "test": [("Test/b/4.txt", "b")],
    }


def test_a_folder_of_a_test_split_alone_is_there_to_be_scored_on(tmp_path):
    write_folder(tmp_path, "test/cat/1.txt", "test/dog/2.txt")
    dataset = load_folder(tmp_path, FolderOptions())
    assert {name: len(examples) for name, examples in dataset.splits.items()} == {"train": 0, "test": 2}
    assert dataset.facts["classes"] == ["cat", "dog"]


def test_files_of_a_folder_that_are_empty_or_no_text_are_named(tmp_path):
    write_folder(tmp_path, "a/1.txt", "b/2.txt")
    (tmp_path / "a/empty.txt").write_bytes(b"")
    (tmp_path / "b/zeros.txt").write_bytes(bytes(100) + b"a" * 50)
    dataset = folder(tmp_path)
    assert len(dataset.train) == 2
    assert problems(dataset) == {
        "1 example without a text is left out": ["a/empty.txt"],
        "1 file cannot be read and is left out": [
            "b/zeros.txt is no text: 100 of its first 150 bytes are NUL"
        ],
    }


def test_a_folder_without_texts_is_one_sentence(tmp_path):
    (tmp_path / "a").mkdir()
    assert "holds no .txt file" in refused(folder, tmp_path)


# Real data


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "counts", "classes"),
    [
        ("trec", {"train": 5442, "test": 500}, 6),
        ("sst2", {"train": 6917, "validation": 872, "test": 1821}, 2),
        ("thucnews_titles", {"train": 33494, "validation": 10000, "test": 10000}, 10),
    ],
)
def test_real_data_is_read_with_no_option(name, counts, classes):
    if not (SHARED / name).is_dir():
        pytest.skip(f"there is no {SHARED / name}: set SUITE_DATA")
    assert recognized(SHARED / name) == [True, False, False]
    dataset = table(SHARED / name)
    assert {split: len(examples) for split, examples in dataset.splits.items()} == counts
    assert len(dataset.facts["classes"]) == classes
