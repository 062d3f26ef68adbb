"""A beam search that knows the language: small examples from outputs to text."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from suite_language.symbols import SymbolModel
from suite_speech_recognition.alphabet import Alphabet, learn_characters, learn_subwords
from suite_speech_recognition.decoding.ctc import beam, greedy
from suite_speech_recognition.decoding.fusion import Fusion
from suite_speech_recognition.decoding.lexicon import WordList

SENTENCES = ["the cat sat on the mat", "the dog sat on the cat", "a cat and a dog"]
LETTERS = learn_characters([*SENTENCES, "k"])
MODEL = SymbolModel([LETTERS.encode(sentence) for sentence in SENTENCES], len(LETTERS.symbols))


def heard(text: str, alphabet: Alphabet, **doubts: str) -> np.ndarray:
    """Outputs that are sure of a text but for single characters: c="k" hears k a little rather than c."""
    frames = []
    for character in text:
        probabilities = np.full(alphabet.size, 0.001)
        symbol = alphabet.encode(character)[0] if character != " " else alphabet.symbols.index(" ") + 1
        if other := doubts.get(character):
            probabilities[symbol], probabilities[alphabet.encode(other)[0]] = 0.4, 0.55
        else:
            probabilities[symbol] = 0.95
        blank = np.full(alphabet.size, 0.001)
        blank[0] = 0.98
        frames += [probabilities / probabilities.sum(), blank / blank.sum()]
    return np.log(np.array(frames)).astype(np.float32)


def text_of(log_probabilities: np.ndarray, alphabet: Alphabet, scorer: Fusion | None, width: int = 16) -> str:
    return alphabet.decode(beam(log_probabilities, width, scorer).indices)


def test_a_language_model_and_a_word_list_each_put_right_what_was_misheard():
    outputs = heard("the cat", LETTERS, c="k")
    assert LETTERS.decode(greedy(outputs).indices) == text_of(outputs, LETTERS, None) == "the kat"
    assert text_of(outputs, LETTERS, Fusion(LETTERS, MODEL, 0.5)) == "the cat"
    assert text_of(outputs, LETTERS, Fusion(LETTERS, words=WordList(["the", "cat"]))) == "the cat"
    assert text_of(outputs, LETTERS, Fusion(LETTERS, words=WordList(["the", "cat"], -3.0))) == "the cat"


def test_both_count_where_both_are_given():
    outputs = heard("the cat", LETTERS, c="k")
    words = WordList(["the", "kat", "cat"])
    assert text_of(outputs, LETTERS, Fusion(LETTERS, words=words)) == "the kat"
    assert text_of(outputs, LETTERS, Fusion(LETTERS, MODEL, 0.5, words)) == "the cat"


def test_without_weight_a_language_model_says_nothing():
    outputs = heard("the cat", LETTERS, c="k")
    assert text_of(outputs, LETTERS, Fusion(LETTERS, MODEL, 0.0)) == "the kat"


def test_what_was_clearly_said_stays_in_spite_of_a_mild_penalty():
    outputs = heard("the kat", LETTERS)
    assert text_of(outputs, LETTERS, Fusion(LETTERS, words=WordList(["the", "cat"], -1.0))) == "the kat"


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 30), st.sampled_from([1, 4, 16]))
def test_a_word_list_admits_only_its_words_whatever_is_heard(seed, frames, width):
    listed = ["the", "cat", "mat", "on", "a"]
    logits = np.random.default_rng(seed).normal(size=(frames, LETTERS.size)) * 3
    outputs = (logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))).astype(np.float32)
    for model in (None, MODEL):
        found = text_of(outputs, LETTERS, Fusion(LETTERS, model, 0.5, WordList(listed)), width)
        assert set(found.split()) <= set(listed)


def test_a_word_that_is_cut_off_is_left_out():
    outputs = heard("the ca", LETTERS)
    assert text_of(outputs, LETTERS, Fusion(LETTERS, words=WordList(["the", "cat"])), 1).strip() == "the"


def test_chinese_word_lists_choose_among_characters_that_sound_alike():
    alphabet = learn_characters(["数字树子"])
    outputs = heard("数字", alphabet, 数="树", 字="子")
    assert text_of(outputs, alphabet, None) == "树子"
    assert text_of(outputs, alphabet, Fusion(alphabet, words=WordList(["数字", "树"]))) == "数字"


def test_words_may_be_said_in_any_subwords():
    alphabet = learn_subwords(SENTENCES * 3, 30)
    indices = [alphabet.symbols.index(symbol) + 1 for symbol in (" ", "c", "a", "t")]
    outputs = np.log(np.full((8, alphabet.size), 0.001, np.float32))
    outputs[np.arange(0, 8, 2), indices] = outputs[1::2, 0] = math.log(0.9)
    assert alphabet.decode(beam(outputs, scorer=Fusion(alphabet, words=WordList(["cat"]))).indices) == "cat"
    assert "cat" not in alphabet.decode(
        beam(outputs, scorer=Fusion(alphabet, words=WordList(["dog"]))).indices
    )


def test_a_word_bonus_favors_more_words():
    outputs = heard("the cat", LETTERS)
    space = LETTERS.symbols.index(" ") + 1
    outputs[6] = np.log(0.001)
    outputs[6, [0, space]] = np.log([0.6, 0.39])
    assert text_of(outputs, LETTERS, Fusion(LETTERS)) == "thecat"
    assert text_of(outputs, LETTERS, Fusion(LETTERS, word_bonus=1.0)) == "the cat"
    assert text_of(outputs, LETTERS, Fusion(LETTERS, symbol_bonus=1.0)) == "the cat"


def test_the_score_is_what_was_heard_and_what_the_language_says():
    outputs = heard("the cat", LETTERS)
    indices = LETTERS.encode("the cat")
    plain = beam(outputs)
    fused = beam(outputs, scorer=Fusion(LETTERS, MODEL, 0.5, word_bonus=2.0, symbol_bonus=0.25))
    assert plain.indices == fused.indices == indices
    expected = plain.score + 0.5 * MODEL.log_probability(indices) + 2.0 + 0.25 * len(indices)
    assert fused.score == pytest.approx(expected, abs=0.05)
