"""What `suite inspect` says of recordings with transcripts."""

import numpy as np
import pytest

from speech_on_disk import RATE, encoded, tone, write
from suite.data.dataset import Dataset, Example
from suite.sources import FileSource
from suite_speech_recognition.audio.recordings import Recording
from suite_speech_recognition.audio.sound_files import KNOWN
from suite_speech_recognition.inspection import inspect


def example(name, text="hello", speaker=None, sound=None, rate=RATE, kind="wav"):
    target = {"text": text} | ({"speaker": speaker} if speaker else {})
    return Example(name, encoded(tone(1.0, rate) if sound is None else sound, rate, kind), target)


def inspected(train, **splits):
    return inspect(Dataset(train=train, **splits), lambda done, total: None)


def table(found, title):
    return next(list(map(list, table.rows)) for table in found.tables if table.title == title)


def sentences(found):
    return [(finding.text, finding.wrong, list(finding.locations)) for finding in found.findings]


def test_good_recordings_are_measured_and_nothing_is_found():
    found = inspected(
        [example("a", "one two", "ann", tone(1.0)), example("b", "three", "bo", tone(3.0))],
        test=[example("c", "two one", "cy", tone(2.0, 16_000, channels=2), 16_000)],
    )
    assert dict(found.numbers) == {"hours": 0.002, "speakers": 3, "characters": 8, "broken": 0}
    assert table(found, "Lengths") == [
        ["train", "0.001", "1.00", "2.00", "3.00"],
        ["test", "0.001", "2.00", "2.00", "2.00"],
    ]
    assert table(found, "Transcripts") == [
        ["train", "1 / 1 / 2", "5 / 6 / 7", 2, "", 2],
        ["test", "2 / 2 / 2", "7 / 7 / 7", 1, 0, 1],
    ]
    assert table(found, "Sound") == [["8,000", 1, 2], ["16,000", 2, 1]]
    assert table(found, "Characters")[:2] == [["e", 3, 1], ["o", 2, 2]]
    assert sentences(found) == []


def test_recordings_that_cannot_be_read_are_named_with_their_reasons():
    found = inspected(
        [example("a"), Example("b", b"no sound", {"text": "x"}), Example("c", b"", {"text": "x"})]
    )
    assert found.numbers["broken"] == 2
    assert sentences(found)[0] == (
        "2 recordings cannot be read",
        True,
        [
            f"the given file is no recording: its content is none of {KNOWN}",
            "the given file is empty: it has no bytes",
        ],
    )


def test_a_bad_time_range_is_found(tmp_path):
    source = FileSource(write(tmp_path / "a.wav", tone(1.0)))
    found = inspected([Example("a", Recording(source, 0.0, 5.0), {"text": "x"}), example("b")])
    assert sentences(found)[0][2] == [f"{source.name} from 0 s to 5 s: the recording is only 1 s long"]


def test_silence_and_clipping_are_found():
    loud = np.clip(3 * tone(1.0), -1, 1)
    found = inspected(
        [
            example("zero", sound=np.zeros(RATE)),
            example("quiet", sound=tone(1.0, loudness=1e-4), kind="wav, floats"),
            example("low", sound=tone(1.0, loudness=0.01)),
            example("loud", sound=loud),
            example("peak", sound=tone(1.0, loudness=1.0)),
        ]
    )
    assert [(text, wrong, len(places)) for text, wrong, places in sentences(found)] == [
        ("1 recording holds nothing but zeros", True, 1),
        ("1 recording is silent: below -60 dB", True, 1),
        ("1 recording is clipped: too loud when it was made", False, 1),
    ]
    places = [place for _, _, places in sentences(found) for place in places]
    assert places[:2] == ["zero", "quiet: -80 dB"]
    assert places[2].startswith("loud: ")


def test_transcripts_that_are_empty_or_too_long_for_their_recording_are_found():
    found = inspected([example("a", "x" * 26), example("b", "x" * 25), example("c", "  "), example("d", "x")])
    assert sentences(found) == [
        ("1 transcript is empty", True, ["c"]),
        (
            "1 transcript is too long for the recording: more than 25 characters a second",
            True,
            ["a: 26 characters in 1.00 s"],
        ),
    ]


def test_characters_that_training_never_sees_are_found():
    test = [example("c", "dé, \t你!")]  # marks are not learned, so nothing lacks them
    found = inspected([example("a", "abc")], validation=[example("b", "abd")], test=test)
    assert sentences(found) == [
        ("1 character is in validation, but not in train, and cannot be learned", False, ["d: 1"]),
        (
            "4 characters are in test, but not in train, and cannot be learned",
            False,
            ["(space): 1", "d: 1", "é: 1", "你: 1"],
        ),
    ]


def test_speakers_in_two_splits_are_found():
    found = inspected(
        [example("a", speaker="ann"), example("b", speaker="bo")],
        validation=[example("c", speaker="ann")],
        test=[example("d", speaker="cy")],
    )
    assert sentences(found) == [
        (
            "1 speaker is in train and in validation: scores on validation are those for known voices",
            False,
            ["ann"],
        )
    ]


def test_very_short_and_very_long_recordings_are_found():
    found = inspected([example("a", "x", sound=tone(0.05)), example("b", sound=tone(61.0)), example("c")])
    assert [(text, places) for text, _, places in sentences(found)][-2:] == [
        ("1 recording is shorter than 0.1 s", ["a: 0.050 s"]),
        ("1 recording is longer than 30 s", ["b: 61 s"]),
    ]


def test_silence_at_the_ends_and_in_between_is_found():
    pause = np.zeros(2 * RATE)
    found = inspected(
        [
            example("late", sound=np.concatenate([pause, tone(1.0)])),
            example("sparse", sound=np.concatenate([tone(0.3), pause, tone(0.3)])),
            example("fine", sound=np.concatenate([pause[:4000], tone(1.0), pause[:4000]])),
        ]
    )
    assert sentences(found) == [
        (
            "1 recording begins or ends with more than 1 s of silence (model.trim = true leaves it out)",
            False,
            ["late: 2.0 s at its beginning"],
        ),
        ("1 recording is mostly silence", False, ["sparse: 0.7 of 2.6 s"]),
    ]


def test_a_long_recording_is_heard_to_its_end():
    sound = np.concatenate([np.zeros(RATE * 125), tone(1.0)])
    found = inspected([example("a", sound=sound)])
    assert all("silent" not in text and "zeros" not in text for text, _, _ in sentences(found))


@pytest.mark.parametrize("count", [1, 40])
def test_progress_reaches_the_number_of_recordings(count):
    told = []
    inspect(
        Dataset(train=[example(str(index), sound=tone(0.2)) for index in range(count)]),
        lambda *now: told.append(now),
    )
    assert told[-1] == (count, count)
    assert told == sorted(told)


def test_marks_that_nobody_says_are_shown():
    found = inspected([example("a", "oh <unk> no"), example("b", "ab [laughter]"), example("c", "a (b) <3")])
    (text, wrong, places), *_ = sentences(found)
    assert text.startswith("2 transcripts have marks that nobody says")
    assert not wrong
    assert places == ["a: oh <unk> no", "b: ab [laughter]"]


@pytest.mark.parametrize(
    ("left", "right", "says"),
    [
        (1.0, -1.0, "of which one is inverted"),
        (1.0, 0.0, "of which one is silent"),
        ((1.0, 0.0), (0.0, 1.0), "perhaps two speakers"),
        (1.0, 0.5, ""),
    ],
)
def test_what_two_channels_are_to_each_other_is_said(left, right, says):
    half = tone(0.5)
    parts = [np.concatenate([part * half for part in np.broadcast_to(side, 2)]) for side in (left, right)]
    sound = np.stack(parts, axis=1)
    found = [text for text, _, _ in sentences(inspected([example("a", "ab", sound=sound)]))]
    assert (says in found[0]) if says else not found


def test_data_without_a_training_split_is_inspected():
    assert not sentences(inspected([], test=[example("a", "ab")]))
