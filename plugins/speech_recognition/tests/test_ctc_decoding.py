"""CTC decoding: equal to Keras's and to adding up all paths; times and words."""

from __future__ import annotations

import itertools
import math
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer, models

from suite_speech_recognition.alphabet import Alphabet
from suite_speech_recognition.decoding.ctc import Decoded, align, beam, greedy, words

EXACT = {"min_log_probability": -math.inf, "margin": math.inf, "max_symbols": 10**6}
LETTERS = Alphabet(symbols=(" ", "a", "b", "c"))


def random_outputs(seed: int, frames: int, symbols: int, spread: float = 2.0) -> np.ndarray:
    logits = np.random.default_rng(seed).normal(size=(frames, symbols)) * spread
    return (logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))).astype(np.float32)


def outputs_for(path: list[int], symbols: int, sure: float = 0.9) -> np.ndarray:
    """Outputs whose frames are nearly sure of the symbols of `path`."""
    probabilities = np.full((len(path), symbols), (1 - sure) / (symbols - 1))
    probabilities[np.arange(len(path)), path] = sure
    return np.log(probabilities).astype(np.float32)


def collapsed(path: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(symbol for symbol, _ in itertools.groupby(path) if symbol)


def all_sequences(log_probabilities: np.ndarray) -> dict[tuple[int, ...], float]:
    """The probability of each sequence of symbols: all its paths added up."""
    frames, symbols = log_probabilities.shape
    found: dict[tuple[int, ...], float] = {}
    for path in itertools.product(range(symbols), repeat=frames):
        probability = math.exp(sum(float(log_probabilities[at, symbol]) for at, symbol in enumerate(path)))
        found[collapsed(path)] = found.get(collapsed(path), 0.0) + probability
    return found


small = st.builds(
    random_outputs, st.integers(0, 10**6), st.integers(1, 5), st.integers(2, 4), st.sampled_from([0.5, 2, 5])
)


def test_greedy_merges_neighbors_and_leaves_out_blanks():
    decoded = greedy(outputs_for([0, 2, 2, 0, 2, 3, 0], 5))
    assert decoded.indices == [2, 2, 3]
    assert (decoded.starts, decoded.ends) == ([1, 4, 5], [3, 5, 6])
    assert decoded.probabilities == pytest.approx([0.9] * 3)
    assert decoded.score == pytest.approx(7 * math.log(0.9))


def test_a_symbol_is_as_sure_as_its_surest_frame():
    log_probabilities = outputs_for([1, 1, 0], 3, sure=0.6)
    log_probabilities[1] = np.log([0.05, 0.9, 0.05])
    for decoded in (greedy(log_probabilities), beam(log_probabilities)):
        assert decoded.indices == [1]
        assert decoded.probabilities == pytest.approx([0.9])


def test_a_beam_adds_up_paths_where_the_best_path_is_another():
    # The classical case: two blanks are the likeliest path, but three paths say "1".
    log_probabilities = np.log(np.array([[0.6, 0.4], [0.6, 0.4]], np.float32))
    assert greedy(log_probabilities).indices == []
    assert beam(log_probabilities).indices == [1]
    assert math.exp(beam(log_probabilities).score) == pytest.approx(0.64)


@settings(max_examples=60, deadline=None)
@given(small)
def test_a_wide_beam_finds_the_likeliest_of_all_sequences(log_probabilities):
    sequences = all_sequences(log_probabilities)
    decoded = beam(log_probabilities, 10**4, **EXACT)
    assert math.exp(decoded.score) == pytest.approx(max(sequences.values()), rel=1e-4)
    assert sequences[tuple(decoded.indices)] == pytest.approx(max(sequences.values()), rel=1e-4)


class Bigrams:
    """A scorer that scores pairs of symbols, and forbids some."""

    def __init__(self, seed: int, symbols: int) -> None:
        self.scores = np.random.default_rng(seed).normal(size=(symbols, symbols)) * 2
        self.scores[self.scores < -2] = -np.inf
        self.max_score = float(self.scores[:, 1:].max())

    def start(self):
        return 0

    def extend(self, state, symbol):
        return float(self.scores[state, symbol]), symbol

    def end(self, state):
        return float(self.scores[state, 0])

    def whole(self, sequence):
        return sum(float(self.scores[pair]) for pair in itertools.pairwise((0, *sequence, 0)))


@settings(max_examples=60, deadline=None)
@given(small, st.integers(0, 10**6))
def test_a_wide_beam_with_a_scorer_finds_the_best_of_all_sequences(log_probabilities, seed):
    scorer = Bigrams(seed, log_probabilities.shape[1])
    scores = {
        sequence: math.log(probability) + scorer.whole(sequence)
        for sequence, probability in all_sequences(log_probabilities).items()
    }
    decoded = beam(log_probabilities, 10**4, scorer, **EXACT)
    if max(scores.values()) > -math.inf:
        assert decoded.score == pytest.approx(max(scores.values()), abs=1e-4)
        assert scores[tuple(decoded.indices)] == pytest.approx(max(scores.values()), abs=1e-4)


@settings(max_examples=60, deadline=None)
@given(small, st.integers(1, 4))
def test_a_narrow_beam_never_claims_more_than_there_is(log_probabilities, width):
    decoded = beam(log_probabilities, width)
    assert math.exp(decoded.score) <= all_sequences(log_probabilities)[tuple(decoded.indices)] * 1.0001


@pytest.mark.parametrize("frames", [1, 7, 40])
def test_what_is_left_out_by_default_hardly_ever_matters(frames):
    for seed in range(20):
        log_probabilities = random_outputs(seed, frames, 30, spread=4.0)
        usual, exact = beam(log_probabilities), beam(log_probabilities, **EXACT)
        assert usual.indices == exact.indices
        assert usual.score == pytest.approx(exact.score, abs=0.05)


@pytest.mark.backend
def test_both_are_equal_to_keras():
    import keras

    both = np.stack([random_outputs(seed, 9, 5) for seed in range(12)])
    lengths = np.full(len(both), both.shape[1])
    best, _ = keras.ops.ctc_decode(both, lengths, strategy="greedy", mask_index=0)
    widest, scores = keras.ops.ctc_decode(
        both, lengths, strategy="beam_search", beam_width=100, top_paths=1, mask_index=0
    )
    for frames, by_path, by_beam, score in zip(
        both, np.asarray(best)[0], np.asarray(widest)[0], np.asarray(scores)[:, 0], strict=True
    ):
        assert greedy(frames).indices == [symbol for symbol in by_path if symbol > 0]
        decoded = beam(frames, 100, **EXACT)
        assert decoded.indices == [symbol for symbol in by_beam if symbol > 0]
        assert decoded.score == pytest.approx(score, abs=1e-4)


@settings(max_examples=60, deadline=None)
@given(small, st.integers(1, 50))
def test_padding_changes_nothing(log_probabilities, padding):
    silence = np.full((padding, log_probabilities.shape[1]), -30.0, np.float32)
    silence[:, 0] = 0.0
    padded = np.concatenate([log_probabilities, silence])
    for settings_ in ({}, EXACT):
        assert beam(padded, **settings_) == beam(log_probabilities, **settings_)
    assert greedy(padded) == greedy(log_probabilities)


@settings(max_examples=60, deadline=None)
@given(small)
def test_frames_of_symbols_are_those_of_the_likeliest_path_that_gives_them(log_probabilities):
    decoded = beam(log_probabilities)
    positions = align(log_probabilities, decoded.indices)

    def score(path):
        return sum(float(log_probabilities[at, symbol]) for at, symbol in enumerate(path))

    aligned = tuple(decoded.indices[position] if position >= 0 else 0 for position in positions)
    assert list(collapsed(aligned)) == decoded.indices
    frames, symbols = log_probabilities.shape
    paths = itertools.product(range(symbols), repeat=frames)
    best = max(score(path) for path in paths if list(collapsed(path)) == decoded.indices)
    assert score(aligned) == pytest.approx(best, abs=1e-4)
    for position, (start, end) in enumerate(zip(decoded.starts, decoded.ends, strict=True)):
        assert (positions == position).nonzero()[0].tolist() == list(range(start, end))


def test_what_is_certain_has_the_same_frames_by_both():
    log_probabilities = outputs_for([0, 2, 0, 3, 3, 3, 0, 0, 4, 0, 4], 5)
    assert greedy(log_probabilities).starts == beam(log_probabilities).starts == [1, 3, 8, 10]
    assert greedy(log_probabilities).ends == beam(log_probabilities).ends == [2, 6, 9, 11]


def test_symbols_that_do_not_fit_into_the_frames_cannot_be_aligned():
    with pytest.raises(ValueError, match="2 frames are too few for 2 symbols"):
        align(random_outputs(0, 2, 3), [1, 1])


def test_nothing_and_silence_are_nothing():
    for log_probabilities in (np.zeros((0, 5), np.float32), outputs_for([0] * 1000, 5, sure=0.9999)):
        for decoded in (greedy(log_probabilities), beam(log_probabilities)):
            assert decoded.indices == decoded.starts == decoded.ends == decoded.probabilities == []
            assert words(decoded, LETTERS, 0.04) == []


def test_impossible_frames_do_not_end_the_search():
    log_probabilities = outputs_for([1, 0, 0, 2], 3)
    log_probabilities[1] = -np.inf
    assert beam(log_probabilities).indices == [1, 2]


def test_broken_outputs_are_told():
    for decode in (greedy, beam):
        with pytest.raises(ValueError, match="NaN"):
            decode(np.full((3, 4), np.nan, np.float32))
        with pytest.raises(ValueError, match="shape"):
            decode(np.zeros((3, 4, 5), np.float32))


def spoken(text: str, symbols: tuple[str, ...], probabilities: list[float] | None = None) -> Decoded:
    """A symbol in every second frame, from frame 1."""
    count = len(text)
    starts = list(range(1, 2 * count, 2))
    given = probabilities or [1.0] * count
    return Decoded(
        [symbols.index(symbol) + 1 for symbol in text], starts, [start + 1 for start in starts], given, 0.0
    )


def test_words_are_what_is_between_spaces():
    decoded = spoken("ab c", LETTERS.symbols, [0.9, 0.8, 0.1, 0.7])
    first, second = words(decoded, LETTERS, 0.04, offset=10.0)
    assert (first.text, second.text) == ("ab", "c")
    assert (first.start, first.end) == pytest.approx((10.04, 10.16))
    assert (second.start, second.end) == pytest.approx((10.28, 10.32))
    assert (first.confidence, second.confidence) == (0.8, 0.7)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("  a  b ", ["a", "b"]),
        ("你好吗", ["你", "好", "吗"]),
        ("说ok吗", ["说", "ok", "吗"]),
        ("abc 你 好", ["abc", "你", "好"]),
        ("你好\uff0c吗", ["你", "好\uff0c", "吗"]),
        ("don't go.", ["don't", "go."]),
        ("กิน", ["กิ", "น"]),
        ("안녕 하세요", ["안녕", "하세요"]),
    ],
)
def test_in_scripts_without_spaces_every_character_is_a_word(text, expected):
    alphabet = Alphabet(symbols=tuple(sorted(set(text))))
    assert [word.text for word in words(spoken(text, alphabet.symbols), alphabet, 0.04)] == expected


def test_words_of_subwords_begin_where_a_subword_has_a_space():
    symbols = (" he", "llo", " the", "re")
    vocabulary = {symbol: index for index, symbol in enumerate(symbols)}
    tokenizer = Tokenizer(models.BPE(vocabulary, [])).to_str()
    decoded = Decoded([1, 2, 3, 4], [0, 2, 4, 6], [1, 3, 5, 7], [1.0] * 4, 0.0)
    found = words(decoded, Alphabet(symbols=symbols, tokenizer=tokenizer), 1.0)
    assert [(word.text, word.start, word.end) for word in found] == [("hello", 0, 3), ("there", 4, 7)]


def test_large_alphabets_and_long_recordings_take_no_time():
    log_probabilities = random_outputs(0, 250, 3000, spread=1.0)
    log_probabilities[:, 0] += 6
    start = time.process_time()
    beam(log_probabilities)
    greedy(log_probabilities)
    assert time.process_time() - start < 0.5  # 10 seconds of audio; measured: 0.03
