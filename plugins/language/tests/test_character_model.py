"""The n-gram model of characters: its probabilities are some, and those of the textbook."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from suite_language.characters import CharacterModel

TEXTS = ["the cat sat on the mat\n", "the dog sat on the cat\n", "a dog and a cat", "the the the"]


def bits(model: CharacterModel, text: str) -> float:
    return float(model.bits([text])[0])


def probability(model: CharacterModel, before: str, character: str) -> float:
    spelled = 0 if character in "".join(TEXTS) else 8 * len(character.encode())
    return 2 ** -(bits(model, before + character) - bits(model, before) - spelled)


@pytest.mark.parametrize("before", ["", "t", "the ", "the ca", "zzz", "on the dog", "?the"])
def test_the_probabilities_of_all_next_characters_and_an_unknown_one_sum_to_one(before):
    model = CharacterModel(TEXTS)
    characters = sorted(set("".join(TEXTS)))
    total = sum(probability(model, before, character) for character in [*characters, "?"])
    assert total == pytest.approx(1, abs=1e-9)


def test_a_bigram_model_is_what_is_computed_by_hand():
    """Interpolated Kneser-Ney with the discounts 0.5, 1 and 1.5, as the text is too small for its own."""
    model = CharacterModel(["aab"], order=2)
    # After the start: "a", once. After "a": "a" once, "b" once. So "a" comes after two, "b" after one.
    uniform = 1 / 3
    unigram = {
        "a": (2 - 1.0) / 3 + (1.0 + 0.5) / 3 * uniform,
        "b": (1 - 0.5) / 3 + (1.0 + 0.5) / 3 * uniform,
    }
    expected = {
        "": (1 - 0.5) / 1 + 0.5 * unigram["a"],
        "a": (1 - 0.5) / 2 + (0.5 + 0.5) / 2 * unigram["a"],
        "aa": (1 - 0.5) / 2 + (0.5 + 0.5) / 2 * unigram["b"],
    }
    assert bits(model, "a") == pytest.approx(-np.log2(expected[""]))
    assert bits(model, "aab") == pytest.approx(-np.log2(list(expected.values())).sum())
    # Nothing comes after "b" in the text: the shorter one says it all.
    assert bits(model, "aaba") - bits(model, "aab") == pytest.approx(-np.log2(unigram["a"]))


def test_more_context_tells_more_of_text_like_that_it_learned_from():
    learned = [
        " ".join(np.random.default_rng(seed).permutation(["red", "green", "blue"])) for seed in range(60)
    ]
    held_out = ["blue red green", "green red blue"]
    totals = [CharacterModel(learned, order).bits(held_out).sum() for order in (1, 2, 3, 5)]
    assert totals == sorted(totals, reverse=True)
    assert totals[-1] < 0.5 * totals[0]


def test_texts_are_scored_each_by_itself():
    model = CharacterModel(TEXTS)
    together = model.bits(["the cat", "", "dog", "the cat"])
    assert together.tolist() == [bits(model, "the cat"), 0, bits(model, "dog"), bits(model, "the cat")]


@pytest.mark.slow
@settings(max_examples=40, deadline=None)
@given(st.lists(st.text(max_size=12), max_size=4), st.text(max_size=12))
def test_any_text_has_bits_whatever_was_learned(learned, text):
    total = bits(CharacterModel([*learned, "ab"]), text)
    assert np.isfinite(total)
    assert total > 0 or not text


def test_unknown_characters_cost_their_bytes_besides():
    model = CharacterModel(TEXTS)
    assert bits(model, "\N{SNOWMAN}") - bits(model, "?") == pytest.approx(16)
