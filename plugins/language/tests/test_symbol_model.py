"""The n-gram model of symbols: a probability distribution everywhere, and one that has learned its text."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from suite_language.symbols import SymbolModel, cost_per_symbol

SYMBOLS = 4
utterances = st.lists(st.lists(st.integers(1, SYMBOLS), max_size=8), min_size=1, max_size=12).filter(any)


@settings(max_examples=60, deadline=None)
@given(utterances, st.integers(1, 5), st.lists(st.integers(1, SYMBOLS), max_size=6))
def test_what_comes_next_has_probabilities_that_sum_to_one_after_any_context(texts, order, context):
    model = SymbolModel(texts, SYMBOLS, order)
    state = model.start()
    for symbol in context:
        _, state = model.extend(state, symbol)
    probabilities = [math.exp(model.extend(state, symbol)[0]) for symbol in range(SYMBOLS + 1)]
    assert sum(probabilities) == pytest.approx(1)
    assert min(probabilities) > 0


def by_definition(texts: list[list[int]], order: int) -> Callable[[list[int]], float]:
    """Interpolated modified Kneser-Ney, as its definition says; the log-probability of an utterance."""
    grams = [Counter() for _ in range(order + 2)]
    for text in texts:
        whole = (0, *text, 0)
        for length in range(1, order + 2):
            for at in range(len(whole) - length + 1):
                grams[length][whole[at : at + length]] += 1
    grams[1][0,] -= len(texts)  # the start is never predicted

    def count(gram):
        """Of the longest, and where nothing can be before, how often; else after how many symbols."""
        if len(gram) == order or (len(gram) > 1 and gram[0] == 0):
            return grams[len(gram)][gram]
        return sum(1 for before in range(SYMBOLS + 1) if grams[len(gram) + 1][(before, *gram)])

    def discounts(length):
        """Chen and Goodman 1999, equation 26; the fallback where it cannot be estimated."""
        counts = Counter(count(gram) for gram in list(grams[length]))
        once, twice, thrice, four_times = (counts[number] for number in (1, 2, 3, 4))
        if not (once and twice and thrice and four_times):
            return 0.0, 0.5, 1.0, 1.5
        y = once / (once + 2 * twice)
        estimated = 1 - 2 * y * twice / once, 2 - 3 * y * thrice / twice, 3 - 4 * y * four_times / thrice
        sound = all(0 < discount < number for number, discount in enumerate(estimated, 1))
        return (0.0, *estimated) if sound else (0.0, 0.5, 1.0, 1.5)

    def probability(context, symbol):
        lower = probability(context[1:], symbol) if context else 1 / (SYMBOLS + 1)
        counts = {symbol: count((*context, symbol)) for symbol in range(SYMBOLS + 1)}
        total = sum(counts.values())
        if not total:
            return lower
        by_count = discounts(len(context) + 1)
        taken = {symbol: by_count[min(3, number)] for symbol, number in counts.items()}
        return (counts[symbol] - taken[symbol] + sum(taken.values()) * lower) / total

    def log_probability(text):
        whole = (0, *text, 0)
        return sum(
            math.log(probability(whole[max(0, at - order + 1) : at], whole[at]))
            for at in range(1, len(whole))
        )

    return log_probability


@settings(max_examples=60, deadline=None)
@given(utterances, st.integers(1, 4), st.lists(st.integers(1, SYMBOLS), max_size=4))
def test_it_is_interpolated_modified_kneser_ney_smoothing(texts, order, utterance):
    texts = [text for text in texts if text]
    model = SymbolModel(texts, SYMBOLS, order)
    assert model.log_probability(utterance) == pytest.approx(by_definition(texts, order)(utterance))


def test_discounts_are_estimated_where_there_is_enough_text():
    # Unigrams: 4 that occur once, 2 twice, 1 three times, 1 four times; the end 8 times.
    texts = [[1, 5], [2, 5], [3, 6], [4, 6], [7, 7], [7, 8], [8, 8], [8]]
    model = SymbolModel(texts, 9, order=1)
    share = 4 / (4 + 2 * 2)
    once, thrice = 1 - 2 * share * 2 / 4, 3 - 4 * share * 1 / 1
    assert 0 < once < 1
    assert 0 < thrice < 3
    state = model.start()
    of_one, of_seven, of_unseen = (math.exp(model.extend(state, symbol)[0]) for symbol in (1, 7, 9))
    total = 15 + 8
    assert of_one - of_unseen == pytest.approx((1 - once) / total)
    assert of_seven - of_unseen == pytest.approx((3 - thrice) / total)


def test_utterances_do_not_run_into_each_other():
    """After the end of one nothing is known of the next: order of the text's lines does not matter."""
    texts = [[1, 2, 3], [3, 2], [4], [1, 2]]
    models = [SymbolModel(order, SYMBOLS) for order in itertools.permutations(texts)]
    scores = {round(model.log_probability([1, 2, 3, 4, 1]), 9) for model in models}
    assert len(scores) == 1


@pytest.mark.parametrize("texts", [[], [[]], [[5]], [[0]], [[-1]]])
def test_there_must_be_something_to_learn(texts):
    with pytest.raises(ValueError, match=r"utterance"):
        SymbolModel(texts, SYMBOLS)


def test_what_a_symbol_costs_is_found_with_utterances_that_were_not_learned_from():
    words = [[1, 2, 3], [3, 2, 1], [2, 2], [1, 3]]
    rng = np.random.default_rng(0)
    utterances = [words[number] for number in rng.integers(0, 4, 200)]
    held_out = utterances[::10]
    model = SymbolModel([text for number, text in enumerate(utterances) if number % 10], 3)
    expected = -sum(model.log_probability(text) for text in held_out) / sum(
        len(text) + 1 for text in held_out
    )
    assert cost_per_symbol(utterances, 3) == pytest.approx(expected)
    assert cost_per_symbol([[1, 2]], 2) > 0
