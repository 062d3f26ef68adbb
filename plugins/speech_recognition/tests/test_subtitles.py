"""Transcripts as text files and subtitles."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import suite
import suite_speech_recognition
from suite import RunError, UserError
from suite.cli.prediction_sinks import FormatFiles, choose_sink
from suite.evaluation import PREDICTIONS_FILE
from suite.sources import FileSource, open_tree
from suite_speech_recognition.audio.live import LiveUtterance
from suite_speech_recognition.audio.recordings import Recording
from suite_speech_recognition.formats.subtitles import MAX_LINE, cues, srt, vtt
from suite_speech_recognition.formats.writers import SrtWriter, TextWriter, VttWriter
from suite_speech_recognition.types import Transcript, Word


def said(*words: tuple[str, float, float], space: str = " ") -> Transcript:
    return Transcript(
        text=space.join(text for text, _, _ in words),
        words=[Word(text=text, start=start, end=end, confidence=1.0) for text, start, end in words],
    )


HELLO = said(("hello", 0.5, 0.9), ("world", 1.0, 1.6))


def test_srt_is_numbered_with_commas_and_vtt_has_a_head_and_points():
    transcript = said(("one", 0, 0.5), ("<two>", 61.2345, 3661.5))
    assert srt(transcript) == (
        "1\n00:00:00,000 --> 00:00:01,000\none\n\n2\n00:01:01,234 --> 01:01:01,500\n<two>\n"
    )
    assert vtt(transcript) == (
        "WEBVTT\n\n00:00:00.000 --> 00:00:01.000\none\n\n00:01:01.234 --> 01:01:01.500\n&lt;two&gt;\n"
    )


def test_where_nothing_is_said_there_are_no_subtitles():
    assert srt(Transcript(text="")) == ""
    assert vtt(Transcript(text="")) == "WEBVTT\n"


def test_a_pause_begins_a_new_subtitle():
    transcript = said(("one", 0, 0.5), ("two", 1.2, 1.7), ("three", 2.6, 3))
    assert [cue.lines for cue in cues(transcript)] == [("one two",), ("three",)]


def test_no_subtitle_stands_longer_than_five_seconds():
    transcript = said(*((f"w{k}", 0.5 * k, 0.5 * k + 0.4) for k in range(40)))
    assert all(cue.end - cue.start <= 5 for cue in cues(transcript))


def test_chinese_characters_count_as_two_letters_and_have_no_spaces():
    transcript = said(*(("字", 0.1 * k, 0.1 * k + 0.1) for k in range(45)), space="")
    assert [cue.lines for cue in cues(transcript)] == [("字" * 21, "字" * 21), ("字" * 3,)]


def test_a_transcript_without_times_is_one_subtitle():
    assert srt(Transcript(text="hello", seconds=3.0)) == "1\n00:00:00,000 --> 00:00:03,000\nhello\n"


@pytest.mark.slow
@given(
    st.lists(st.tuples(st.text(alphabet="abc字", min_size=1, max_size=20), st.floats(0, 2), st.floats(0, 2)))
)
def test_subtitles_follow_one_another_hold_all_words_and_keep_to_their_size(given_words):
    words, time = [], 0.0
    for text, pause, length in given_words:
        words.append((text, time + pause, time + pause + length))
        time += pause + length
    transcript = said(*words)
    found = cues(transcript)
    assert " ".join(line for cue in found for line in cue.lines).split() == transcript.text.split()
    assert all(cue.start < cue.end and 1 <= len(cue.lines) <= 2 for cue in found)
    assert all(len(line) <= MAX_LINE for cue in found for line in cue.lines)
    assert all(a.end <= b.start + 0.001 for a, b in pairwise(found))
    times = re.findall(r"^(\S+) --> (\S+)$", vtt(transcript), re.MULTILINE)
    assert len(times) == len(found)
    assert all(re.fullmatch(r"\d\d:\d\d:\d\d\.\d\d\d", time) for pair in times for time in pair)


def test_one_recording_becomes_the_file_that_is_named(tmp_path):
    out = tmp_path / "talk.srt"
    writer = SrtWriter(out, {})
    writer.add(FileSource(Path("talk.wav")), "talk.wav", HELLO)
    assert writer.close() == [out]
    assert out.read_text() == "1\n00:00:00,500 --> 00:00:01,600\nhello world\n"


@pytest.mark.parametrize("ending", ["srt", "vtt"])
def test_the_ending_of_a_file_says_that_it_is_for_subtitles(tmp_path, ending):
    task = suite.Host(suite_speech_recognition, discover=False).find_task("speech-recognition")
    codec: Any = None
    sink = choose_sink(str(tmp_path / f"talk.{ending}"), None, json=False, task=task, codec=codec, facts={})
    assert isinstance(sink, FormatFiles)


def test_a_second_recording_for_one_file_is_refused_and_the_first_is_kept(tmp_path):
    writer = SrtWriter(tmp_path / "talk.srt", {})
    writer.add(FileSource(Path("a.wav")), "a.wav", HELLO)
    with pytest.raises(UserError, match=r"is one file and has the transcript of a.wav; to write b.wav too"):
        writer.add(FileSource(Path("b.wav")), "b.wav", HELLO)
    assert writer.close() == [tmp_path / "talk.srt"]


def test_several_recordings_become_lines_of_a_text_file(tmp_path):
    writer = TextWriter(tmp_path / "hyps.txt", {})
    writer.add(FileSource(Path("a.wav")), "a.wav", HELLO)
    writer.add(FileSource(Path("b.wav")), "b.wav", Transcript(text=""))
    writer.add(FileSource(Path("c.wav")), "c.wav", Transcript(text="two\nlines"))
    assert writer.close() == [tmp_path / "hyps.txt"]
    assert (tmp_path / "hyps.txt").read_text() == "hello world\n\ntwo lines\n"


def test_several_recordings_become_files_of_their_names_in_a_folder(tmp_path):
    (tmp_path / "in" / "deep").mkdir(parents=True)
    (tmp_path / "in" / "deep" / "c.opus").touch()
    tree = open_tree(tmp_path / "in")
    out = tmp_path / "out"
    writer = TextWriter(out, {})
    writer.add(FileSource(Path("x/a.wav")), "x/a.wav", HELLO)
    writer.add(FileSource(Path("x/a.mp3")), "x/a.mp3", HELLO)
    writer.add(tree.source(0), "in/deep/c.opus", HELLO)
    writer.add(Recording(FileSource(Path("long.wav")), 1, 2), "long.wav from 1 s to 2 s", HELLO)
    writer.add(np.zeros(3), "input 4", HELLO)
    names = ["a.txt", "a-2.txt", "deep/c.txt", "long.txt", "input 4.txt"]
    assert writer.close() == [out / name for name in names]
    assert (out / "a.txt").read_text() == "hello world\n"


def test_what_a_microphone_hears_becomes_one_file(tmp_path):
    out = tmp_path / "talk.vtt"
    writer = VttWriter(out, {})
    for start in (0.0, 10.0):
        raw = LiveUtterance(np.zeros(3, np.float32), start, "microphone")
        writer.add(raw, raw.name, said(("yes", start + 0.5, start + 0.9)))
    assert not out.exists()
    assert writer.close() == [out]
    assert out.read_text() == (
        "WEBVTT\n\n00:00:00.500 --> 00:00:01.500\nyes\n\n00:00:10.500 --> 00:00:11.500\nyes\n"
    )


def test_nothing_that_is_there_is_overwritten_but_what_predict_wrote(tmp_path):
    transcript = tmp_path / "a.txt"
    transcript.write_text("the truth")
    with pytest.raises(UserError, match=r"a.txt exists already and is not overwritten"):
        TextWriter(transcript, {})
    writer = TextWriter(tmp_path, {})
    with pytest.raises(UserError, match="exists already"):
        writer.add(FileSource(Path("a.wav")), "a.wav", HELLO)
    assert writer.close() == []
    assert transcript.read_text() == "the truth"
    (tmp_path / PREDICTIONS_FILE).touch()
    again = TextWriter(tmp_path, {})
    again.add(FileSource(Path("a.wav")), "a.wav", HELLO)
    assert transcript.read_text() == "hello world\n"


def test_where_nothing_can_be_written_is_said_in_a_sentence(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match="needs? a folder"):
        TextWriter(tmp_path / "file", {})
    with pytest.raises(RunError, match="cannot write"):
        TextWriter(tmp_path / "none" / "folder", {})


def test_recordings_of_one_name_keep_their_folders(tmp_path):
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "a.wav").write_bytes(b"RIFF")
    writer = TextWriter(tmp_path / "out", {})
    for folder in ("one", "two"):
        writer.add(open_tree(tmp_path / folder).source(0), "a", said(("yes", 0.0, 1.0)))
    writer.add(FileSource(tmp_path / "two/a.wav"), "a", said(("yes", 0.0, 1.0)))
    names = [str(path.relative_to(tmp_path / "out")) for path in writer.close()]
    assert names == ["a.txt", "two/a.txt", "two/a-2.txt"]
