"""Corpora as they come: lists of ids and texts, Kaldi, TIMIT, subtitles, VCTK, a table per split."""

from __future__ import annotations

import gzip

import pytest

from speech_on_disk import RATE, problems, recordings, rows, table, tone, write
from suite import Host, UserError
from suite.data.loading import load_dataset
from suite_speech_recognition.loaders.cues import cues
from suite_speech_recognition.types import text_of


def loaded(path, name, **options):
    """What the loader that recognizes a folder gives."""
    import suite_speech_recognition

    dataset, loader = load_dataset(
        Host(suite_speech_recognition, discover=False), "speech-recognition", path, options=options
    )
    assert loader.item.name == name
    return dataset


def texts(split):
    return [text_of(split[index].target) for index in range(len(split))]


# Lists of ids and texts


def test_ljspeech(tmp_path):
    recordings(tmp_path, "wavs/LJ1-1.wav", "wavs/LJ1-2.wav", "wavs/LJ1-3.wav")
    table(tmp_path / "README", "The LJ Speech Dataset", "is 24 hours long")
    table(tmp_path / "metadata.csv", 'LJ1-1|"In 1869|in eighteen', "LJ1-2|Yes, he said.|yes", "LJ1-9|a|b")
    dataset = loaded(tmp_path, "id-text")
    assert texts(dataset.train) == ["in eighteen", "yes"]
    assert problems(dataset) == {
        "1 example whose recording is not there, left out": ["metadata.csv, line 3: LJ1-9"],
        "1 example without a transcript, left out": ["wavs/LJ1-3.wav"],
    }
    assert texts(loaded(tmp_path, "id-text", text_column=2).train) == ['"In 1869', "Yes, he said."]


def test_ljspeech_without_its_recordings_says_which_are_missing(tmp_path):
    table(tmp_path / "metadata.csv", "LJ1-1|In 1869|in eighteen", "LJ1-2|Yes.|yes")
    with pytest.raises(UserError, match=r"none of the recordings: the first is wavs/LJ1-1.wav"):
        loaded(tmp_path, "id-text")


def test_aishell(tmp_path):
    recordings(tmp_path, "wav/train/S1/B1.wav", "wav/dev/S2/B2.wav", "wav/test/S3/B3.wav")
    table(tmp_path / "transcript/aishell.txt", "B1 而 对 楼市", "B2 你好", "B3 谢谢 你")
    dataset = loaded(tmp_path, "id-text")
    assert {name: texts(split) for name, split in dataset.splits.items()} == {
        "train": ["而 对 楼市"],
        "validation": ["你好"],
        "test": ["谢谢 你"],
    }


def test_mls_has_a_list_in_the_folder_of_each_split(tmp_path):
    for split in ("train", "dev", "test"):
        recordings(tmp_path, f"{split}/audio/1/2/1_2_{split}.flac")
        table(tmp_path / split / "transcripts.txt", f"1_2_{split}\tsaid in {split}")
    dataset = loaded(tmp_path, "id-text")
    assert {name: texts(split) for name, split in dataset.splits.items()} == {
        "train": ["said in train"],
        "validation": ["said in dev"],
        "test": ["said in test"],
    }


def test_openslr(tmp_path):
    recordings(tmp_path, "a_1.wav", "a_2.wav")
    table(tmp_path / "line_index.tsv", "id\ttext", "a_1\tsé", "a_2\tdó")
    dataset = loaded(tmp_path, "id-text")
    assert texts(dataset.train) == ["sé", "dó"]
    assert not dataset.problems


# Kaldi


def test_kaldi_with_paths_that_are_relative_to_where_the_recipe_ran(tmp_path):
    recordings(tmp_path, "wavs/a.wav", "wavs/b.wav", "wavs/c.wav")
    table(tmp_path / "data/train/wav.scp", "x-1 wavs/a.wav", "x-2\t/other/machine/wavs/b.wav", "x-3 sox c |")
    table(tmp_path / "data/train/text", "x-1 GOOD DAY", "x-2 YES", "x-3 NO", "x-4 GONE")
    table(tmp_path / "data/train/utt2spk", "x-1 x", "x-2 y")
    table(tmp_path / "data/test/wav.scp", "z-1 wavs/c.wav")
    table(tmp_path / "data/test/text", "z-1 GOOD NIGHT")
    dataset = loaded(tmp_path / "data", "kaldi")
    assert [row[1:] for row in rows(dataset.train)] == [("GOOD DAY", "x"), ("YES", "y")]
    assert texts(dataset.test) == ["GOOD NIGHT"]
    assert [len(places) for places in problems(dataset).values()] == [1, 1]
    assert texts(loaded(tmp_path / "data/test", "kaldi").train) == ["GOOD NIGHT"]


def test_segments_of_kaldi_are_sections(tmp_path):
    write(tmp_path / "a.wav", tone(2.0))
    table(tmp_path / "wav.scp", "call a.wav")
    table(tmp_path / "segments", "u1 call 0.0 0.5", "u2 call 0.5 1.25", "u3 call")
    table(tmp_path / "text", "u1 one", "u2 two", "u3 three")
    dataset = loaded(tmp_path, "kaldi")
    assert [row[:2] for row in rows(dataset.train)] == [("a.wav 0-0.5", "one"), ("a.wav 0.5-1.25", "two")]


# Texts beside recordings


def test_timit(tmp_path):
    for split, name in (("TRAIN", "S1"), ("TEST", "S2")):
        recordings(tmp_path, f"{split}/DR1/F{name}/{name}.WAV")
        table(tmp_path / f"{split}/DR1/F{name}/{name}.TXT", "0 22838 She had your 2 suits.")
        table(tmp_path / f"{split}/DR1/F{name}/{name}.WRD", "0 5000 she", "5000 9000 had")
        table(tmp_path / f"{split}/DR1/F{name}/{name}.PHN", "0 3050 h#", "3050 4559 sh")
    dataset = loaded(tmp_path, "text-files")
    assert rows(dataset.train) == [("TRAIN/DR1/FS1/S1.WAV", "She had your 2 suits.", "FS1")]
    assert texts(dataset.test) == ["She had your 2 suits."]
    assert texts(loaded(tmp_path, "text-files", ending="wrd").train) == ["she had"]
    assert texts(loaded(tmp_path, "text-files", ending=".phn").train) == ["h# sh"]


def test_numbers_that_are_said_stay(tmp_path):
    recordings(tmp_path, "a.wav", "b.wav")
    table(tmp_path / "a.txt", "1 2 three")
    table(tmp_path / "b.txt", "0 22838 numbers")
    assert texts(loaded(tmp_path, "text-files").train) == ["1 2 three", "0 22838 numbers"]


SUBTITLES = """WEBVTT

intro
00:00.500 --> 00:01.000 align:start
<v Ann>Good
day

00:00:01,000 --> 00:01:02.250
{\\an8}<i>Yes</i>

00:02.000 --> 00:03.000

"""


def test_cues_have_times_and_no_markup():
    assert cues(SUBTITLES) == [(0.5, 1.0, "Good day"), (1.0, 62.25, "Yes")]
    assert cues(f"{'9' * 5000}:00:00.000 --> {'9' * 5000}:00:01.000\nNo time\n") == []


@pytest.mark.parametrize("ending", ["srt", "vtt"])
def test_subtitles_beside_a_recording_are_its_sections(tmp_path, ending):
    write(tmp_path / "talk.wav", tone(2.0))
    table(tmp_path / f"talk.{ending}", *SUBTITLES.replace("00:01:02.250", "00:00:01.75").split("\n"))
    dataset = loaded(tmp_path, "text-files")
    assert [row[:2] for row in rows(dataset.train)] == [
        ("talk.wav 0.5-1", "Good day"),
        ("talk.wav 1-1.75", "Yes"),
    ]


def test_vctk_and_libritts(tmp_path):
    recordings(tmp_path / "vctk", "wav48/p1/p1_001_mic1.flac", "wav48/p1/p1_002_mic2.flac")
    table(tmp_path / "vctk/txt/p1/p1_001.txt", "Please call Stella.")
    table(tmp_path / "vctk/txt/p1/p1_002.txt", "Ask her.")
    assert texts(loaded(tmp_path / "vctk", "text-files").train) == ["Please call Stella.", "Ask her."]
    recordings(tmp_path / "tts", "train-clean/1/2/1_2_3.wav")
    table(tmp_path / "tts/train-clean/1/2/1_2_3.normalized.txt", "mister one")
    table(tmp_path / "tts/train-clean/1/2/1_2_3.original.txt", "Mr. 1")
    assert texts(loaded(tmp_path / "tts", "text-files").train) == ["mister one"]
    assert texts(loaded(tmp_path / "tts", "text-files", ending="original.txt").train) == ["Mr. 1"]


# Tables


def test_a_table_in_the_folder_of_each_split(tmp_path):
    for split, text in (("train", "one"), ("validation", "two"), ("test", "three")):
        recordings(tmp_path / split, "a.wav")
        table(tmp_path / split / "metadata.csv", "file_name,transcription", f"a.wav,{text}")
    dataset = loaded(tmp_path, "manifest")
    assert {name: rows(split)[0][:2] for name, split in dataset.splits.items()} == {
        "train": ("train/a.wav", "one"),
        "validation": ("validation/a.wav", "two"),
        "test": ("test/a.wav", "three"),
    }


def test_shards_of_a_table_are_one(tmp_path):
    recordings(tmp_path, "a.wav", "b.wav")
    table(tmp_path / "train-00000-of-00002.csv", "path,text", "a.wav,one")
    table(tmp_path / "train-00001-of-00002.csv", "path,text", "b.wav,two")
    assert texts(loaded(tmp_path, "manifest").train) == ["one", "two"]


def test_a_table_without_a_header(tmp_path):
    recordings(tmp_path, "a.wav", "b.wav")
    path = table(tmp_path / "m.csv", "a.wav,one", "b.wav,two")
    assert texts(loaded(path, "manifest").train) == ["one", "two"]
    path = table(tmp_path / "m.csv", "7,a.wav,one", "8,b.wav,two")
    with pytest.raises(UserError, match=r"say which column it is by number, --set loader.text_column=2"):
        loaded(path, "manifest")
    assert texts(loaded(path, "manifest", text_column="3").train) == ["one", "two"]
    path = table(tmp_path / "m.csv", "a,one", "b,two")
    numbered = {"header": False, "path_column": "1", "text_column": "2"}
    assert texts(loaded(path, "manifest", **numbered).train) == ["one", "two"]


@pytest.mark.parametrize(
    ("columns", "cells"),
    [
        ("start,end", "0.25,0.75"),
        ("start_ms,end_ms", "250,750"),
        ("Start [ms],duration[ms]", "250,500"),
        ("start_sample,end_sample", f"{RATE // 4},{3 * RATE // 4}"),
        ("begin_time,end_time", "00:00.25,0:00:00.75"),
    ],
)
def test_times_are_counted_in_what_their_columns_say(tmp_path, columns, cells):
    write(tmp_path / "a.wav", tone(1.0))
    path = table(tmp_path / "m.csv", f"path,text,{columns}", f"a.wav,one,{cells}")
    (example,) = (row[0] for row in rows(loaded(path, "manifest").train))
    assert example == "a.wav 0.25-0.75"


def test_columns_that_look_like_times_and_are_not_used_are_named(tmp_path):
    recordings(tmp_path, "a.wav")
    path = table(tmp_path / "m.csv", "path,text,my start,spoken_end", "a.wav,one,0,1")
    assert problems(loaded(path, "manifest")) == {
        "m.csv has columns that look like times and are not used": ["my start", "spoken_end"]
    }
    path = table(tmp_path / "m.csv", "path,text,from,to", "a.wav,one,0,40")
    own = {"start_column": "from", "end_column": "to", "time_unit": "ms"}
    assert rows(loaded(path, "manifest", **own).train)[0][0] == "a.wav 0-0.04"


@pytest.mark.parametrize(("first", "second"), [("left", "right"), ("A", "B"), ("0", "1"), ("1", "2")])
def test_a_column_may_name_the_channel(tmp_path, first, second):
    write(tmp_path / "a.wav", tone(0.1, channels=2))
    path = table(tmp_path / "m.csv", "path,text,channel", f"a.wav,one,{first}", f"a.wav,two,{second}")
    found = rows(loaded(path, "manifest").train)
    assert [row[:2] for row in found] == [("a.wav channel 1", "one"), ("a.wav channel 2", "two")]


def test_each_channel_by_itself(tmp_path):
    write(tmp_path / "a.wav", tone(0.1, channels=2))
    write(tmp_path / "b.wav", tone(0.1))
    path = table(tmp_path / "m.csv", "path,text", "a.wav,one", "b.wav,two")

    def names(channel):
        return [row[0] for row in rows(loaded(path, "manifest", channel=channel).train)]

    assert names("mix") == ["a.wav", "b.wav"]
    assert names("each") == ["a.wav channel 1", "a.wav channel 2", "b.wav"]
    assert names("right") == ["a.wav channel 2", "b.wav"]


def test_recordings_are_looked_for_in_the_usual_folders(tmp_path):
    recordings(tmp_path, "clips/a.wav", "audio/x/b.mp3", "clips/c.wav")
    lines = ("path,text", "a.wav,one", r"C:\data\x\b.mp3,two", "/home/me/corpus/clips/c.wav,one")
    path = table(tmp_path / "m.csv", *lines)
    assert [row[0] for row in rows(loaded(path, "manifest").train)] == [
        "clips/a.wav",
        "audio/x/b.mp3",
        "clips/c.wav",
    ]


COMMON_VOICE = "client_id\tpath\tsentence"


@pytest.mark.parametrize("name", ["validated", "other", "invalidated", "test"])
def test_every_table_of_common_voice(tmp_path, name):
    recordings(tmp_path, "clips/a.mp3", "clips/b.mp3")
    table(tmp_path / "train.tsv", COMMON_VOICE, "me\ta.mp3\tone")
    path = table(tmp_path / f"{name}.tsv", COMMON_VOICE, 'you\tb.mp3\t"two')
    assert texts(loaded(path, "common-voice").train) == ['"two']
    if name != "test":
        assert texts(loaded(tmp_path, "common-voice", splits=name).train) == ['"two']


def test_a_quotation_mark_that_is_never_closed_swallows_no_rows(tmp_path):
    recordings(tmp_path, *(f"{number}.wav" for number in range(6)))
    lines = [f"{number}.wav,{mark}word {number}" for number, mark in enumerate(["", '"', "", "", '"', ""])]
    path = table(tmp_path / "m.csv", "path,text", *lines)
    assert texts(loaded(path, "manifest").train) == [line.partition(",")[2] for line in lines]


def test_a_compressed_table(tmp_path):
    recordings(tmp_path, "a.wav")
    (tmp_path / "m.tsv.gz").write_bytes(gzip.compress(b"path\ttext\na.wav\tone\n"))
    assert texts(loaded(tmp_path / "m.tsv.gz", "manifest").train) == ["one"]


def test_what_lies_beside_recordings_and_is_not_understood_is_named(tmp_path):
    recordings(tmp_path, "a.wav", "b.wav")
    table(tmp_path / "labels.csv", "number,said", "1,one", "2,two")
    table(tmp_path / "a.TextGrid", "File type")
    with pytest.raises(UserError) as error:
        loaded(tmp_path, "pattern")
    assert "a.TextGrid was seen, a TextGrid of Praat, which is not read." in str(error.value)
    assert "labels.csv was seen, and it has the columns 'number', 'said', but in its" in str(error.value)
