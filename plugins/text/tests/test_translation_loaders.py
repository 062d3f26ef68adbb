"""Translations in parallel files and tables: what is read, which way, and what is left out with its line."""

import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from suite import UserError
from suite_text.reading.languages import is_language
from suite_text.translation.loaders.parallel import detect_parallel, load_parallel
from suite_text.translation.loaders.tables import detect_table, load_table
from suite_text.translation.loaders.tmx import detect_tmx, load_tmx
from suite_text.translation.options import ParallelOptions, TableOptions, TmxOptions
from texts_on_disk import lines, pairs, problems

SHARED = Path(os.environ.get("SUITE_DATA", Path(__file__).parents[4] / "shared/data"))


def parallel(path, **options):
    return load_parallel(path, ParallelOptions(**options))


def table(path, **options):
    return load_table(path, TableOptions(**options))


def refused(load, path, **options):
    with pytest.raises(UserError) as error:
        load(path, **options)
    return str(error.value)


@pytest.fixture
def folder(tmp_path):
    lines(tmp_path / "train.en", "a dog", "two cats", "a house")
    lines(tmp_path / "train.de", "ein Hund", "zwei Katzen", "ein Haus")
    lines(tmp_path / "val.en", "a cat")
    lines(tmp_path / "val.de", "eine Katze")
    lines(tmp_path / "test_2016_flickr.en", "two dogs")
    lines(tmp_path / "test_2016_flickr.de", "zwei Hunde")
    lines(tmp_path / "README.md", "about")
    return tmp_path


# Parallel files


def test_files_of_one_name_are_a_part_with_a_line_for_each_pair(folder):
    assert (detect_parallel(folder), detect_table(folder)) == (True, False)
    dataset = parallel(folder, source="en")
    assert {split: pairs(examples) for split, examples in dataset.splits.items()} == {
        "train": [("a dog", "ein Hund"), ("two cats", "zwei Katzen"), ("a house", "ein Haus")],
        "validation": [("a cat", "eine Katze")],
        "test": [("two dogs", "zwei Hunde")],
    }
    assert (dataset.facts["source"], dataset.facts["target"]) == ("en", "de")
    assert dataset.train[2].id == "train.en:3"
    assert dataset.problems == []


@pytest.mark.parametrize("options", [{"source": "de"}, {"target": "en"}, {"source": "de", "target": "en"}])
def test_one_language_is_enough_to_say_which_way(options, folder):
    assert pairs(parallel(folder, **options).test) == [("zwei Hunde", "two dogs")]


def test_which_way_has_to_be_said_and_the_message_says_what_to_type(folder):
    assert refused(parallel, folder) == (
        f"{folder} (train) has 'de' and 'en': say which to translate from, with --set loader.source=de or"
        " --set loader.source=en"
    )
    lines(folder / "train.fr", "un chien", "deux chats", "une maison")
    assert "has de, en, fr: say which two are meant, with --set loader.target=NAME" in refused(
        parallel, folder, source="en"
    )
    assert "has no source 'it'" in refused(parallel, folder, source="it")
    assert "source and target are both 'en'" in refused(parallel, folder, source="en", target="en")
    assert "has no file of val in 'fr', only in de, en" in refused(parallel, folder, source="en", target="fr")


def test_unequal_numbers_of_lines_are_an_error_with_both_counts(folder):
    lines(folder / "val.de", "eine Katze", "ein Hund", "")
    assert refused(parallel, folder, source="en") == (
        f"{folder / 'val.en'} has 1 lines, but val.de has 3: their lines must belong together"
    )


def test_a_last_line_without_a_line_break_counts(folder):
    (folder / "val.de").write_text("eine Katze")
    assert pairs(parallel(folder, source="en").validation) == [("a cat", "eine Katze")]


def test_several_tests_are_chosen_from(folder):
    lines(folder / "test_2017.en", "three dogs")
    lines(folder / "test_2017.de", "drei Hunde")
    said = refused(parallel, folder, source="en")
    assert "more than one file for the test split: 'test_2016_flickr', 'test_2017'" in said
    assert "--set loader.test=test_2016_flickr" in said
    dataset = parallel(folder, source="en", test="test_2017")
    assert pairs(dataset.test) == [("three dogs", "drei Hunde")]
    assert problems(dataset) == {"1 set of files is of no split, left out": ["test_2016_flickr"]}


def test_endings_after_the_language_and_a_folder_around_it_are_passed_over(tmp_path):
    lines(tmp_path / "data/corpus.en.txt", "a dog")
    lines(tmp_path / "data/corpus.zh-Hans.txt", "一只狗")
    assert detect_parallel(tmp_path)
    assert pairs(parallel(tmp_path, source="en").train) == [("a dog", "一只狗")]


def test_pairs_with_an_empty_side_are_left_out_and_named(folder):
    lines(folder / "train.en", "a dog", "", "a house")
    lines(folder / "train.de", "ein Hund", "zwei Katzen", "  ")
    dataset = parallel(folder, source="en")
    assert pairs(dataset.train) == [("a dog", "ein Hund")]
    assert problems(dataset) == {
        "1 pair with an empty source is left out": ["train.en, line 2"],
        "1 pair with an empty target is left out": ["train.en, line 3"],
    }


def test_an_empty_file_is_one_sentence(folder):
    (folder / "val.de").write_bytes(b"\xef\xbb\xbf")
    assert refused(parallel, folder, source="en") == f"{folder / 'val.de'} is empty: it has no text in it"


def test_encodings_broken_lines_and_nul_bytes_are_named(folder):
    lines(folder / "train.de", "schöner Hund", "süße Katzen", "böses Haus", encoding="cp1252")
    (folder / "val.de").write_bytes("schöne, süße, große Katze \0\n".encode())
    dataset = parallel(folder, source="en")
    assert [target for _, target in pairs(dataset.train)] == ["schöner Hund", "süße Katzen", "böses Haus"]
    assert pairs(dataset.validation) == [("a cat", "schöne, süße, große Katze")]
    first, *others = dataset.problems
    assert first.startswith("train.de is not UTF-8 and was read as Windows-1252")
    assert others == ["1 line has NUL characters: 'val.de, line 1'"]


def test_training_pairs_whose_source_is_in_another_part_are_left_out_and_counted(folder):
    lines(folder / "train.en", "a dog", "two  dogs", "a dog", "a dog")
    lines(folder / "train.de", "ein Hund", "zwei Hündchen", "ein Hund", "der Hund")
    dataset = parallel(folder, source="en")
    assert len(dataset.train) == 3
    left = "1 pair is left out of train, since its source is in test too"
    assert problems(dataset) == {left: ["train.en:2"]}
    dataset = parallel(folder, source="en", duplicates="removed")
    assert pairs(dataset.train) == [("a dog", "ein Hund"), ("a dog", "der Hund")]
    assert problems(dataset)["1 copy of a training pair is left out"] == ["train.en:3"]
    assert len(parallel(folder, source="en", duplicates="kept").train) == 4


@pytest.mark.slow
def test_a_line_of_fifty_megabytes_is_read(tmp_path):
    long = ("w" * 99 + " ") * 500_000
    lines(tmp_path / "train.en", "a", long)
    lines(tmp_path / "train.de", "b", "c")
    dataset = parallel(tmp_path, source="en")
    assert [len(text) for text, _ in pairs(dataset.train)] == [1, 49_999_999]


# Tables


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.tsv", ["source\ttarget", "a dog\tein Hund", "two cats\tzwei Katzen"]),
        ("a.csv", ["tgt,src", "ein Hund,a dog", "zwei Katzen,two cats"]),
        (
            "a.jsonl",
            [
                '{"text": "a dog", "translation": "ein Hund"}',
                '{"text": "two cats", "translation": "zwei Katzen"}',
            ],
        ),
    ],
)
def test_columns_of_a_table_are_found_by_their_names(name, content, tmp_path):
    path = lines(tmp_path / name, *content)
    assert detect_table(path)
    assert detect_table(tmp_path)
    assert pairs(table(path).train) == [("a dog", "ein Hund"), ("two cats", "zwei Katzen")]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.tsv", ["id\ten\tde", "1\ta dog\tein Hund"]),
        ("a.jsonl", ['{"translation": {"en": "a dog", "de": "ein Hund"}}']),
    ],
)
def test_columns_of_languages_need_a_direction(name, content, tmp_path):
    path = lines(tmp_path / name, *content)
    assert detect_table(path)
    assert "--set loader.source=en or --set loader.source=de" in refused(table, path)
    dataset = table(path, source="de")
    assert pairs(dataset.train) == [("ein Hund", "a dog")]
    assert (dataset.facts["source"], dataset.facts["target"]) == ("de", "en")


def test_columns_can_be_named_and_a_missing_one_is_one_sentence(tmp_path):
    path = lines(tmp_path / "a.csv", "mine,yours,note", "a dog,ein Hund,-")
    assert refused(table, path) == (
        f"{path} has no columns for the texts and their translations ('source' and 'target', say), only"
        " 'mine', 'yours', 'note': name them with --set loader.source=NAME --set loader.target=NAME;"
        " if its first row is data already, say --set loader.header=false and name both by their numbers"
    )
    assert pairs(table(path, source="mine", target="yours").train) == [("a dog", "ein Hund")]
    assert "has no target 'your': did you mean 'yours'" in refused(table, path, source="mine", target="your")


def test_the_parts_of_tables_are_files_or_a_column(tmp_path):
    for split in ("train", "dev", "test"):
        lines(tmp_path / f"files/{split}.csv", "source,target", f"{split},x")
    dataset = table(tmp_path / "files")
    assert {split: pairs(examples) for split, examples in dataset.splits.items()} == {
        "train": [("train", "x")], "validation": [("dev", "x")], "test": [("test", "x")]
    }  # fmt: skip
    path = lines(tmp_path / "a.csv", "source,target,split", "a,b,train", "c,d,test", "e,f,other")
    dataset = table(path)
    assert pairs(dataset.test) == [("c", "d")]
    left = "1 pair of neither train, validation nor test is left out"
    assert problems(dataset) == {left: ["a.csv, line 4"]}


def test_several_translations_are_references_and_pairs_in_train(tmp_path):
    rows = [
        {"source": "a", "target": ["b", "c"], "split": "train"},
        {"source": "d", "target": ["e", "f"], "split": "test"},
    ]
    dataset = table(lines(tmp_path / "a.jsonl", *map(json.dumps, rows)))
    assert pairs(dataset.train) == [("a", "b"), ("a", "c")]
    assert [dataset.train[index].id for index in range(2)] == ["a.jsonl:1", "a.jsonl:1/2"]
    assert pairs(dataset.test) == [("d", ["e", "f"])]


def test_broken_rows_are_counted_and_named_and_the_others_go_on(tmp_path):
    dataset = table(lines(tmp_path / "a.csv", "source,target", "a,b", "c", "d,e"))
    assert pairs(dataset.train) == [("a", "b"), ("d", "e")]
    left = "1 row with another number of cells than the header's 2 is left out"
    assert problems(dataset) == {left: ["a.csv, line 3"]}


def test_what_languages_are_called():
    assert all(map(is_language, ["en", "DE", "deu", "zh-Hans", "pt_BR"]))
    assert not any(map(is_language, ["txt", "md", "csv", "xx", "english", ""]))


TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc", "Cf"]))


@pytest.mark.slow
@given(st.lists(st.tuples(TEXTS, TEXTS), min_size=1))
def test_any_parallel_lines_come_back_but_those_with_an_empty_side(tmp_path_factory, written):
    folder = tmp_path_factory.mktemp("parallel")
    lines(folder / "train.en", "x", *(source for source, _ in written))
    lines(folder / "train.de", "y", *(target for _, target in written))
    dataset = parallel(folder, source="en", white_space="kept", unicode="none")
    full = [(source, target) for source, target in written if source.strip() and target.strip()]
    assert pairs(dataset.train) == [("x", "y"), *full]


@pytest.mark.slow
def test_real_data_needs_the_direction_only():
    folder = SHARED / "multi30k"
    if not folder.is_dir():
        pytest.skip(f"there is no {folder}: set SUITE_DATA")
    assert detect_parallel(folder)
    assert "--set loader.source=en" in refused(parallel, folder)
    dataset = parallel(folder, source="en")
    assert {split: len(examples) for split, examples in dataset.splits.items()} == {
        "train": 28999, "validation": 1014, "test": 1000
    }  # fmt: skip


# Translation memories, and what is left out by name


TMX = """<?xml version="1.0"?><!DOCTYPE tmx SYSTEM "tmx14.dtd">
<tmx version="1.4"><header srclang="EN-us"/><body>
<tu><tuv xml:lang="de-DE"><seg>ein <bpt i="1">&lt;b&gt;</bpt>Hund<ept i="1"/> &amp; so</seg></tuv>
<tuv xml:lang="en-US"><seg>a <hi>dog</hi> &amp; so</seg></tuv></tu>
<tu><tuv xml:lang="en-US"><seg>alone</seg></tuv></tu>
</body></tmx>"""


def test_a_translation_memory_is_read_from_the_language_that_its_header_names(tmp_path):
    path = lines(tmp_path / "memory.tmx", TMX)
    assert detect_tmx(path)
    dataset = load_tmx(path, TmxOptions())
    assert pairs(dataset.train) == [("a dog & so", "ein Hund & so")]
    assert (dataset.facts["source"], dataset.facts["target"]) == ("en-us", "de-de")
    assert problems(dataset) == {"1 pair with an empty target is left out": ["memory.tmx, line 2"]}
    assert pairs(load_tmx(path, TmxOptions(source="de")).train) == [("ein Hund & so", "a dog & so")]
    with pytest.raises(UserError, match="is no TMX"):
        load_tmx(lines(tmp_path / "b.tmx", "<tmx>"), TmxOptions())


@pytest.mark.parametrize(
    "content",
    [
        '<?xml version="1.0" encoding="klingon"?><tmx/>',
        '<?xml version="1.0" encoding="shift_jis"?><tmx/>',
        f"<tmx><body><tu><tuv><seg>{'<hi>' * 3000}{'</hi>' * 3000}</seg></tuv></tu></body></tmx>",
    ],
)
def test_an_encoding_that_nobody_knows_and_deep_nesting_are_said(tmp_path, content):
    with pytest.raises(UserError, match="is no TMX: "):
        load_tmx(lines(tmp_path / "memory.tmx", content), TmxOptions())


def test_pairs_that_look_like_no_translation_are_left_out_by_name(tmp_path):
    usual = [(f"sentence {number} as they are", f"предложение {number} как обычно") for number in range(9)]
    odd = [
        ("this one goes on and on " * 9, "коротко"),
        ("this is a copy of itself", "this is a copy of itself"),
        ("the wrong script here", "in the wrong alphabet"),
    ]
    for side, language in enumerate(("en", "ru")):
        lines(tmp_path / f"train.{language}", *(pair[side] for pair in [*usual, *odd]))
        lines(tmp_path / f"test.{language}", *(pair[side] for pair in odd))
    assert len(parallel(tmp_path, source="en", duplicates="kept").train) == 12
    filters = {"max_ratio": 3, "copies": "removed", "wrong_script": "removed"}
    dataset = parallel(tmp_path, source="en", duplicates="kept", **filters)
    assert pairs(dataset.train) == usual
    assert len(dataset.test) == 3
    assert problems(dataset) == {
        "1 pair with a side more than 3 times as long as usual is left out": ["train.en:10"],
        "1 pair whose text is its own translation is left out": ["train.en:11"],
        "1 pair with a side in the script of the other is left out": ["train.en:12"],
    }
