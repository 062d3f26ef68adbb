"""Drawing tokens by given numbers: the inverse of the distribution function, cut as the options say."""

from __future__ import annotations

import numpy as np
import pytest

keras = pytest.importorskip("keras", reason="needs Keras")

from suite_text.generation.models.sampling import drawn  # noqa: E402

SHARES = np.array([0.1, 0.4, 0.05, 0.3, 0.15])
BY_SHARE = [1, 3, 4, 0, 2]


def tokens(draws, temperature: float = 1.0, top_k: int = 0, top_p: float = 1.0, scores=None) -> list[int]:
    scores = np.log(SHARES) if scores is None else np.asarray(scores)
    draws = np.asarray(draws, np.float32)
    rows = np.tile(scores.astype(np.float32), (len(draws), 1))
    sampling = np.tile(np.array([temperature, top_k, top_p], np.float32), (len(draws), 1))
    tensors = (keras.ops.convert_to_tensor(array) for array in (rows, draws, sampling))
    return keras.ops.convert_to_numpy(drawn(*tensors)).tolist()


def evenly(count: int = 1000) -> np.ndarray:
    return (np.arange(count) + 0.5) / count


def frequencies(**options) -> np.ndarray:
    """Of each token, for draws that are spread evenly: exact up to one draw."""
    return np.bincount(tokens(evenly(), **options), minlength=len(SHARES)) / 1000


@pytest.mark.backend
def test_a_draw_gives_the_token_in_whose_share_it_falls_the_likeliest_first():
    ends = np.cumsum(SHARES[BY_SHARE])
    assert tokens([0.0, *(ends[:-1] + 1e-4)]) == BY_SHARE
    assert tokens(ends - 1e-4) == BY_SHARE
    assert tokens([1.0]) == BY_SHARE[-1:]


@pytest.mark.backend
def test_frequencies_are_the_shares():
    np.testing.assert_allclose(frequencies(), SHARES, atol=1.01e-3)


@pytest.mark.backend
@pytest.mark.parametrize("temperature", [0.5, 2.0])
def test_temperature_raises_shares_to_a_power(temperature):
    expected = SHARES ** (1 / temperature)
    np.testing.assert_allclose(frequencies(temperature=temperature), expected / expected.sum(), atol=1.01e-3)


@pytest.mark.backend
def test_no_temperature_and_a_top_of_one_are_both_the_likeliest_token():
    assert set(tokens(evenly(50), temperature=0.0)) == {1}
    assert set(tokens(evenly(50), temperature=0.0, top_k=3, top_p=0.5)) == {1}
    assert set(tokens(evenly(50), top_k=1)) == {1}
    assert set(tokens(evenly(50), top_p=1e-6)) == {1}


@pytest.mark.backend
def test_top_k_leaves_the_likeliest_with_their_shares_of_each_other():
    np.testing.assert_allclose(frequencies(top_k=2), [0, 4 / 7, 0, 3 / 7, 0], atol=1.01e-3)
    np.testing.assert_allclose(frequencies(top_k=99), SHARES, atol=1.01e-3)


@pytest.mark.backend
def test_top_p_leaves_the_fewest_that_have_the_share():
    np.testing.assert_allclose(frequencies(top_p=0.69), [0, 4 / 7, 0, 3 / 7, 0], atol=1.01e-3)
    np.testing.assert_allclose(frequencies(top_p=0.71), [0, 8 / 17, 0, 6 / 17, 3 / 17], atol=1.01e-3)
    # Of what the top k leave, not of all.
    np.testing.assert_allclose(frequencies(top_k=3, top_p=0.8), [0, 4 / 7, 0, 3 / 7, 0], atol=1.01e-3)


@pytest.mark.backend
def test_each_example_has_its_own_options():
    scores = np.tile(np.log(SHARES).astype(np.float32), (3, 1))
    sampling = np.array([(0, 0, 1), (1, 0, 1), (1, 2, 1)], np.float32)
    found = drawn(scores, np.full(3, 0.99, np.float32), sampling)
    assert keras.ops.convert_to_numpy(found).tolist() == [1, 2, 3]


@pytest.mark.backend
def test_of_equal_tokens_the_first_is_the_likeliest_and_the_impossible_are_never_drawn():
    assert tokens([0.0, 0.5], temperature=0.0, scores=[1.0, 3.0, 3.0]) == [1, 1]
    assert set(tokens(evenly(50), scores=[0.0, -1e9, 0.0], temperature=10.0)) == {0, 2}
    assert tokens([1.0], scores=[0.0, -1e9, 0.0]) == [2]
    assert tokens([0.3], scores=[500.0, -500.0, 0.0]) == [0]
