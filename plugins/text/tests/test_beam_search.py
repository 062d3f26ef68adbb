"""Beam search: what it finds, against trying everything, and that examples do not depend on each other."""

from __future__ import annotations

import itertools
import math

import keras
import numpy as np
import pytest
from keras import ops

from suite_text.tokens.vocabulary import END
from suite_text.translation.models.beam_search import beam_search

VOCABULARY, FIRST, POSITIONS = 7, 4, 4
LETTERS = range(FIRST, VOCABULARY)

pytestmark = pytest.mark.backend


def logits_after(memory):
    """What may follow depends on everything before: float32 (rows, VOCABULARY)."""
    return [3.0 * math.sin(1.7 * memory * (kind + 1) + kind * kind) for kind in range(VOCABULARY)]


def step(place, tokens, state, fixed):
    """The same as `logits_after`, of a state that goes with the texts."""
    memory = 0.31 * state[0] + ops.cast(tokens, "float32")[:, None] + fixed[0]
    kinds = ops.cast(ops.arange(VOCABULARY), "float32")[None, :]
    return 3.0 * ops.sin(1.7 * memory * (kinds + 1) + kinds * kinds), [memory]


def searched(seeds, *, beams, width=None, penalty=0.0, limits=None):
    """(tokens, log-probabilities) of an example for each seed."""
    count = len(seeds)
    tokens, scores = beam_search(
        step,
        [ops.zeros((count * beams, 1), "float32")],
        [ops.convert_to_tensor(np.repeat(np.array(seeds, np.float32), beams)[:, None])],
        limit=ops.convert_to_tensor(np.array(limits or [POSITIONS] * count, np.int32)),
        width=ops.full((count,), float(width or beams)),
        penalty=ops.full((count,), float(penalty)),
        beams=beams,
        positions=POSITIONS,
        vocabulary=VOCABULARY,
    )
    return keras.ops.convert_to_numpy(tokens), keras.ops.convert_to_numpy(scores)


def log_probabilities(text, seed):
    """Of each token of a text and of its end."""
    memory, found = 0.0, []
    for last, token in itertools.pairwise([2, *text, END]):
        memory = 0.31 * memory + last + seed
        logits = np.array(logits_after(memory))
        found.append(logits[token] - np.log(np.exp(logits).sum()))
    return found


def greedy(seed):
    text = []
    while len(text) < POSITIONS - 1:
        memory = 0.0
        for last in [2, *text]:
            memory = 0.31 * memory + last + seed
        logits = logits_after(memory)
        best = max([*LETTERS, END], key=lambda kind: logits[kind])
        if best == END:
            break
        text.append(best)
    return text


def text_of(tokens):
    return list(itertools.takewhile(lambda token: token != END, tokens.tolist()))


SEEDS = [0.1, 0.5, 1.3, 2.2, 3.7]


@pytest.mark.slow
@pytest.mark.parametrize("penalty", [0.0, 1.0])
def test_a_beam_that_is_wide_enough_finds_the_best_of_all_texts(penalty):
    tokens, scores = searched(SEEDS, beams=27, penalty=penalty)
    for seed, found, of_found in zip(SEEDS, tokens, scores, strict=True):
        texts = [text for length in range(POSITIONS) for text in itertools.product(LETTERS, repeat=length)]

        def value(text, seed=seed):
            return sum(log_probabilities(text, seed)) / ((5 + len(text) + 1) / 6) ** penalty

        best = max(texts, key=value)
        assert text_of(found) == list(best)
        expected = log_probabilities(best, seed)
        np.testing.assert_allclose(of_found[: len(expected)], expected, rtol=1e-3, atol=1e-4)
        assert not of_found[len(expected) :].any()


@pytest.mark.slow
def test_a_width_of_one_is_greedy_search_however_many_beams_are_built_in():
    alone, _ = searched(SEEDS, beams=1)
    among, _ = searched(SEEDS, beams=4, width=1)
    assert [text_of(row) for row in alone] == [greedy(seed) for seed in SEEDS]
    np.testing.assert_array_equal(alone, among)


@pytest.mark.slow
def test_a_narrower_search_is_that_of_a_network_built_so_narrow():
    narrow, of_narrow = searched(SEEDS, beams=2)
    among, of_among = searched(SEEDS, beams=5, width=2)
    np.testing.assert_array_equal(narrow, among)
    np.testing.assert_allclose(of_narrow, of_among, rtol=1e-4, atol=1e-5)


def test_a_wider_beam_finds_something_at_least_as_likely():
    _, narrow = searched(SEEDS, beams=1)
    _, wide = searched(SEEDS, beams=6)
    assert (wide.sum(axis=1) >= narrow.sum(axis=1) - 1e-4).all()


@pytest.mark.slow
def test_what_an_example_gets_does_not_depend_on_the_others():
    limits = [4, 2, 0, 3, 1]
    together, of_together = searched(SEEDS, beams=3, limits=limits)
    for index, (seed, limit) in enumerate(zip(SEEDS, limits, strict=True)):
        alone, of_alone = searched([seed], beams=3, limits=[limit])
        np.testing.assert_array_equal(alone[0], together[index])
        np.testing.assert_allclose(of_alone[0], of_together[index], rtol=1e-4, atol=1e-5)


def test_a_text_ends_at_its_limit_and_one_with_limit_zero_is_nothing():
    limits = [4, 2, 0, 3, 1]
    tokens, scores = searched(SEEDS, beams=3, limits=limits)
    for found, limit in zip(tokens, limits, strict=True):
        assert len(text_of(found)) <= max(0, limit - 1)
    assert not scores[2].any()


def test_special_tokens_are_never_written():
    tokens, _ = searched([0.01 * seed for seed in range(200)], beams=4)
    assert set(np.unique(tokens)) <= {END, *LETTERS}


def test_a_greater_length_penalty_gives_no_shorter_texts():
    seeds = [0.05 * seed for seed in range(100)]
    short, _ = searched(seeds, beams=4, penalty=0.0)
    long, _ = searched(seeds, beams=4, penalty=3.0)
    lengths = [sum(len(text_of(row)) for row in tokens) for tokens in (short, long)]
    assert lengths[1] > lengths[0]
