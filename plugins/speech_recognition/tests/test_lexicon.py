"""Word lists: which texts they admit, and what words cost that they do not have."""

from __future__ import annotations

import itertools
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from suite import UserError
from suite_speech_recognition.alphabet import Alphabet
from suite_speech_recognition.decoding.lexicon import WordList
from suite_speech_recognition.decoding.plain_text import read_text
from suite_speech_recognition.normalization import Normalization, normalize


def score(words: WordList, text: str, pieces: int = 1) -> float:
    """What the list says of a whole text that comes in `pieces` characters at once."""
    total, state = 0.0, words.start()
    for at in range(0, len(text), pieces):
        added, state = words.extend(state, text[at : at + pieces])
        total += added
    return total + words.end(state)


def normalized(text: str) -> str:
    return normalize(text, Normalization())


@pytest.mark.parametrize("text", ["", "one", "on", "one one", "ones on", "on one", "one "])
def test_listed_words_are_admitted(text):
    assert score(WordList(["on", "one", "ones"]), text) == 0


@pytest.mark.parametrize("text", ["o", "onex", "x", "one x", "one o", "onone", "ones onex one"])
def test_other_words_are_not(text):
    assert score(WordList(["on", "one", "ones"]), text) == -math.inf


def test_nothing_follows_what_is_no_beginning_of_a_word():
    words = WordList(["one"])
    _, state = words.extend(words.start(), "on")
    assert words.extend(state, "x")[0] == -math.inf
    assert words.extend(state, " ")[0] == -math.inf


@pytest.mark.parametrize("text", ["北京", "北京大学", "大学北京", "北京北京大", "大北京"])
def test_without_spaces_listed_words_may_be_joined(text):
    assert score(WordList(["北京", "大学", "大"]), text) == 0


@pytest.mark.parametrize("text", ["北", "京", "北大学", "学", "北京学"])
def test_without_spaces_nothing_else_is_admitted(text):
    assert score(WordList(["北京", "大学", "大"]), text) == -math.inf


@settings(max_examples=200, deadline=None)
@given(
    st.sets(st.text("北京大学", min_size=1, max_size=3), min_size=1, max_size=5),
    st.text("北京大学", max_size=7),
)
def test_a_text_without_spaces_is_admitted_if_and_only_if_it_can_be_divided_into_words(listed, text):
    divisible = {0}
    for end in range(1, len(text) + 1):
        if any(text[start:end] in listed for start in divisible if start < end):
            divisible.add(end)
    assert (score(WordList(listed), text) == 0) == (len(text) in divisible)


def test_scripts_may_be_mixed():
    words = WordList(["ok", "吗", "go"])
    assert score(words, "ok吗go") == score(words, "吗ok go") == 0
    assert score(words, "okgo吗") == -math.inf


def test_with_a_penalty_each_word_that_is_not_listed_costs_once():
    words = WordList(["one", "two"], unlisted=-2.0)
    for text, unlisted in [("one two", 0), ("one three", 1), ("on", 1), ("onex one", 1), ("three four", 2)]:
        assert score(words, text) == pytest.approx(-2.0 * unlisted)


def test_with_a_penalty_each_character_outside_of_listed_words_costs_without_spaces():
    words = WordList(["北京", "大学"], unlisted=-2.0)
    for text, unlisted in [("北京大学", 0), ("北大学", 1), ("大北京学", 2), ("我在北京", 2)]:
        assert score(words, text) == pytest.approx(-2.0 * unlisted)


@settings(max_examples=100, deadline=None)
@given(st.sampled_from([-math.inf, -1.5]), st.text("ab 京", max_size=9), st.integers(2, 4))
def test_it_does_not_matter_in_which_pieces_text_comes(unlisted, text, pieces):
    words = WordList(["a", "ab", "b京a", "京"], unlisted)
    assert score(words, text, pieces) == pytest.approx(score(words, text))


@settings(max_examples=100, deadline=None)
@given(st.text("ab 京", max_size=9))
def test_no_piece_of_text_gains(text):
    """The beam search relies on it: what a prefix is worth is never surpassed by what comes of it."""
    words = WordList(["a", "ab", "b京a", "京"], -1.5)
    state = words.start()
    for character in text:
        added, state = words.extend(state, character)
        assert added <= 0
        assert all(relative <= 0 for relative, _ in state)
    assert words.end(state) <= 0


def test_a_list_is_read_as_transcripts_are_written_and_without_what_cannot_be_written(tmp_path):
    path = tmp_path / "words.txt"
    path.write_text("One  TWO\r\nthree\n\nna\u00efve two\n", encoding="utf-8-sig")
    alphabet = Alphabet(symbols=tuple(" abcdefghijklmnopqrstuvwxyz"))
    assert WordList.read(path, alphabet, normalized).words == ["one", "three", "two"]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (None, "cannot be read: No such file"),
        (b"\n", "is empty"),
        (b"\xff", r"is not text in UTF-8 \(line 1\)"),
        ("один".encode(), "has no word that the model can write"),
    ],
)
def test_a_file_that_cannot_be_used_is_told(tmp_path, content, problem):
    path = tmp_path / "words.txt"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UserError, match=f"the word list '.*words.txt' {problem}"):
        WordList.read(path, Alphabet(symbols=("a", "b")), normalized)


def test_a_list_needs_a_word_and_no_reward():
    with pytest.raises(ValueError, match="word"):
        WordList([])
    with pytest.raises(ValueError, match="at most 0"):
        WordList(["a"], unlisted=1.0)


def test_many_words_take_no_time():
    words = WordList("".join(letters) for letters in itertools.product("abcdefghij", repeat=5))
    assert score(words, "abcde jihgf") == 0
    assert score(words, "abcdea") == -math.inf


def test_a_device_is_no_word_list():
    with pytest.raises(UserError, match="/dev/zero is a device, not a file"):
        read_text("/dev/zero", "the word list")
