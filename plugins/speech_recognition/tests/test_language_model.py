"""The n-gram model: a probability distribution everywhere, and one that has learned its text."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from suite import UserError
from suite_speech_recognition.alphabet import Alphabet
from suite_speech_recognition.decoding.language_model import NgramModel, surprise
from suite_speech_recognition.normalization import Normalization, normalize

SYMBOLS = 4
utterances = st.lists(st.lists(st.integers(1, SYMBOLS), max_size=8), min_size=1, max_size=12).filter(any)


def normalized(text: str) -> str:
    return normalize(text, Normalization())


@settings(max_examples=60, deadline=None)
@given(utterances, st.integers(1, 5), st.lists(st.integers(1, SYMBOLS), max_size=6))
def test_what_comes_next_has_probabilities_that_sum_to_one_after_any_context(texts, order, context):
    model = NgramModel(texts, SYMBOLS, order)
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
        one, two, three, four = (counts[number] for number in (1, 2, 3, 4))
        if not (one and two and three and four):
            return 0.0, 0.5, 1.0, 1.5
        y = one / (one + 2 * two)
        found = 1 - 2 * y * two / one, 2 - 3 * y * three / two, 3 - 4 * y * four / three
        sound = all(0 < discount < number for number, discount in enumerate(found, 1))
        return (0.0, *found) if sound else (0.0, 0.5, 1.0, 1.5)

    def probability(context, symbol):
        lower = probability(context[1:], symbol) if context else 1 / (SYMBOLS + 1)
        counts = {one: count((*context, one)) for one in range(SYMBOLS + 1)}
        total = sum(counts.values())
        if not total:
            return lower
        by_count = discounts(len(context) + 1)
        taken = {one: by_count[min(3, number)] for one, number in counts.items()}
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
def test_it_is_interpolated_modified_kneser_ney_smoothing(texts, order, asked):
    texts = [text for text in texts if text]
    model = NgramModel(texts, SYMBOLS, order)
    assert model.log_probability(asked) == pytest.approx(by_definition(texts, order)(asked))


def test_discounts_are_estimated_where_there_is_enough_text():
    # Unigrams: 4 that occur once, 2 twice, 1 three times, 1 four times; the end 8 times.
    texts = [[1, 5], [2, 5], [3, 6], [4, 6], [7, 7], [7, 8], [8, 8], [8]]
    model = NgramModel(texts, 9, order=1)
    share = 4 / (4 + 2 * 2)
    once, thrice = 1 - 2 * share * 2 / 4, 3 - 4 * share * 1 / 1
    assert 0 < once < 1
    assert 0 < thrice < 3
    state = model.start()
    of_one, of_seven, of_unseen = (math.exp(model.extend(state, symbol)[0]) for symbol in (1, 7, 9))
    total = 15 + 8
    assert of_one - of_unseen == pytest.approx((1 - once) / total)
    assert of_seven - of_unseen == pytest.approx((3 - thrice) / total)


def test_what_was_learned_is_likelier_than_its_reverse():
    alphabet = Alphabet(symbols=tuple(" abcdefghijklmnopqrstuvwxyz"))
    model = NgramModel([alphabet.encode("the cat sat on the mat")], len(alphabet.symbols))
    assert model.log_probability(alphabet.encode("the mat")) > model.log_probability(
        alphabet.encode("tam eht")
    )


def test_utterances_do_not_run_into_each_other():
    """After the end of one nothing is known of the next: order of the text's lines does not matter."""
    texts = [[1, 2, 3], [3, 2], [4], [1, 2]]
    models = [NgramModel(order, SYMBOLS) for order in itertools.permutations(texts)]
    scores = {round(model.log_probability([1, 2, 3, 4, 1]), 9) for model in models}
    assert len(scores) == 1


def test_it_is_learned_from_the_sentences_of_a_file_as_transcripts_are_written(tmp_path):
    alphabet = Alphabet(symbols=(" ", "a", "b", "c"))
    path = tmp_path / "text.txt"
    path.write_text("\ufeffA b! B, a\r\n\r\nc?x. 123\n", encoding="utf-8")
    read = NgramModel.read(path, alphabet, normalized, order=3)
    expected = NgramModel([alphabet.encode(text) for text in ("a b", "b a", "c")], 4, order=3)
    for text in ("a b", "b a", "c", "abc"):
        assert read.log_probability(alphabet.encode(text)) == pytest.approx(
            expected.log_probability(alphabet.encode(text))
        )


def test_chinese_sentences_end_without_white_space(tmp_path):
    alphabet = Alphabet(symbols=("你", "好", "再", "见"))
    path = tmp_path / "text.txt"
    path.write_text("你好\u3002再见", encoding="utf-8")
    read = NgramModel.read(path, alphabet, normalized)
    assert read.log_probability([1, 2]) == pytest.approx(read.log_probability([3, 4]))


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (None, "cannot be read: No such file"),
        (b"", "is empty"),
        (b" \n\n", "is empty"),
        (b"fine\n\xff\xfe", r"is not text in UTF-8 \(line 2\)"),
        ("привет".encode(), "has no character that the model can write"),
    ],
)
def test_a_file_that_cannot_be_used_is_told(tmp_path, content, problem):
    path = tmp_path / "text.txt"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UserError, match=f"language model '.*text.txt' {problem}"):
        NgramModel.read(path, Alphabet(symbols=("a", "b")), normalized)


@pytest.mark.parametrize("texts", [[], [[]], [[5]], [[0]], [[-1]]])
def test_there_must_be_something_to_learn(texts):
    with pytest.raises(ValueError, match=r"utterance"):
        NgramModel(texts, SYMBOLS)


def test_what_a_symbol_costs_is_told_of_utterances_that_were_not_learned_from():
    words = [[1, 2, 3], [3, 2, 1], [2, 2], [1, 3]]
    rng = np.random.default_rng(0)
    utterances = [words[number] for number in rng.integers(0, 4, 200)]
    told = utterances[::10]
    model = NgramModel([one for number, one in enumerate(utterances) if number % 10], 3)
    expected = -sum(model.log_probability(one) for one in told) / sum(len(one) + 1 for one in told)
    assert surprise(utterances, 3) == pytest.approx(expected)
    assert surprise([[1, 2]], 2) > 0
