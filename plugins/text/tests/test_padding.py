"""The few lengths that sequences are padded to."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from suite_text.tokens.padding import MAX_LENGTHS, length_for, lengths_for, padded, padded_batch


@given(lengths=st.lists(st.integers(0, 3000), max_size=50), most=st.integers(1, 2000))
def test_lengths_rise_end_with_the_most_and_are_few(lengths, most):
    found = lengths_for(np.array(lengths, np.int64), most)
    assert found[-1] == most
    assert list(found) == sorted(set(found))
    assert found[0] >= 1
    assert len(found) <= MAX_LENGTHS + 1 + max(1, most).bit_length()


@given(lengths=st.lists(st.integers(1, 500), min_size=1, max_size=50))
def test_the_longest_of_the_data_is_hardly_padded(lengths):
    found = lengths_for(np.array(lengths), 1000)
    assert length_for(max(lengths), found) <= max(lengths) + 3


def test_sentences_like_those_of_a_data_set_have_a_handful_of_lengths():
    found = lengths_for(np.random.default_rng(0).integers(8, 40, 1000), 256)
    assert found[0] <= 12
    assert len([length for length in found if length <= 40]) <= MAX_LENGTHS


def test_padding_reaches_to_the_shortest_length_that_takes_it():
    array = padded([5, 6, 7, 8, 9], (4, 8, 16))
    assert array.dtype == np.int32
    assert array.tolist() == [5, 6, 7, 8, 9, 0, 0, 0]
    assert padded([], (4, 8)).tolist() == [0, 0, 0, 0]


def test_a_batch_has_the_length_of_its_longest():
    array = padded_batch([[5], [5, 6, 7, 8, 9], []], (4, 8, 16))
    assert array.dtype == np.int32
    assert array.tolist() == [[5, 0, 0, 0, 0, 0, 0, 0], [5, 6, 7, 8, 9, 0, 0, 0], [0] * 8]


def test_what_is_longer_than_every_length_is_not_cut_in_silence():
    with pytest.raises(ValueError, match="9 tokens are more than the longest length, 8"):
        padded([1] * 9, (4, 8))
