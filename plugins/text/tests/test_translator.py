"""The network that translates: what it learns from and what it finds belong together, and nothing leaks."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from keras import ops

from suite_text.tokens.vocabulary import END, PADDING, START
from suite_text.translation.models.loss import SmoothedLoss
from suite_text.translation.models.translator import Translator, networks

pytestmark = [pytest.mark.backend, pytest.mark.slow]

SIZES = {"width": 16, "heads": 2, "units": 24, "depth": 2, "beams": 3, "ratio": 8, "extra": 5}
VOCABULARY = 23


def texts(*lengths, width=None):
    """int32 (texts, width): random tokens, padding at the end."""
    draws = np.random.default_rng(len(lengths))
    made = np.full((len(lengths), width or max(lengths)), PADDING, np.int32)
    for row, length in zip(made, lengths, strict=True):
        row[:length] = draws.integers(4, VOCABULARY, length)
    return made


@pytest.fixture(scope="module")
def pair():
    """The network that is shipped and the one that is trained, with weights that are sure of something."""
    keras.utils.set_random_seed(1)
    shipped, trained = networks(VOCABULARY, **SIZES)
    trained.set_weights([3 * weight for weight in trained.get_weights()])
    return shipped, trained


def found(network, source, beam=3.0, penalty=1.0):
    """Tokens and log-probabilities that a search finds."""
    search = np.tile(np.array([beam, penalty], np.float32), (len(source), 1))
    outputs = ops.convert_to_numpy(network({"source": source, "search": search}))
    return outputs[..., 0].astype(int), outputs[..., 1]


@pytest.fixture(scope="module")
def search(pair):
    """What the network that is shipped finds for `SOURCE`."""
    return found(pair[0], SOURCE)


def forced(network, source, target, training=False):
    outputs = network({"source": source, "target": target}, training=training)
    return ops.convert_to_numpy(outputs)


def until_end(tokens):
    return tokens[: tokens.tolist().index(END)].tolist()


SOURCE = texts(5, 3, 7, 1)
TARGET = texts(6, 4, 2, 5)


def test_both_networks_have_the_same_weights(pair):
    shipped, trained = pair
    assert [weight.path for weight in shipped.weights] == [weight.path for weight in trained.weights]
    assert all(a is b for a, b in zip(shipped.weights, trained.weights, strict=True))


def test_the_log_probabilities_of_a_search_are_those_of_the_training_network(pair, search):
    _, trained = pair
    tokens, scores = search
    target = np.where(np.cumsum(tokens == END, axis=1) > 1, PADDING, tokens).astype(np.int32)
    expected = forced(trained, SOURCE, target)[..., 0]
    for row, (text, wanted) in enumerate(zip(scores, expected, strict=True)):
        count = len(until_end(tokens[row])) + 1
        np.testing.assert_allclose(text[:count], wanted[:count], rtol=1e-3, atol=1e-4)
        assert not text[count:].any()


def test_one_beam_is_greedy_search(pair):
    shipped, trained = pair
    tokens, _ = found(shipped, SOURCE, beam=1.0)
    for row in (1, 3):
        source, text = SOURCE[row : row + 1], []
        limit = int((source > 0).sum()) + 5
        while len(text) < limit - 1:
            tried = [np.array([[*text, token]], np.int32) for token in [END, *range(4, VOCABULARY)]]
            together = np.concatenate(tried)
            scores = forced(trained, np.repeat(source, len(together), axis=0), together)[:, -1, 0]
            best = int(together[int(scores.argmax()), -1])
            if best == END:
                break
            text.append(best)
        assert until_end(tokens[row]) == text


def test_without_the_cache_it_finds_the_same(pair, search):
    shipped, _ = pair
    slow, _ = networks(VOCABULARY, **SIZES, cached=False)
    slow.set_weights(shipped.get_weights())
    (tokens, scores), (others, of_others) = search, found(slow, SOURCE)
    np.testing.assert_array_equal(tokens, others)
    np.testing.assert_allclose(scores, of_others, rtol=1e-3, atol=1e-4)


def test_the_padding_of_a_source_changes_nothing(pair, search):
    shipped, trained = pair
    longer = np.pad(SOURCE, ((0, 0), (0, 4)))
    np.testing.assert_allclose(
        forced(trained, SOURCE, TARGET), forced(trained, longer, TARGET), rtol=1e-4, atol=1e-5
    )
    (tokens, scores), (others, of_others) = search, found(shipped, longer)
    places = tokens.shape[1]
    np.testing.assert_array_equal(tokens, others[:, :places])
    np.testing.assert_allclose(scores, of_others[:, :places], rtol=1e-3, atol=1e-4)
    assert set(np.unique(others[:, places:])) == {END}


def test_what_comes_later_in_a_translation_changes_nothing_before(pair):
    _, trained = pair
    other = TARGET.copy()
    other[:, 3:] = texts(3, 3, 3, 3)
    before, after = forced(trained, SOURCE, TARGET), forced(trained, SOURCE, other)
    np.testing.assert_allclose(before[:, :3], after[:, :3], rtol=1e-4, atol=1e-5)
    assert not np.allclose(before[:, 4:], after[:, 4:])


def test_a_source_gets_the_same_translation_alone_and_in_a_batch(pair, search):
    shipped, _ = pair
    together, scores = search
    for row in range(len(SOURCE)):
        alone, of_alone = found(shipped, SOURCE[row : row + 1])
        np.testing.assert_array_equal(alone[0], together[row])
        np.testing.assert_allclose(of_alone[0], scores[row], rtol=1e-3, atol=1e-4)


def test_an_empty_source_has_an_empty_translation_whatever_else_is_in_the_batch(pair, search):
    shipped, _ = pair
    tokens, scores = found(shipped, np.concatenate([SOURCE, np.zeros_like(SOURCE[:1])]))
    assert set(tokens[-1]) == {END}
    assert not scores[-1].any()
    np.testing.assert_array_equal(tokens[:-1], search[0])


def test_a_translation_is_never_longer_than_the_source_allows(search):
    tokens, _ = search
    for text, source in zip(tokens, SOURCE, strict=True):
        assert len(until_end(text)) < (source > 0).sum() + 5
        assert not {PADDING, START} & set(text.tolist())


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_the_loss_is_the_smoothed_cross_entropy_of_all_tokens_but_padding(pair, smoothing):
    _, trained = pair
    loss = SmoothedLoss(smoothing)
    # Every token in every place tells what it would have had for a log-probability.
    places = TARGET.shape[1]
    others = np.tile(TARGET[:, None, None], (1, places, VOCABULARY, 1))
    for place in range(places):
        others[:, place, :, place] = np.arange(VOCABULARY)
    every = forced(trained, np.repeat(SOURCE, places * VOCABULARY, axis=0), others.reshape(-1, places))[
        ..., 0
    ]
    every = every.reshape(*others.shape)
    logs = np.stack([every[:, place, :, place] for place in range(places)], axis=1)
    np.testing.assert_allclose(np.exp(logs).sum(axis=-1), 1.0, rtol=1e-3)
    reference = keras.losses.CategoricalCrossentropy(
        from_logits=True, label_smoothing=smoothing, reduction="none"
    )
    each = ops.convert_to_numpy(reference(np.eye(VOCABULARY)[TARGET], logs))
    expected = each[TARGET != PADDING].mean()
    value = float(ops.convert_to_numpy(loss(TARGET, forced(trained, SOURCE, TARGET))))
    assert value == pytest.approx(expected, rel=1e-3)


def test_dropout_only_drops_while_training():
    _, trained = networks(VOCABULARY, **SIZES, dropout=0.5)
    np.testing.assert_array_equal(forced(trained, SOURCE, TARGET), forced(trained, SOURCE, TARGET))
    assert not np.allclose(
        forced(trained, SOURCE, TARGET, training=True), forced(trained, SOURCE, TARGET, training=True)
    )


def test_it_comes_back_from_a_file_and_finds_the_same(pair, search, tmp_path):
    from suite.pipeline.keras_files import load_keras, save_keras

    save_keras(pair[0], tmp_path / "network.keras")
    again = load_keras(tmp_path / "network.keras", ["suite_text"])
    np.testing.assert_array_equal(search[0], found(again, SOURCE)[0])
    layer = next(layer for layer in again.layers if isinstance(layer, Translator))
    assert layer.get_config() == {**layer.get_config(), **SIZES}


def test_exported_it_finds_the_same_with_every_width(pair, tmp_path):
    pytest.importorskip("tf2onnx")
    if keras.backend.backend() != "tensorflow":
        pytest.skip("exporting runs on TensorFlow whatever the backend")
    from suite.conversion.process import convert
    from suite.pipeline.keras_files import save_keras
    from suite.pipeline.networks import OnnxNetwork

    save_keras(pair[0], tmp_path / "network.keras")
    search = np.array([[3, 1], [1, 0], [2, 0.6], [3, 0]], np.float32)
    batch = {"source": SOURCE, "search": search}
    _, expected = convert(
        tmp_path / "network.keras", tmp_path / "network.onnx", ["suite_text"], [batch], tmp_path
    )
    exported = OnnxNetwork(tmp_path / "network.onnx")
    np.testing.assert_allclose(exported(batch), expected[0], rtol=1e-3, atol=1e-4)
    # Another number of texts, and of tokens, than it was converted with.
    longer = np.pad(SOURCE[:2], ((0, 0), (0, 3)))
    outputs = exported({"source": longer, "search": search[[0, 0]]})
    np.testing.assert_array_equal(outputs[..., 0].astype(int), found(pair[0], longer)[0])
