"""Characters and subwords as indices of a network's outputs."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from suite import UserError
from suite_speech_recognition.alphabet import Alphabet, learn_characters, learn_subwords

TEXTS = ["the cat sat on the mat", "the cat and the hat", "that hat", "你好 世界 你好"]


def test_characters_are_sorted_and_counted_from_one_because_zero_is_the_blank():
    alphabet = learn_characters(["ba", "a c"])
    assert alphabet.symbols == (" ", "a", "b", "c")
    assert alphabet.size == 5
    assert alphabet.encode("cab") == [4, 2, 3]
    assert alphabet.decode([4, 0, 2, 3, 0]) == "cab"


def test_characters_that_are_not_in_the_alphabet_are_left_out_and_can_be_listed():
    alphabet = learn_characters(TEXTS)
    assert alphabet.decode(alphabet.encode("the zebra sat")) == "the ea sat"
    assert alphabet.decode(alphabet.encode("the ✓ cat")) == "the cat"
    assert alphabet.unknown("zebra zebra") == ["z", "b", "r"]
    assert alphabet.unknown("the cat") == []


def test_chinese_is_characters_like_any_other():
    alphabet = learn_characters(["你好", "世界"])
    assert alphabet.symbols == ("世", "你", "好", "界")
    assert alphabet.decode(alphabet.encode("你好世界")) == "你好世界"


@given(st.lists(st.text(alphabet="abc 你好", min_size=1), min_size=1))
def test_what_the_alphabet_was_learned_from_comes_back(texts):
    texts = [" ".join(text.split()) for text in texts]
    if not any(texts):
        return
    alphabet = learn_characters(texts)
    assert all(alphabet.decode(alphabet.encode(text)) == text for text in texts)


def test_subwords_are_fewer_than_characters_and_come_back_as_the_text():
    alphabet = learn_subwords(TEXTS * 5, 40)
    assert len(alphabet.symbols) <= 40
    assert " the" in alphabet.symbols
    for text in TEXTS:
        indices = alphabet.encode(text)
        assert len(indices) < len(text)
        assert alphabet.decode(indices) == text


@settings(deadline=None)
@given(st.text(alphabet="theca mno你好"))
def test_any_text_of_its_characters_can_be_written_in_subwords(text):
    alphabet = learn_subwords(TEXTS * 5, 40)
    text = " ".join(text.split())
    assert alphabet.decode(alphabet.encode(text)) == text
    assert all(0 < index < alphabet.size for index in alphabet.encode(text))


def test_subwords_leave_out_what_they_do_not_know():
    alphabet = learn_subwords(TEXTS * 5, 40)
    assert alphabet.decode(alphabet.encode("the zz cat")) == "the cat"
    assert alphabet.encode("zz") == []
    assert alphabet.unknown("zz cat") == ["z"]


def test_the_same_texts_give_the_same_subwords():
    assert learn_subwords(TEXTS * 5, 40) == learn_subwords(TEXTS * 5, 40)


def test_too_few_subwords_and_no_text_are_one_sentence_each():
    with pytest.raises(UserError, match="5 subwords are too few: the transcripts have 15 characters"):
        learn_subwords(TEXTS, 5)
    with pytest.raises(UserError, match="no character"):
        learn_characters(["", ""])


@pytest.mark.parametrize("alphabet", [learn_characters(TEXTS), learn_subwords(TEXTS * 5, 40)])
def test_an_alphabet_survives_json(alphabet):
    again = msgspec.json.decode(msgspec.json.encode(alphabet), type=Alphabet)
    assert again == alphabet
    assert again.encode(TEXTS[0]) == alphabet.encode(TEXTS[0])


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"symbols": ()}, "distinct symbols"),
        ({"symbols": ("a", "a")}, "distinct symbols"),
        ({"symbols": ("a", "")}, "distinct symbols"),
        ({"symbols": ("a", "bc")}, "'bc' in an alphabet of characters is not one character"),
        ({"symbols": ("a", "b"), "tokenizer": "{}"}, "subword tokenizer cannot be read"),
        ({"symbols": ("a", "b"), "tokenizer": learn_subwords(TEXTS, 40).tokenizer}, "not its tokenizer's"),
    ],
)
def test_an_alphabet_that_cannot_be_says_why(fields, reason):
    with pytest.raises(ValueError, match=reason):
        Alphabet(**fields)
