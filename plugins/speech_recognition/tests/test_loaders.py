"""Common Voice, LibriSpeech, texts beside recordings; which loader recognizes what; speakers in splits."""

import os
import zipfile
from pathlib import Path

import pytest

import suite
import suite_speech_recognition
from speech_on_disk import problems, recordings, rows, table
from suite import UserError
from suite.data.loading import load_dataset
from suite.data.splits import complete
from suite.sources import FolderTree
from suite_speech_recognition.loaders import common_voice as common_voice_loader
from suite_speech_recognition.loaders import detection
from suite_speech_recognition.loaders import librispeech as librispeech_loader
from suite_speech_recognition.loaders import manifest as manifest_loader
from suite_speech_recognition.loaders import pattern as pattern_loader
from suite_speech_recognition.loaders import text_files as text_files_loader
from suite_speech_recognition.loaders.options import (
    CommonVoiceOptions,
    LibriSpeechOptions,
    ManifestOptions,
    PatternOptions,
    TextFilesOptions,
)

DETECTORS = {
    "manifest": detection.detect_manifest,
    "common-voice": detection.detect_common_voice,
    "librispeech": detection.detect_librispeech,
    "text-files": detection.detect_text_files,
    "pattern": detection.detect_pattern,
}


def recognized(path):
    return [name for name, detect in DETECTORS.items() if detect(Path(path))]


def sizes(dataset):
    return {name: len(split) for name, split in dataset.splits.items()}


def refused(load, path, options):
    with pytest.raises(UserError) as error:
        load(Path(path), options)
    return str(error.value)


# Common Voice


@pytest.fixture
def common_voice(tmp_path):
    folder = recordings(tmp_path / "cv" / "en", *(f"clips/{name}.mp3" for name in "abcd"))
    header = "client_id\tpath\tsentence\tup_votes\tage"
    for name, clips in {"train": "a", "dev": "b", "test": "c", "validated": "abcd"}.items():
        table(
            folder / f"{name}.tsv",
            header,
            *(f"speaker {clip}\t{clip}.mp3\tThis is {clip}.\t2\t" for clip in clips),
        )
    table(folder / "invalidated.tsv", header)
    return folder


def test_common_voice_has_its_official_splits(common_voice):
    assert recognized(common_voice) == ["common-voice"]
    dataset = common_voice_loader.load(common_voice, CommonVoiceOptions())
    assert rows(dataset.train) == [("clips/a.mp3", "This is a.", "speaker a")]
    assert sizes(dataset) == {"train": 1, "validation": 1, "test": 1}
    assert recognized(common_voice.parent) == ["common-voice"]


def test_all_that_was_validated_of_common_voice_can_be_had_and_is_taken_where_there_is_nothing_else(
    common_voice,
):
    dataset = common_voice_loader.load(common_voice, CommonVoiceOptions(splits="validated"))
    assert sizes(dataset) == {"train": 4}
    assert dataset.groups is not None
    for name in ("train", "dev", "test"):
        (common_voice / f"{name}.tsv").unlink()
    assert recognized(common_voice) == ["common-voice"]
    assert sizes(common_voice_loader.load(common_voice, CommonVoiceOptions())) == {"train": 4}


def test_the_first_releases_of_common_voice_left_out_the_ending(common_voice):
    table(common_voice / "train.tsv", "client_id\tpath\tsentence", "x\ta\tHello")
    dataset = common_voice_loader.load(common_voice, CommonVoiceOptions())
    assert rows(dataset.train) == [("clips/a.mp3", "Hello", "x")]


def test_what_is_no_common_voice_is_refused(tmp_path):
    said = refused(common_voice_loader.load, recordings(tmp_path, "a.wav"), CommonVoiceOptions())
    assert "is no Common Voice: it has neither a train.tsv nor a validated.tsv" in said


def test_clips_of_common_voice_that_are_not_there_are_named(common_voice):
    table(common_voice / "train.tsv", "client_id\tpath\tsentence", "x\ta.mp3\tHello", "x\tz.mp3\tGone")
    dataset = common_voice_loader.load(common_voice, CommonVoiceOptions())
    assert list(problems(dataset).values()) == [["train.tsv, line 3: z.mp3"]]


# LibriSpeech


@pytest.fixture
def librispeech(tmp_path):
    folder = tmp_path / "LibriSpeech"
    for subset, speaker in [
        ("train-clean-100", "19"),
        ("train-other-500", "20"),
        ("dev-clean", "84"),
        ("test-clean", "61"),
    ]:
        place = f"{subset}/{speaker}/198"
        recordings(folder, f"{place}/{speaker}-198-0000.flac", f"{place}/{speaker}-198-0001.flac")
        table(
            folder / place / f"{speaker}-198.trans.txt",
            f"{speaker}-198-0000 NORTHANGER ABBEY",
            f"{speaker}-198-0001 IT IS",
        )
    table(folder / "SPEAKERS.TXT", "; ID")
    return folder


def test_librispeech_has_the_parts_that_its_folders_are_called_after(librispeech):
    assert recognized(librispeech) == ["librispeech"]
    dataset = librispeech_loader.load(librispeech, LibriSpeechOptions())
    assert sizes(dataset) == {"train": 4, "validation": 2, "test": 2}
    assert rows(dataset.test) == [
        ("test-clean/61/198/61-198-0000.flac", "NORTHANGER ABBEY", "61"),
        ("test-clean/61/198/61-198-0001.flac", "IT IS", "61"),
    ]
    assert dataset.problems == []


def test_subsets_of_librispeech_can_be_chosen(librispeech):
    options = LibriSpeechOptions(subsets=["train-clean-100", "test-clean"])
    assert sizes(librispeech_loader.load(librispeech, options)) == {"train": 2, "test": 2}
    said = refused(librispeech_loader.load, librispeech, LibriSpeechOptions(subsets=["train-clean-10"]))
    assert "has no subset 'train-clean-10': did you mean 'train-clean-100'?" in said
    assert sizes(librispeech_loader.load(librispeech / "dev-clean", LibriSpeechOptions())) == {"train": 2}


def test_lines_and_recordings_of_librispeech_that_lack_each_other_are_named(librispeech):
    recordings(librispeech, "dev-clean/84/198/84-198-0002.flac")
    table(
        librispeech / "train-clean-100/19/198/19-198.trans.txt",
        "19-198-0000 YES",
        "19-198-0009 NO",
        "19-198-0001",
    )
    dataset = librispeech_loader.load(librispeech, LibriSpeechOptions())
    assert problems(dataset) == {
        "1 example whose recording is not there, left out": [
            "train-clean-100/19/198/19-198.trans.txt, line 2: 19-198-0009"
        ],
        "1 example with an empty transcript, left out": ["train-clean-100/19/198/19-198.trans.txt, line 3"],
        "1 example without a transcript, left out": ["dev-clean/84/198/84-198-0002.flac"],
    }


# Texts beside recordings


def test_a_text_beside_each_recording(tmp_path):
    folder = recordings(tmp_path, "one/a.wav", "two/b.MP3", "two/c.wav", "d.flac")
    table(folder / "one/a.txt", "Hello", " you  there", encoding="utf-8-sig")
    table(folder / "two/b.txt", "你好")
    table(folder / "two/z.txt", "alone")
    (folder / "two/c.txt").write_bytes("Grüße".encode("latin-1"))
    recordings(folder, "e.wav")
    (folder / "e.txt").write_bytes(bytes(200))
    assert recognized(folder) == ["text-files"]
    dataset = text_files_loader.load(folder, TextFilesOptions())
    assert rows(dataset.train) == [
        ("one/a.wav", "Hello you there", None),
        ("two/b.MP3", "你好", None),
        ("two/c.wav", "Grüße", None),
    ]
    assert problems(dataset) == {
        "1 example without a .txt beside it, left out": ["d.flac"],
        "1 example whose text cannot be read, left out": [
            f"{folder / 'e.txt'} is no text: 200 of its first 200 bytes are NUL"
        ],
        "1 text is not UTF-8 and read as Windows-1252, by their looks": ["two/c.txt"],
        "1 text without a recording": ["two/z.txt"],
    }
    dataset = text_files_loader.load(folder, TextFilesOptions(speaker_folders=True))
    assert [speaker for _, _, speaker in rows(dataset.train)] == ["one", "two", "two"]


def test_folders_named_after_splits_are_splits(tmp_path):
    for name in ("train/ann/a", "valid/bo/b", "test/c"):
        recordings(tmp_path, f"{name}.wav")
        table(tmp_path / f"{name}.txt", name)
    dataset = text_files_loader.load(tmp_path, TextFilesOptions(speaker_folders=True))
    assert {name: rows(split) for name, split in dataset.splits.items()} == {
        "train": [("train/ann/a.wav", "train/ann/a", "ann")],
        "validation": [("valid/bo/b.wav", "valid/bo/b", "bo")],
        "test": [("test/c.wav", "test/c", None)],
    }


def test_texts_in_an_archive(tmp_path):
    folder = recordings(tmp_path / "data", "a.wav")
    table(folder / "a.txt", "hello")
    with zipfile.ZipFile(tmp_path / "data.zip", "w") as archive:
        for path in folder.iterdir():
            archive.write(path, path.name)
    assert recognized(tmp_path / "data.zip") == ["text-files"]
    assert rows(text_files_loader.load(tmp_path / "data.zip", TextFilesOptions()).train) == [
        ("a.wav", "hello", None)
    ]


def test_recordings_without_texts_are_refused(tmp_path):
    said = refused(text_files_loader.load, recordings(tmp_path, "a.wav"), TextFilesOptions())
    assert "holds no recording with a text of the same name beside it (.txt, .lab," in said


# Through the host


def test_options_of_a_pattern_need_no_name_of_a_loader(tmp_path):
    folder = recordings(tmp_path, *(f"{digit}_{speaker}_0.wav" for digit in "01" for speaker in "abc"))
    host = suite.Host(suite_speech_recognition, discover=False)
    dataset, found = load_dataset(
        host, "speech-recognition", folder, options={"pattern": "{text}_{speaker}_{take}.wav"}
    )
    assert found.item.name == "pattern"
    assert len(dataset.train) == 6
    with pytest.raises(UserError, match="holds recordings without transcripts"):
        load_dataset(host, "speech-recognition", folder)


def test_a_manifest_comes_before_texts_and_patterns(tmp_path):
    folder = recordings(tmp_path, "a.wav", "b.wav")
    table(folder / "a.txt", "hello")
    table(folder / "notes.csv", "what,when", "call Ann,today")
    assert recognized(folder) == ["text-files"]
    table(folder / "metadata.csv", "file_name,transcription", "a.wav,hello")
    assert recognized(folder) == ["manifest"]
    dataset = manifest_loader.load(folder, ManifestOptions())
    assert rows(dataset.train) == [("a.wav", "hello", None)]
    assert problems(dataset) == {"1 table is of no split, left out": ["notes.csv"]}


def test_data_of_other_tasks_is_not_recognized(tmp_path):
    (tmp_path / "cat").mkdir()
    (tmp_path / "cat" / "a.png").write_bytes(b"x")
    (tmp_path / "cat" / "a.txt").write_text("0 0.5 0.5 1 1")
    table(tmp_path / "train.csv", "path,label", "cat/a.png,cat")
    assert recognized(tmp_path) == []


def test_loading_looks_into_no_recording(tmp_path, monkeypatch):
    folder = tmp_path / "data"
    folder.mkdir()
    for name in ("a", "b"):
        (folder / f"{name}_x_0.wav").write_bytes(b"no sound")
    table(folder / "train.tsv", "path\ttext", "a_x_0.wav\thello", "b_x_0.wav\tyou")

    def read(self, index):
        raise AssertionError(self.names[index])

    monkeypatch.setattr(FolderTree, "read", read)
    assert len(manifest_loader.load(folder, ManifestOptions()).train) == 2
    assert len(pattern_loader.load(folder, PatternOptions(pattern="{text}_{speaker}_{take}")).train) == 2


# Speakers in splits that are made


def spoken(tmp_path, speakers, **options):
    names = [f"{digit}_{speaker}_{take}.wav" for digit in "0123" for speaker in speakers for take in range(5)]
    for number, name in enumerate(names):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(os.urandom(20 + number % 3))
    return pattern_loader.load(tmp_path, PatternOptions(pattern="{text}_{speaker}_{take}.wav", **options))


def speakers_of(dataset):
    return {
        name: {split[index].target["speaker"] for index in range(len(split))}
        for name, split in dataset.splits.items()
    }


def test_parts_that_are_made_keep_a_speaker_on_one_side(tmp_path):
    dataset, _ = complete(spoken(tmp_path, "abcdefgh"))
    train, validation, test = speakers_of(dataset).values()
    assert train | validation | test == set("abcdefgh")
    assert not train & validation
    assert not train & test
    assert not validation & test
    assert len(train) >= 5


def test_three_speakers_suffice_for_three_splits(tmp_path):
    dataset, _ = complete(spoken(tmp_path, "abc"))
    assert sorted(map(len, speakers_of(dataset).values())) == [1, 1, 1]


@pytest.mark.parametrize("speakers", ["a", "ab"])
def test_with_fewer_speakers_than_parts_they_are_in_all_of_them(speakers, tmp_path):
    dataset, _ = complete(spoken(tmp_path, speakers))
    assert all(found == set(speakers) for found in speakers_of(dataset).values())


def test_where_the_test_part_has_speakers_of_train_so_has_validation(tmp_path):
    dataset, _ = complete(spoken(tmp_path, "abcdef", test="take=0"))
    found = speakers_of(dataset)
    assert found["train"] == set("abcdef")
    assert len(found["validation"]) > 3
    assert len(dataset.validation) == pytest.approx(10, abs=3)


def test_where_the_test_part_has_other_speakers_so_has_validation(tmp_path):
    dataset, _ = complete(spoken(tmp_path, "abcdef", test="speaker=a,b"))
    found = speakers_of(dataset)
    assert found["test"] == {"a", "b"}
    assert not found["validation"] & found["train"]


def test_examples_of_unknown_speakers_are_on_their_own(tmp_path):
    folder = recordings(tmp_path, *(f"{number}.wav" for number in range(40)))
    lines = [
        f"{number}.wav\ttext {number}\t{'ann' if number < 3 else 'bo' if number < 6 else ''}"
        for number in range(40)
    ]
    for number in range(40):
        (folder / f"{number}.wav").write_bytes(bytes([number]))
    dataset, _ = complete(
        manifest_loader.load(table(folder / "m.tsv", "path\ttext\tspeaker", *lines), ManifestOptions())
    )
    assert sizes(dataset)["validation"] == pytest.approx(4, abs=1)
    sides = [{speaker for _, _, speaker in rows(split) if speaker} for split in dataset.splits.values()]
    assert sum(map(len, sides)) == 2
