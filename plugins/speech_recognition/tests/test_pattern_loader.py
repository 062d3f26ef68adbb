"""Recordings that say in their names what is said."""

import re
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from speech_on_disk import problems, recordings, rows
from suite import UserError
from suite_speech_recognition.loaders.detection import detect_pattern
from suite_speech_recognition.loaders.options import PatternOptions
from suite_speech_recognition.loaders.pattern import Pattern, condition
from suite_speech_recognition.loaders.pattern import load as load_pattern

DIGITS = "{text}_{speaker}_{take}.wav"
WORD = st.text(st.sampled_from("abcXYZ019éä你-"), min_size=1, max_size=5)


@pytest.fixture
def digits(tmp_path):
    names = [
        f"{digit}_{speaker}_{take}.wav" for digit in "012" for speaker in ("theo", "ann") for take in range(4)
    ]
    return recordings(tmp_path / "digits", *names)


def load(path, pattern=DIGITS, **options):
    return load_pattern(Path(path), PatternOptions(pattern=pattern, **options))


def refused(path, **options):
    with pytest.raises(UserError) as error:
        load(path, **options)
    return str(error.value)


# Speech Commands


def test_speech_commands_needs_no_pattern(tmp_path):
    folder = recordings(
        tmp_path,
        *(f"{word}/{speaker}_nohash_0.wav" for word in ("yes", "no") for speaker in ("ab12", "cd34")),
        "_background_noise_/running_tap.wav",
    )
    assert detect_pattern(folder)
    dataset = load(folder, pattern="")
    assert sorted(rows(dataset.train)) == [
        ("no/ab12_nohash_0.wav", "no", "ab12"),
        ("no/cd34_nohash_0.wav", "no", "cd34"),
        ("yes/ab12_nohash_0.wav", "yes", "ab12"),
        ("yes/cd34_nohash_0.wav", "yes", "cd34"),
    ]
    assert dataset.options.pattern == "{text}/{speaker}_nohash_{take}.wav"
    noted, left_out = problems(dataset).items()
    assert noted[0].startswith("the recordings are named as those of Speech Commands, and read as")
    assert left_out[1] == ["_background_noise_/running_tap.wav"]


# Patterns


@pytest.mark.slow
@given(text=st.lists(WORD, min_size=1, max_size=3).map("_".join), speaker=WORD, take=WORD, folder=WORD)
def test_a_name_that_is_made_of_fields_gives_them_again(text, speaker, take, folder):
    name = f"{folder}/{text}_{speaker}_{take}.wav"
    expected = {"text": text, "speaker": speaker, "take": take}
    assert Pattern.parse(DIGITS).match(name) == expected
    assert Pattern.parse(DIGITS.removesuffix(".wav")).match(name) == expected
    assert Pattern.parse("*_{speaker}_{text}.wav").match(f"x_{speaker}_{text}.wav")["text"] is not None


@pytest.mark.parametrize(
    ("pattern", "name", "fields"),
    [
        ("{text}.wav", "deep/down/yes.wav", {"text": "yes"}),
        ("{text}.wav", "yes.WAV", {"text": "yes"}),
        ("{text}", "yes.flac", {"text": "yes"}),
        (
            "{text}/{speaker}_nohash_{take}.wav",
            "data/yes/ab12_nohash_0.wav",
            {"text": "yes", "speaker": "ab12", "take": "0"},
        ),
        ("{speaker}/*/{text}.wav", "theo/monday/yes.wav", {"speaker": "theo", "text": "yes"}),
        ("{text}_{speaker}_*.wav", "yes_theo_x_1.wav", {"text": "yes_theo", "speaker": "x"}),
        ("[{text}] ({speaker}).wav", "[a+b] (theo).wav", {"text": "a+b", "speaker": "theo"}),
        ("{text}_{take}.wav", "yes.wav", None),
        ("{text}_{take}.wav", "yes_1.mp3", None),
        ("{speaker}/{text}.wav", "yes.wav", None),
    ],
)
def test_patterns(pattern, name, fields):
    assert Pattern.parse(pattern).match(name) == fields


@pytest.mark.parametrize(
    ("pattern", "says"),
    [
        ("{speaker}_{take}.wav", "has no field {text}"),
        ("{text}_{text}.wav", "has the field {text} twice"),
        ("{text}{take}.wav", "two fields with nothing between them"),
        ("{text}_{take.wav", "a field is a word in braces"),
        ("{text}_{}.wav", "a field is a word in braces"),
        ("{text}_{a b}.wav", "a field is a word in braces"),
        ("text.wav", "has no field {text}"),
    ],
)
def test_a_pattern_that_is_none_is_refused(pattern, says):
    with pytest.raises(UserError, match=re.escape(says)):
        Pattern.parse(pattern)


@given(st.text(st.sampled_from("{}*_/.-[]()\\^$texspakrw"), max_size=20))
def test_whatever_is_written_is_a_pattern_or_refused(text):
    with suppress(UserError):
        fields = Pattern.parse(text).match("a_b_c/d.wav")
        assert fields is None or fields["text"]


# Parts


@pytest.mark.parametrize(
    ("text", "holds_for"),
    [
        ("take=0-1", ["00", "0", "01", "1"]),
        ("take=1", ["1"]),
        ("take=1,x,7-9", ["1", "x", "8"]),
        ("take=a-c", ["a-c"]),
        ("take=0-9 speaker=ann", []),
    ],
)
def test_conditions(text, holds_for):
    holds = condition(text, Pattern.parse(DIGITS), "test")
    takes = ["00", "0", "01", "1", "x", "8", "a-c", "b"]
    assert [take for take in takes if holds({"text": "yes", "speaker": "theo", "take": take})] == holds_for


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("0-4", "test '0-4' is no condition: write FIELD=VALUES"),
        ("take=", "is no condition"),
        ("taks=1", "the pattern '{text}_{speaker}_{take}.wav' has no field 'taks': did you mean 'take'?"),
    ],
)
def test_a_condition_that_is_none_is_refused(text, says):
    with pytest.raises(UserError, match=re.escape(says)):
        condition(text, Pattern.parse(DIGITS), "test")


def test_recordings_are_listed_with_the_fields_of_their_names(digits):
    dataset = load(digits)
    assert rows(dataset.train)[:2] == [("0_ann_0.wav", "0", "ann"), ("0_ann_1.wav", "0", "ann")]
    assert len(dataset.train) == 24
    assert list(dataset.splits) == ["train"]
    assert dataset.problems == []


def test_parts_are_what_the_options_say(digits):
    dataset = load(digits, test="take=0", validation="take=1 speaker=ann")
    assert {name: len(split) for name, split in dataset.splits.items()} == {
        "train": 15,
        "validation": 3,
        "test": 6,
    }
    assert {speaker for _, _, speaker in rows(dataset.validation)} == {"ann"}


def test_folders_can_be_splits(tmp_path):
    folder = recordings(tmp_path, "train/yes_1.wav", "train/no_1.wav", "test/yes_2.wav", "odd/no_2.wav")
    dataset = load(folder, "{text}_{take}.wav")
    assert {name: len(split) for name, split in dataset.splits.items()} == {"train": 2, "test": 1}
    assert problems(dataset) == {"1 example in no folder of a split, left out": ["odd/no_2.wav"]}


def test_underscores_in_a_text_are_spaces(tmp_path):
    dataset = load(recordings(tmp_path, "good_day_theo_1.wav"))
    assert rows(dataset.train) == [("good_day_theo_1.wav", "good day", "theo")]


def test_names_that_are_made_otherwise_are_left_out_and_told(digits):
    recordings(digits, "noise.wav")
    dataset = load(digits)
    assert len(dataset.train) == 24
    assert problems(dataset) == {
        "1 example whose name is not made like '{text}_{speaker}_{take}.wav', left out": ["noise.wav"]
    }


def test_only_recordings_without_transcripts_are_recognized(digits, tmp_path):
    assert detect_pattern(digits)
    assert not detect_pattern(digits / "0_theo_0.wav")
    (tmp_path / "empty").mkdir()
    assert not detect_pattern(tmp_path / "empty")
    (digits / "0_theo_0.txt").write_text("zero")
    assert not detect_pattern(digits)


def test_without_a_pattern_the_message_says_how_to_give_one(digits):
    said = refused(digits, pattern="")
    assert "'0_ann_0.wav'" in said
    assert "--set loader.pattern={text}_{speaker}_{take}.wav" in said


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (
            {"pattern": "{speaker}-{text}.wav"},
            "no recording has a name like '{speaker}-{text}.wav': the first one is '0_ann_0.wav'",
        ),
        ({"test": "take=7"}, "no recording is in the test split: 'take=7' holds for none"),
        (
            {"test": "take=0", "validation": "speaker=ann"},
            "would be in the test split and in the val",
        ),
    ],
)
def test_parts_that_cannot_be_are_refused(options, says, digits):
    assert says in refused(digits, **options)


def test_a_folder_without_recordings_is_refused(tmp_path):
    assert "holds no recordings" in refused(tmp_path)
