"""Tables as people have them: without a header, in shards, packed, with marks for labels, to be predicted."""

import gzip
import json
import zipfile

import msgspec
import pytest

from suite import UserError
from suite.sources import FileSource
from suite_text.classification.inspection import inspect
from suite_text.classification.loaders.detection import detect_table
from suite_text.classification.loaders.tables import load_table, target_of
from suite_text.classification.options import TableOptions
from suite_text.reading.input_files import InputFiles, input_files_of
from suite_text.reading.lines import open_stream
from suite_text.translation.loaders.parallel import load_parallel
from suite_text.translation.loaders.tables import load_table as load_translations
from suite_text.translation.options import ParallelOptions
from suite_text.translation.options import TableOptions as TranslationTableOptions
from texts_on_disk import lines, pairs, problems


def table(path, **options):
    assert detect_table(path)
    return load_table(path, TableOptions(**options))


def refused(path, **options):
    with pytest.raises(UserError) as error:
        load_table(path, TableOptions(**options))
    return str(error.value)


def predicted(dataset, path):
    """The texts that a model of this data set reads from a file."""
    return [line.text for line in open_stream(FileSource(path), input_files_of(dataset.facts))]


def test_a_table_without_a_header_says_what_to_do_and_is_read_by_numbers(tmp_path):
    path = lines(tmp_path / "a.csv", "good film,yes", "bad film,no")
    assert "--set loader.header=false" in refused(path)
    assert "The first row is 1: 'good film', 2: 'yes'" in refused(path, header=False)
    dataset = table(path, header=False, text_column="1", label_column="2")
    assert pairs(dataset.train) == [("good film", "yes"), ("bad film", "no")]
    assert predicted(dataset, path) == ["good film", "bad film"]


def test_a_run_knows_the_columns_that_its_loader_was_told(tmp_path):
    path = lines(tmp_path / "a.csv", "text,q_title,q_text,label", "-,A,x,1", "-,B,y,2")
    dataset = table(path, text_column="q_title,q_text")
    assert pairs(dataset.train) == [("A x", "1"), ("B y", "2")]
    assert predicted(dataset, lines(tmp_path / "b.csv", "q_text,q_title,text", "z,C,-")) == ["C\nz"]
    assert predicted(dataset, lines(tmp_path / "c.csv", "id,text", "1,z")) == ["z"]
    assert predicted(dataset, lines(tmp_path / "d.jsonl", '{"q_text": "z", "q_title": ""}')) == ["z"]


def test_shards_are_one_split(tmp_path):
    for number in (1, 0, 10):
        lines(tmp_path / f"train-{number:05}-of-00011.csv", "text,label", f"t{number},{number % 2}")
    lines(tmp_path / "test.csv", "text,label", "x,1")
    dataset = table(tmp_path)
    assert pairs(dataset.train) == [("t0", "0"), ("t1", "1"), ("t10", "0")]
    assert pairs(dataset.test) == [("x", "1")]


def test_a_test_table_without_labels_is_to_be_predicted(tmp_path):
    lines(tmp_path / "train.csv", "id,text,label", "0,a,1", "1,b,2")
    lines(tmp_path / "test.csv", "id,text", "2,c")
    lines(tmp_path / "sample_submission.csv", "id,label", "2,1")
    dataset = table(tmp_path)
    assert list(dataset.splits) == ["train"]
    assert any(
        "test.csv has no column for the labels: it is to be predicted" in str(said)
        for said in dataset.problems
    )


def test_a_folder_with_a_test_split_only_can_be_scored_on(tmp_path):
    lines(tmp_path / "test.csv", "text,label", "a,1", "b,2")
    lines(tmp_path / "dev.csv", "text,label", "c,1")
    dataset = table(tmp_path)
    assert [len(dataset.train), len(dataset.validation), len(dataset.test)] == [0, 1, 2]
    assert dataset.facts["classes"] == ["1", "2"]
    assert inspect(dataset, lambda done, total: None).numbers["classes"] == 2


def test_one_class_has_one_name_however_a_number_is_written(tmp_path):
    dataset = table(lines(tmp_path / "a.csv", "text,label", "a,1.0", "b,0", "c,1", "d,0.0", "e,0.5", "f,"))
    assert dataset.facts["classes"] == ["0", "0.5", "1"]
    assert list(problems(dataset)) == ["1 example without a label is left out"]


def test_labels_are_cleaned_as_texts_are(tmp_path):
    path = lines(tmp_path / "a.csv", "text,label", "a,caf\u00e9", "b,cafe\u0301", "c,\u200bcaf\u00e9 ", "d,x")
    assert table(path).facts["classes"] == ["café", "x"]


def test_what_stands_for_no_label_is_left_out_and_said(tmp_path):
    path = lines(tmp_path / "a.csv", "text,label", "a,pos", "b,N/A", "c,neg", "d,nan", "e,N/A", "f,none")
    dataset = table(path)
    assert dataset.facts["classes"] == ["neg", "none", "pos"]
    said = [str(problem) for problem in dataset.problems]
    assert said[0].startswith("2 examples with the label 'N/A', which says that there is none, are left out")
    assert "--set loader.missing_labels='[]'" in said[0]
    assert "N/A" in table(path, missing_labels=()).facts["classes"]


@pytest.mark.parametrize(
    ("cell", "labels"),
    [
        ("['joy', 'love']", ["joy", "love"]),
        ('["joy", "love"]', ["joy", "love"]),
        ("['joy' 'love']", ["joy", "love"]),
        ("('joy',)", ["joy"]),
        ("{'joy'}", ["joy"]),
        ("""["it's", 'so']""", ["it's", "so"]),
        ("[]", []),
        ("[1, 2]", ["1", "2"]),
        ("[joy]", "[joy]"),
        ("joy", "joy"),
    ],
)
def test_a_list_in_a_cell_is_several_labels_as_json_python_and_numpy_write_it(cell, labels):
    assert target_of(cell) == labels


def test_labels_with_commas_whose_pieces_are_labels_are_asked_about(tmp_path):
    path = lines(tmp_path / "a.csv", "text,label", "a,joy", "b,love", 'c,"joy, love"')
    assert any("loader.label_separator=," in str(said) for said in table(path).problems)
    assert table(path, label_separator=",").facts["classes"] == ["joy", "love"]


def test_a_column_for_each_label_is_found_by_its_marks_or_named(tmp_path):
    path = lines(tmp_path / "a.csv", "id,comment,toxic,threat", "7,a,0,0", "8,b,1,1", "9,c,1,0")
    dataset = table(path)
    assert pairs(dataset.train) == [("a", []), ("b", ["toxic", "threat"]), ("c", ["toxic"])]
    assert "a column for each label, with 0 and 1: 'toxic', 'threat'" in str(dataset.problems[0])
    one = table(lines(tmp_path / "b.csv", "text,x,y", "a,1,0", "b,0,1.0"), label_column="x,y")
    assert pairs(one.train) == [("a", "x"), ("b", "y")]


ROWS = [{"text": "a", "label": "x"}, {"text": "b", "label": "y"}]
NESTED = [{"doc": {"text": row["text"]}, "label": row["label"]} for row in ROWS]


@pytest.mark.parametrize("name", ["a.csv.gz", "a.zip", "a.json", "pretty.json", "parts.json", "nested.json"])
def test_packed_and_nested_tables_are_tables(name, tmp_path):
    path = tmp_path / name
    written = "text,label\na,x\nb,y\n"
    if name == "a.csv.gz":
        path.write_bytes(gzip.compress(written.encode()))
    elif name == "a.zip":
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("train.csv", written)
            archive.writestr("__MACOSX/._train.csv", "\0")
    else:
        content = {
            "a.json": json.dumps(ROWS, indent=1),
            "pretty.json": "\n".join(json.dumps(row, indent=1) for row in ROWS),
            "parts.json": json.dumps({"train": ROWS, "test": [{"text": "c", "label": "x"}]}, indent=1),
            "nested.json": json.dumps(
                {"data": [{"doc": {"text": row["text"]}, "label": row["label"]} for row in ROWS]}
            ),
        }
        path.write_text(content[name])
    dataset = table(path)
    assert pairs(dataset.train) == [("a", "x"), ("b", "y")]
    assert (dataset.test is not None) == (name == "parts.json")
    if name != "a.zip":
        assert predicted(dataset, path)[:2] == ["a", "b"]


def test_packages_that_are_missing_are_named(tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "openpyxl", None)
    path = tmp_path / "a.xlsx"
    path.write_bytes(b"PK")
    assert detect_table(path)
    assert "pip install 'keras-suite[tables]'" in refused(path)


def test_files_can_be_called_by_their_side_and_compressed(tmp_path):
    for name, text in {
        "train.src": "a\nb\n",
        "train.tgt": "x\ny\n",
        "valid.src": "c\n",
        "valid.tgt": "z\n",
    }.items():
        (tmp_path / f"{name}.gz").write_bytes(gzip.compress(text.encode()))
    dataset = load_parallel(tmp_path, ParallelOptions())
    assert pairs(dataset.train) == [("a", "x"), ("b", "y")]
    assert pairs(dataset.validation) == [("c", "z")]
    assert input_files_of(dataset.facts) == InputFiles(suffixes=(".src",))


def test_translations_without_a_header_are_read_by_numbers(tmp_path):
    path = lines(tmp_path / "a.tsv", "a dog\tein Hund", "a cat\teine Katze")
    dataset = load_translations(path, TranslationTableOptions(header=False, source="1", target="2"))
    assert pairs(dataset.train) == [("a dog", "ein Hund"), ("a cat", "eine Katze")]
    assert predicted(dataset, path) == ["a dog", "a cat"]


def test_options_that_are_read_from_a_file_give_the_same_facts_and_the_same_codec(tmp_path):
    path = lines(tmp_path / "a.csv", "text,label", "a dog,pos", "a cat,neg")
    read = json.loads('"auto"')  # equal to the default, but another object, as from a file of options
    given, again = (table(path, **options).facts for options in ({}, {"encoding": read}))
    assert given == again
    assert given["files"] == {"columns": ("text",)}
    files = [InputFiles(columns=("text",), **options) for options in ({}, {"encoding": read})]
    assert msgspec.json.encode(files[0]) == msgspec.json.encode(files[1])


def test_what_is_only_guessed_or_to_be_predicted_is_not_wrong(tmp_path):
    (tmp_path / "guessed").mkdir()
    guessed = tmp_path / "guessed" / "train.csv"
    guessed.write_bytes("text,label\nein schöner Tag,gut\nein übler Tag,böse\n".encode("cp1252"))
    columns = lines(tmp_path / "columns.csv", "text,good,bad", "a dog,1,0", "a cat,0,1")
    lines(tmp_path / "kaggle" / "train.csv", "text,label", "a dog,pos", "a cat,neg")
    lines(tmp_path / "kaggle" / "test.csv", "text", "a fish")
    for path in (guessed, columns, tmp_path / "kaggle"):
        (problem,) = table(path).problems
        assert not problem.wrong, problem
