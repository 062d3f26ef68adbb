"""N-grams of words and characters as numbers, and words one after the other."""

from __future__ import annotations

import hashlib
import json

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from suite_text.classification.readers import ngrams as module
from suite_text.classification.readers.hashed_words import FIRST, HashedWords
from suite_text.classification.readers.ngrams import NGrams, words
from suite_text.classification.readers.word_parts import FORMS, MAX_PARTS, WordParts
from suite_text.tokens.vocabulary import UNKNOWN

TEXTS = ["the cat sat", "the dog sat down", "a cat and a dog"]


def grams_of(text: str, size: int) -> set[str]:
    found = ["^", *words(text), "$"]
    return {" ".join(found[start : start + size]) for start in range(len(found) - size + 1)}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("The cat's hat.", ["the", "cat", "'", "s", "hat", "."]),
        ("我爱你, baby", ["我", "爱", "你", ",", "baby"]),
        ("हिन्दी भाषा!", ["हिन्दी", "भाषा", "!"]),
        ("", []),
        ("snow☃man 100%", ["snow", "☃", "man", "100", "%"]),
    ],
)
def test_words_are_in_lower_case_and_punctuation_and_chinese_characters_are_words(text, found):
    assert words(text) == found


@given(st.text())
def test_words_hold_all_of_a_text_but_white_space(text):
    assert "".join("".join(words(text)).split()) == "".join(text.lower().split())


def test_each_ngram_has_one_number_and_counts_once_per_text():
    ngrams, texts_with = NGrams.learn(TEXTS, words=2)
    distinct = {gram for text in TEXTS for size in (1, 2) for gram in grams_of(text, size)}
    assert len(ngrams) == 1 + len(distinct)
    assert texts_with[0] == 0
    assert sorted(texts_with[1:]) == sorted(
        sum(gram in grams_of(text, 1) | grams_of(text, 2) for text in TEXTS) for gram in distinct
    )
    numbers = ngrams.encode("the cat the cat sat")
    assert numbers.dtype == np.int32
    assert (np.diff(numbers) > 0).all()
    known = (grams_of("the cat the cat sat", 1) | grams_of("the cat the cat sat", 2)) & distinct
    assert len(numbers) == len(known)


def test_ngrams_of_characters_are_within_words_and_the_spaces_at_their_ends():
    ngrams, _ = NGrams.learn(["ab c"], words=0, characters=(2, 3))
    # " a", "ab", "b ", " c", "c ", " ab", "ab ", " c "; not "b c"
    assert len(ngrams) == 1 + 8
    assert ngrams.first_of_characters == 1
    assert len(ngrams.encode("c ab")) == 8


def test_ngrams_of_characters_go_across_words_if_they_are_told_to():
    ngrams, _ = NGrams.learn(["ab\n c"], words=0, characters=(2, 3), across_words=True)
    # " a", "ab", "b ", " c", "c ", " ab", "ab ", "b c", " c "
    assert len(ngrams) == 1 + 9
    chinese, _ = NGrams.learn(["2012年好"], words=0, characters=(1, 2), across_words=True)
    assert len(chinese) == 1 + 5 + 7  # each digit is a character, and so is the border of a word
    assert len(chinese.encode("好2")) == 2
    assert len(chinese.encode("2年")) == 2 + 2  # " 2" and "2年"


def test_parts_of_words_are_how_they_are_written_and_their_ngrams():
    parts = WordParts.learn(["Cats scat cat", "2012 NASA a , X"], min_count=2)
    found = parts.encode("Cat CATS a , 2012 7 X xyz", 20)
    assert found.dtype == np.int32
    assert found.shape == (8, MAX_PARTS)
    assert found[:, 0].tolist() == [4, 3, 2, 1, 8, 5, 9, 2]
    assert found[:, 0].max() < FORMS
    known = [set(row[row > 0].tolist()) for row in found[:, 1:]]
    # In two words or more: "cat", "^ca", "^cat", "at$" and "cat$"; and "ats" only in "cats".
    assert known[0] == set(range(1, len(parts)))
    assert known[1] < known[0]
    assert known[2:] == [set()] * 6
    assert parts.encode("one two three", 2).shape == (2, MAX_PARTS)
    assert parts.encode("", 5).shape == (0, MAX_PARTS)
    assert WordParts.learn([]).encode("new", 5)[0, 1:].sum() == 0


@given(st.text())
def test_any_text_has_as_many_parts_as_words(text):
    parts, hashed = WordParts.learn(TEXTS, min_count=1), HashedWords.learn(TEXTS)
    found = parts.encode(text, 10)
    assert len(found) == len(hashed.encode(text, 10))
    assert (found[:, 0] > 0).all()
    assert (found[:, 1:] < len(parts)).all()


def test_hashes_are_the_same_in_every_process():
    ngrams, _ = NGrams.learn(["the cat"], words=2, characters=(3, 3))
    parts, hashed = WordParts.learn(["the cat"], min_count=1), HashedWords.learn(["the cat"])
    everything = b"".join((ngrams.known_words, ngrams.known_characters, parts.known, hashed.known))
    assert hashlib.sha256(everything).hexdigest()[:16] == "6c55ef72d6149727"


def test_numbers_of_characters_come_after_those_of_words():
    ngrams, _ = NGrams.learn(TEXTS, words=1, characters=(2, 2))
    words_only, _ = NGrams.learn(TEXTS, words=1)
    assert ngrams.first_of_characters == len(words_only)
    numbers = ngrams.encode(TEXTS[0])
    assert (numbers[numbers < ngrams.first_of_characters] == words_only.encode(TEXTS[0])).all()


def test_the_beginning_and_the_end_of_a_text_are_words_to_ngrams():
    ngrams, _ = NGrams.learn(["cat sat"], words=2)
    first, later = set(ngrams.encode("cat ran").tolist()), set(ngrams.encode("a cat ran").tolist())
    assert len(first - later) == 1


def test_rare_ngrams_are_left_out_and_the_most_frequent_ones_stay():
    _, texts_with = NGrams.learn(TEXTS, words=1, min_count=2)
    assert set(texts_with[1:]) <= {2, 3}
    fewer, texts_with = NGrams.learn(TEXTS, words=1, max_ngrams=2)
    assert len(fewer) == 3
    assert texts_with.tolist() == [0, 3, 3]  # the two ends, which all texts have


def test_counting_in_blocks_changes_nothing(monkeypatch):
    at_once = NGrams.learn(TEXTS * 3, words=2, characters=(2, 4))
    monkeypatch.setattr(module, "BLOCK", 2)
    in_blocks = NGrams.learn(TEXTS * 3, words=2, characters=(2, 4))
    assert at_once[0] == in_blocks[0]
    assert (at_once[1] == in_blocks[1]).all()


def test_beyond_all_bounds_what_was_seen_once_is_forgotten(monkeypatch):
    monkeypatch.setattr(module, "BLOCK", 2)
    monkeypatch.setattr(module, "MAX_DISTINCT", 6)
    ngrams, texts_with = NGrams.learn(["a b", "a c", "d e f g", "a h i j"], words=1)
    assert 1 < len(ngrams) < 13
    assert texts_with.max() == 4


@pytest.mark.slow
@given(st.text(), st.integers(0, 4), st.sampled_from([(0, 0), (1, 1), (2, 3), (5, 9)]))
def test_any_text_has_numbers_within_the_range_and_those_of_training_are_known(text, longest, characters):
    learned, texts_with = NGrams.learn([text], words=longest, characters=characters)
    assert learned.encode(text).tolist() == list(range(1, len(learned)))
    assert (texts_with[1:] == 1).all()
    other, _ = NGrams.learn(TEXTS, words=longest, characters=characters)
    numbers = other.encode(text)
    assert ((numbers > 0) & (numbers < len(other))).all()


@given(st.text())
def test_any_text_has_as_many_numbers_as_words(text):
    hashed = HashedWords.learn(TEXTS)
    numbers = hashed.encode(text, 10)
    assert len(numbers) == min(10, len(words(text)))
    assert ((numbers >= UNKNOWN) & (numbers < len(hashed))).all()


def test_words_keep_their_order_and_what_is_unknown_says_so():
    hashed = HashedWords.learn(TEXTS, min_count=2)
    assert len(hashed) == FIRST + 5  # the, cat, sat, dog, a
    the, cat, sat = hashed.encode("the cat sat", 10)
    assert hashed.encode("Sat zebra the CAT", 3).tolist() == [sat, UNKNOWN, the]
    assert len({the, cat, sat}) == 3
    assert HashedWords.learn([]).encode("the cat", 5).tolist() == [UNKNOWN, UNKNOWN]


def test_as_json_they_are_the_same():
    ngrams, _ = NGrams.learn(TEXTS, words=2, characters=(2, 3))
    again = msgspec.convert(json.loads(msgspec.json.encode(ngrams)), NGrams)
    assert again == ngrams
    assert (again.encode("the cat") == ngrams.encode("the cat")).all()


@pytest.mark.parametrize(
    ("kind", "broken"),
    [
        (NGrams, {"words": -1}),
        (NGrams, {"words": 1, "characters": (3, 2)}),
        (NGrams, {"words": 1, "known_words": b"abc"}),
        (NGrams, {"words": 1, "known_words": np.array([5, 5], "<u4").tobytes()}),
        (HashedWords, {"known": b"abc"}),
        (HashedWords, {"known": np.array([5, 4], "<u4").tobytes()}),
        (WordParts, {"known": b"abc"}),
        (WordParts, {"known": np.array([5, 4], "<u4").tobytes()}),
    ],
)
def test_what_cannot_be_is_refused(kind, broken):
    with pytest.raises(ValueError):
        kind(**broken)
