"""Long recordings in overlapping chunks, and their transcripts put together again."""

from __future__ import annotations

from itertools import pairwise
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from suite_speech_recognition.chunks import ChunksAtPauses, OverlappingChunks
from suite_speech_recognition.merging import merge
from suite_speech_recognition.spacing import spaced
from suite_speech_recognition.types import Transcript, Word

JITTER = 0.04


def word(text: str, start: float, end: float, confidence: float = 0.9) -> Word:
    return Word(text=text, start=start, end=end, confidence=confidence)


def transcript(*words: Word, space: str = " ") -> Transcript:
    return Transcript(text=space.join(spoken.text for spoken in words), words=list(words))


def bounds(chunks: OverlappingChunks) -> list[tuple[float, float]]:
    return [(window.start, window.end) for window in chunks]


@pytest.mark.slow
@given(st.floats(0.5, 60), st.floats(1.001, 500))
def test_chunks_cover_the_recording_and_overlap_with_their_neighbors_alone(window, factor):
    seconds = window * factor
    chunks = OverlappingChunks("talk", seconds, window)
    found = bounds(chunks)
    assert chunks.total == len(found) >= 2
    assert found[0][0] == 0
    assert found[-1][1] == seconds
    assert all(end - start <= window * (1 + 1e-9) for start, end in found)
    overlap = min(max(0.2 * window, 1.0), window / 2)
    for (_, end), (start, after) in pairwise(found):
        assert end - start == pytest.approx(overlap)
        assert after > end
    for (_, end), (start, _) in zip(found, found[2:], strict=False):
        assert start >= end - 1e-9 * seconds


def test_chunks_of_ten_seconds_overlap_by_two():
    assert bounds(OverlappingChunks("talk", 25, 10)) == [(0, 10), (8, 18), (16, 25)]


def test_a_word_that_both_chunks_have_is_there_once_and_each_side_is_taken_from_the_chunk_that_had_it():
    first = transcript(word("one", 0.5, 1), word("two", 8.1, 8.4), word("three", 9, 9.5), word("fo", 9.8, 10))
    second = transcript(
        word("o", 8, 8.42), word("three", 9.02, 9.5), word("four", 9.8, 10.2), word("five", 12, 13)
    )
    merged = merge([(0, 10), (8, 18)], [first, second], 18)
    assert merged.text == "one two three four five"
    assert [spoken.start for spoken in merged.words] == [0.5, 8.1, 9.02, 9.8, 12]
    assert merged.seconds == 18
    assert merged.confidence == pytest.approx(0.9)


def test_equal_words_one_after_the_other_are_all_kept():
    first = transcript(*(word("five", 8 + 0.4 * k, 8.4 + 0.4 * k) for k in range(5)))
    second = transcript(*(word("five", 8.05 + 0.4 * k, 8.43 + 0.4 * k) for k in range(7)))
    assert merge([(0, 10), (8, 18)], [first, second], 18).text == " ".join(["five"] * 7)


def test_text_without_spaces_is_joined_without_and_spaces_that_were_heard_stay():
    first = transcript(word("你", 8.1, 8.3), word("好", 8.5, 8.7), space="")
    second = Transcript(
        text="好 世界", words=[word("好", 8.5, 8.7), word("世", 9.2, 9.4), word("界", 9.5, 9.7)]
    )
    assert merge([(0, 10), (8, 18)], [first, second], 18).text == "你好 世界"
    apart = transcript(word("世", 12, 12.2), word("界", 12.3, 12.5), space="")
    assert merge([(0, 10), (8, 18)], [first, apart], 18).text == "你好世界"
    latin = transcript(word("ok", 12, 12.2))
    assert merge([(0, 10), (8, 18)], [first, latin], 18).text == "你好 ok"


def test_silence_is_no_text_and_beside_it_everything_stays():
    silent = Transcript(text="")
    said = transcript(word("yes", 8.5, 9), word("no", 9.2, 9.6))
    assert merge([(0, 10), (8, 18)], [silent, silent], 18) == Transcript(text="", seconds=18)
    assert (
        merge([(0, 10), (8, 18), (16, 20)], [silent, silent, transcript(word("yes", 17, 18))], 20).text
        == "yes"
    )
    assert merge([(0, 10)], [said], 10).text == "yes no"


def test_a_word_that_one_chunk_alone_has_in_the_middle_is_not_lost():
    first = transcript(word("well", 8.2, 8.5), word("yes", 9.1, 9.3))
    second = transcript(word("well", 8.2, 8.5), word("so", 9.6, 9.8))
    assert merge([(0, 10), (8, 18)], [first, second], 18).text in ("well yes so", "well so", "well yes")


def speech(random: Random) -> tuple[list[Word], float]:
    """Words one after the other, some without a pause between, and how long all of it is."""
    words, time = [], random.uniform(0, 3)
    for _ in range(random.randint(10, 80)):
        length = random.uniform(0.15, 0.8)
        words.append(word(random.choice(["ein", "zwei", "drei", "ein", "vierzehn"]), time, time + length))
        time += length + random.choice([0.0, random.uniform(0, 0.1), random.uniform(0, 4)])
    return words, time


def spoken_in(words: list[Word], start: float, end: float, random: Random) -> Transcript:
    """What a chunk holds: times a little off, words at its ends cut, or lost."""
    found: list[Word] = []
    for spoken in words:
        left, right = max(spoken.start, start), min(spoken.end, end)
        share = (right - left) / (spoken.end - spoken.start)
        if share <= 0 or (share < 1 and random.random() < 0.5):
            continue
        text = spoken.text
        if share < 1:
            letters = max(1, round(share * len(text)))
            text = text[-letters:] if spoken.start < start else text[:letters]
        left += random.uniform(-JITTER, JITTER)
        right += random.uniform(-JITTER, JITTER)
        left = max(left, start, found[-1].end if found else 0.0)
        found.append(word(text, left, min(end, max(right, left + 0.02))))
    return transcript(*found)


@settings(deadline=None)
@given(st.integers(0), st.floats(9, 15))
def test_chunks_of_a_speech_merge_to_the_speech(seed, window):
    random = Random(seed)
    words, seconds = speech(random)
    chunks = OverlappingChunks("speech", max(seconds, window + 0.1), window)
    merged = chunks.merge([spoken_in(words, start, end, random) for start, end in bounds(chunks)])
    assert merged.text == " ".join(spoken.text for spoken in words)
    assert [spoken.text for spoken in merged.words] == [spoken.text for spoken in words]
    for found, true in zip(merged.words, words, strict=True):
        assert found.start == pytest.approx(true.start, abs=3 * JITTER)
    assert all(a.start <= b.start for a, b in pairwise(merged.words))


@settings(deadline=None)
@given(st.lists(st.sampled_from(["你", "好", "ok", "12", "o"]), max_size=12), st.data())
def test_the_words_of_a_text_and_what_stands_between_them_are_the_text(texts, data):
    text, words = "", []
    for index, piece in enumerate(texts):
        text += (data.draw(st.sampled_from(["", " "])) if index else "") + piece
        words.append(word(piece, index, index + 1))
    found = spaced(Transcript(text=text, words=words))
    assert "".join((spoken.space or "") + spoken.word.text for spoken in found) == text


def test_the_first_chunks_give_what_is_said_until_there():
    chunks = OverlappingChunks("call.wav", 25.0, 10.0)
    assert chunks.total == 3
    spoken = [
        transcript(word("a", 1, 2), word("b", 6, 7)),
        transcript(word("c", 12, 13)),
        transcript(word("d", 20, 21)),
    ]
    so_far = [chunks.merge_first(spoken[:count]) for count in (1, 2, 3)]
    assert [(part.text, part.seconds) for part in so_far] == [
        ("a b", 10.0),
        ("a b c", 18.0),
        ("a b c d", 25.0),
    ]
    assert so_far[-1] == chunks.merge(spoken)
    pauses = ChunksAtPauses("call.wav", 16_000, 25.0, 10.0)
    part = pauses.merge_first([Transcript(text="a"), Transcript(text="b")])
    assert (part.text, part.seconds) == ("a b", 25.0 * 2 / pauses.total)
