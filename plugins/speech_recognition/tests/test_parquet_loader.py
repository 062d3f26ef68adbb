"""Recordings in the cells of Parquet tables, as data sets of the Hugging Face Hub have them."""

import io

import numpy as np
import pytest
import soundfile

from parquet_on_disk import write
from suite import UserError
from suite_speech_recognition.audio.recordings import describe
from suite_speech_recognition.loaders.detection import detect_manifest, detect_parquet
from suite_speech_recognition.loaders.options import ParquetOptions
from suite_speech_recognition.loaders.parquet import load as load_parquet

WORDS = ["no", "yes"]
FEATURES = {"audio": {"_type": "Audio"}, "label": {"names": WORDS, "_type": "ClassLabel"}}


def load(path, **options):
    return load_parquet(path, ParquetOptions(**options))


def sound(samples):
    content = io.BytesIO()
    soundfile.write(content, np.sin(np.arange(samples) * 0.3) * 0.5, 8000, format="FLAC", subtype="PCM_16")
    return content.getvalue()


def audio(samples, path="a.flac"):
    return {"bytes": sound(samples), "path": path}


def test_shards_and_splits_of_a_folder(tmp_path):
    rows = [
        {
            "audio": audio(800 + 8 * number),
            "sentence": f"word {number}",
            "client_id": "ann" if number % 2 else "bo",
        }
        for number in range(5)
    ]
    write(tmp_path / "data/train-00000-of-00002.parquet", rows[:3])
    write(tmp_path / "data/train-00001-of-00002.parquet", rows[3:4])
    write(tmp_path / "data/test-00000-of-00001.parquet", rows[4:])
    (tmp_path / "README.md").write_text("---\n---\n", encoding="utf-8")
    assert detect_parquet(tmp_path) is True
    assert not detect_manifest(tmp_path)
    dataset = load(tmp_path)
    assert [example.target for example in dataset.train] == [
        {"text": f"word {number}", "speaker": "ann" if number % 2 else "bo"} for number in range(4)
    ]
    assert [describe(example.input).seconds for example in dataset.train] == [0.1, 0.101, 0.102, 0.103]
    assert len(dataset.test) == 1
    assert dataset.validation is None
    assert dataset.train[0].id == "data/train-00000-of-00002.parquet/row 1"  # paths that are all the same
    assert dataset.problems == []


def test_numbers_of_words_and_other_columns(tmp_path):
    rows = [
        {
            "audio": audio(800, f"/x/{number}.flac"),
            "label": number % 2,
            "sampling_rate": 8000,
            "path": "gone.wav",
        }
        for number in range(4)
    ]
    dataset = load(write(tmp_path / "a.parquet", rows, FEATURES))
    assert [example.target["text"] for example in dataset.train] == ["no", "yes", "no", "yes"]
    assert dataset.train[2].id == "a.parquet/2.flac"


def test_rows_that_cannot_be_used_are_named(tmp_path):
    rows = [
        {"audio": audio(800), "text": "one", "split": "train", "session": "a"},
        {"audio": None, "text": "two", "split": "train", "session": "a"},
        {"audio": audio(800), "text": " ", "split": "train", "session": "a"},
        {"audio": audio(800), "text": "four", "split": "elsewhere", "session": "b"},
        {"audio": audio(800), "text": "five", "split": "dev", "session": "b"},
    ]
    path = write(tmp_path / "a.parquet", rows)
    dataset = load(path, group_column="session")
    assert [dataset.groups(example) for example in (dataset.train[0], dataset.validation[0])] == ["a", "b"]
    said = "\n".join(dataset.problems)
    assert "1 example without a recording in the table, left out" in said
    assert "1 example with an empty transcript, left out" in said
    assert "1 example of neither train, validation nor test, left out" in said
    assert [(len(dataset.train)), len(dataset.validation)] == [1, 1]


def test_columns_by_their_names(tmp_path):
    path = write(tmp_path / "a.parquet", [{"rec": sound(800), "said": "one"}])
    assert detect_parquet(path) is True
    with pytest.raises(UserError, match="no column for the transcripts.*only 'rec', 'said'"):
        load(path)
    assert load(path, text_column="said").train[0].target == {"text": "one"}
    with pytest.raises(UserError, match="no column 'sa' .text_column.: did you mean 'said'"):
        load(path, text_column="sa")


def test_what_is_not_read_is_named(tmp_path):
    arrays = [{"audio": {"array": [0.5, 0.25], "sampling_rate": 8000}, "text": "one"}]
    sentence = detect_parquet(write(tmp_path / "arrays.parquet", arrays))
    assert "as arrays of samples in the column 'audio', which are not read: write each" in sentence
    paths = write(tmp_path / "paths.parquet", [{"path": "a.wav", "text": "one"}])
    assert not detect_parquet(paths)
    assert detect_manifest(paths)


def test_a_table_is_no_recording_to_be_predicted(tmp_path):
    path = write(tmp_path / "a.parquet", [{"audio": audio(800), "text": "one"}])
    with pytest.raises(UserError, match="is a Parquet table: .* to predict them, write them to files"):
        describe(path)


def test_without_pyarrow_the_missing_package_is_named(tmp_path, monkeypatch):
    path = write(tmp_path / "a.parquet", [{"audio": audio(800), "text": "one"}])
    monkeypatch.setitem(__import__("sys").modules, "pyarrow.parquet", None)
    assert detect_parquet(path) is True
    with pytest.raises(UserError, match="needs the package pyarrow: pip install 'keras-suite.tables.'"):
        load(path)
