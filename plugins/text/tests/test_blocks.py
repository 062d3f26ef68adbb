"""Transformer blocks: masks hide what they should, a cache changes nothing, positions are relative."""

from __future__ import annotations

import numpy as np
import pytest

keras = pytest.importorskip("keras", reason="needs Keras")

from keras import layers, ops  # noqa: E402

from suite.pipeline.keras_files import load_keras, save_keras  # noqa: E402
from suite_text.models.blocks import (  # noqa: E402
    TokenEmbedding,
    TransformerBlock,
    causal_mask,
    kept,
    padding_mask,
)

BATCH, STEPS, WIDTH, HEADS, UNITS = 2, 7, 16, 2, 24


def block(cross: bool = False, dropout: float = 0.0, dtype: str = "float32") -> TransformerBlock:
    keras.utils.set_random_seed(3)
    made = TransformerBlock(HEADS, UNITS, cross=cross, dropout=dropout, dtype=dtype)
    made.build((None, None, WIDTH))
    return made


def some(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


def positions(steps: int = STEPS, start: int = 0) -> np.ndarray:
    return np.arange(start, start + steps, dtype=np.int32)[None]


def numpy(tensor) -> np.ndarray:
    return np.asarray(ops.convert_to_numpy(tensor))


@pytest.mark.backend
def test_the_future_never_changes_a_step():
    x, of_block = some(BATCH, STEPS, WIDTH), block()
    whole = numpy(of_block(x, seen=causal_mask(STEPS)))
    for seen in (1, 4):
        changed = x.copy()
        changed[:, seen:] = 9
        other = numpy(of_block(changed, seen=causal_mask(STEPS)))
        np.testing.assert_allclose(other[:, :seen], whole[:, :seen], atol=1e-6)
        assert np.abs(other[:, seen:] - whole[:, seen:]).max() > 0.1


@pytest.mark.backend
def test_padding_never_changes_a_step():
    x, of_block = some(BATCH, STEPS, WIDTH), block()
    alone = numpy(of_block(x[:, :4]))
    tokens = np.array([[5, 6, 7, 8, 0, 0, 0]] * BATCH, np.int32)
    padded = numpy(of_block(x, seen=padding_mask(tokens)))
    np.testing.assert_allclose(padded[:, :4], alone, atol=1e-6)


@pytest.mark.slow
@pytest.mark.backend
def test_step_by_step_with_a_cache_is_the_same_as_all_at_once():
    x, context, of_block = some(BATCH, STEPS, WIDTH), some(BATCH, 3, WIDTH, seed=1), block(cross=True)
    whole = numpy(of_block(x, seen=causal_mask(STEPS), context=context))
    cache, crossed = of_block.empty_cache(BATCH, STEPS), of_block.crossed(ops.convert_to_tensor(context))
    places = np.arange(STEPS)
    for step in range(STEPS):
        output, cache = of_block.forward(
            ops.convert_to_tensor(x[:, step : step + 1]),
            positions(1, step),
            (places <= step)[None, None],
            cache=cache,
            here=ops.convert_to_tensor(places == step),
            crossed=crossed,
        )
        np.testing.assert_allclose(numpy(output)[:, 0], whole[:, step], atol=1e-5)


@pytest.mark.backend
def test_each_example_has_its_own_place_in_the_cache():
    old, new = np.zeros((2, 1, 3, 4), np.float32), some(2, 1, 1, 4)
    here = ops.convert_to_tensor(np.array([[True, False, False], [False, False, True]]))
    written = numpy(kept(old, new, here))
    np.testing.assert_array_equal(written[0, 0], [new[0, 0, 0], [0] * 4, [0] * 4])
    np.testing.assert_array_equal(written[1, 0], [[0] * 4, [0] * 4, new[1, 0, 0]])


@pytest.mark.backend
def test_only_distances_between_positions_matter_and_they_do_matter():
    x, of_block = some(BATCH, STEPS, WIDTH), block()
    near = numpy(of_block(x, positions()))
    np.testing.assert_allclose(numpy(of_block(x, positions(start=50))), near, atol=1e-4)
    own = np.concatenate([positions(start=3), positions(start=90)])
    np.testing.assert_allclose(numpy(of_block(x, own)), near, atol=1e-4)
    assert np.abs(numpy(of_block(x, 4 * positions())) - near).max() > 1e-3


@pytest.mark.slow
@pytest.mark.backend
def test_attention_to_another_sequence_sees_what_its_mask_says():
    x, context, of_block = some(BATCH, STEPS, WIDTH), some(BATCH, 5, WIDTH, seed=1), block(cross=True)
    short = numpy(of_block(x, context=context[:, :3]))
    mask = (np.arange(5) < 3)[None, None]
    np.testing.assert_allclose(numpy(of_block(x, context=context, context_seen=mask)), short, atol=1e-6)
    assert np.abs(numpy(of_block(x, context=context)) - short).max() > 1e-3


@pytest.mark.backend
def test_a_turn_is_the_one_of_the_paper():
    """Su et al. 2021, equation 15, for the pairs (1, size/2 + 1), (2, size/2 + 2), ... of a head."""
    of_block, x = block(), some(1, 1, WIDTH)
    keys = numpy(of_block.attention.keys_and_values(ops.convert_to_tensor(x), np.array([[5]], np.int32))[0])
    plain = (x[0, 0] @ numpy(of_block.attention.key.kernel)).reshape(HEADS, -1)
    half = plain.shape[1] // 2
    turns = np.exp(1j * 5 * 10_000.0 ** (-np.arange(half) / half))
    turned = (plain[:, :half] + 1j * plain[:, half:]) * turns
    np.testing.assert_allclose(keys[0, :, 0], np.concatenate([turned.real, turned.imag], 1), atol=1e-5)


@pytest.mark.backend
def test_scores_of_tokens_are_products_with_the_vectors_they_are_embedded_by():
    embedding = TokenEmbedding(5, WIDTH)
    vectors = numpy(embedding(np.arange(5, dtype=np.int32)[None]))[0] / WIDTH**0.5
    x = some(2, 3, WIDTH)
    np.testing.assert_allclose(numpy(embedding.scores(ops.convert_to_tensor(x))), x @ vectors.T, atol=1e-5)


@pytest.mark.slow
@pytest.mark.backend
def test_half_precision_gives_about_the_same_and_scores_stay_whole():
    x = some(BATCH, STEPS, WIDTH)
    whole, half = block(), block(dtype="mixed_bfloat16")
    found = numpy(ops.cast(half(x, seen=causal_mask(STEPS)), "float32"))
    np.testing.assert_allclose(found, numpy(whole(x, seen=causal_mask(STEPS))), atol=0.2)
    embedding = TokenEmbedding(5, WIDTH, dtype="mixed_bfloat16")
    embedded = embedding(np.arange(5, dtype=np.int32)[None])
    assert keras.backend.standardize_dtype(embedded.dtype) == "bfloat16"
    assert keras.backend.standardize_dtype(embedding.scores(embedded).dtype) == "float32"


@pytest.mark.backend
def test_splits_are_dropped_in_training_only():
    x, of_block = some(BATCH, STEPS, WIDTH), block(dropout=0.5)
    np.testing.assert_array_equal(numpy(of_block(x)), numpy(of_block(x, training=False)))
    assert np.abs(numpy(of_block(x, training=True)) - numpy(of_block(x))).max() > 0.1


@pytest.mark.slow
@pytest.mark.backend
def test_a_network_of_blocks_learns_and_is_loaded_as_it_was_saved(tmp_path):
    tokens, context = keras.Input((None,), dtype="int32"), keras.Input((None, WIDTH))
    x = TokenEmbedding(9, WIDTH)(tokens)
    x = TransformerBlock(HEADS, UNITS, cross=True, dropout=0.1)(x, seen=padding_mask(tokens), context=context)
    network = keras.Model([tokens, context], layers.Dense(1)(x))
    inputs = [np.array([[3, 4, 0], [5, 0, 0]], np.int32), some(2, 4, WIDTH)]
    network.compile("adam", "mse")
    before = [numpy(weight).copy() for weight in network.trainable_variables]
    network.fit(inputs, np.ones((2, 3, 1), np.float32), verbose=0)
    for old, variable in zip(before, network.trainable_variables, strict=True):
        assert (old != numpy(variable)).any(), variable.path
    save_keras(network, tmp_path / "network.keras")
    loaded = load_keras(tmp_path / "network.keras", {"suite_text"})
    np.testing.assert_allclose(numpy(loaded(inputs)), numpy(network(inputs)), atol=1e-6)


def test_a_width_that_the_heads_cannot_share_is_refused():
    with pytest.raises(ValueError, match="3 heads of even size cannot share a width of 16"):
        TransformerBlock(3, UNITS).build((None, None, WIDTH))
