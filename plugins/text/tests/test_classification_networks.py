"""The networks: numbers of n-grams, words or tokens in, logits out; trainable, and portable as files."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from suite_text.classification.models.bag import CHARACTERS, SCALE, bag_networks, shares_of
from suite_text.classification.models.convolutional import WordVectors, convolutional_network
from suite_text.classification.models.encoder import encoder_network
from suite_text.classification.models.losses import MemberLoss
from suite_text.classification.readers.word_parts import FORMS, MAX_PARTS

CLASSES = 3
NGRAMS, WORDS, PARTS = 30, 12, 20


def bag(width: int = 4, filters: int = 4, parts: int = PARTS):
    return bag_networks(
        texts_with=np.arange(NGRAMS),
        texts=NGRAMS,
        first_of_characters=20,
        words=WORDS,
        parts=parts,
        classes=CLASSES,
        width=width,
        filters=filters,
        dropout=0.2,
    )


NETWORKS = {
    "bag": lambda: bag().network,
    "linear": lambda: bag(width=0, filters=0).network,
    "without parts": lambda: bag(width=0, parts=0).network,
    "convolutional": lambda: convolutional_network(
        WORDS, CLASSES, width=8, filters=4, kernels=(2, 3), embedding_dropout=0.1, dropout=0.1
    ),
    "encoder": lambda: encoder_network(
        WORDS, CLASSES, width=16, depth=2, heads=2, dropout=0.1, block_dropout=0.1
    ),
}


@pytest.fixture(params=sorted(NETWORKS))
def network(request):
    """A network whose weights are all other than they begin."""
    keras.utils.set_random_seed(0)
    network = NETWORKS[request.param]()
    rng = np.random.default_rng(0)
    network.set_weights([weights + rng.normal(0, 0.3, weights.shape) for weights in network.get_weights()])
    return network


def numbers_for(network, count: int = 4, length: int = 6) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(1)
    sizes = {"ngrams": NGRAMS, "words": WORDS, "tokens": WORDS, "parts": FORMS}
    shapes = {"parts": (count, length, MAX_PARTS)}
    return {
        tensor.name: rng.integers(1, sizes[tensor.name], shapes.get(tensor.name, (count, length))).astype(
            "int32"
        )
        for tensor in network.inputs
    }


def outputs_of(network, inputs) -> np.ndarray:
    return keras.ops.convert_to_numpy(network(inputs, training=False))


@pytest.mark.backend
def test_padding_never_changes_a_result(network):
    inputs = numbers_for(network)
    padded = {name: np.pad(array, ((0, 0), (0, 7), (0, 0))[: array.ndim]) for name, array in inputs.items()}
    assert outputs_of(network, padded) == pytest.approx(outputs_of(network, inputs), abs=1e-5)


@pytest.mark.backend
def test_a_text_of_which_nothing_is_known_gives_numbers(network):
    inputs = {name: np.zeros_like(array) for name, array in numbers_for(network).items()}
    outputs = outputs_of(network, inputs)
    assert outputs.shape == (4, CLASSES)
    assert np.isfinite(outputs).all()


@pytest.mark.backend
def test_texts_of_a_batch_do_not_see_each_other(network):
    inputs = numbers_for(network)
    alone = {name: array[:1] for name, array in inputs.items()}
    assert outputs_of(network, alone) == pytest.approx(outputs_of(network, inputs)[:1], abs=1e-5)


@pytest.mark.backend
def test_a_bag_gives_the_weighted_mean_of_its_members():
    networks = bag()
    inputs = numbers_for(networks.network)
    members = outputs_of(networks.training_network, inputs)
    assert members.shape == (4, 3, CLASSES)
    expected = 0.35 * members[:, 0] + 0.35 * members[:, 1] + 0.3 * members[:, 2]
    assert outputs_of(networks.network, inputs) == pytest.approx(expected, abs=1e-6)
    assert shares_of(1, convolutions=False) == [1.0]


@pytest.mark.backend
def test_the_order_of_ngrams_means_nothing_and_that_of_words_does():
    network = bag().network
    inputs = numbers_for(network)
    shuffled = inputs | {"ngrams": inputs["ngrams"][:, ::-1]}
    assert outputs_of(network, shuffled) == pytest.approx(outputs_of(network, inputs), abs=1e-5)
    reversed_words = inputs | {"words": inputs["words"][:, ::-1]}
    assert outputs_of(network, reversed_words) != pytest.approx(outputs_of(network, inputs), abs=1e-5)


@pytest.mark.backend
def test_the_sums_of_a_bag_are_tf_idf_of_words_and_of_characters():
    network = bag(width=0, filters=0).network
    layer = network.get_layer("ngram_sums")
    table = np.random.default_rng(0).normal(0, 1, (NGRAMS, CLASSES)).astype(np.float32)
    layer.linear.assign(table)
    idf = np.log((1 + NGRAMS) / (1 + np.arange(NGRAMS))) + 1
    of_words, of_characters = np.array([3, 7]), np.array([20, 21, 29])
    expected = sum(
        factor * (idf[grams] / np.linalg.norm(idf[grams])) @ table[grams]
        for factor, grams in ((SCALE, of_words), (SCALE * CHARACTERS, of_characters))
    )
    numbers = np.array([[3, 7, 20, 21, 29, 0, 0]], np.int32)
    assert outputs_of(network, {"ngrams": numbers})[0] == pytest.approx(expected, abs=1e-4)


@pytest.mark.backend
def test_the_vector_of_a_word_is_its_own_and_those_of_its_parts():
    layer = WordVectors(WORDS, PARTS, FORMS, 4)
    parts = np.zeros((1, 2, MAX_PARTS), np.int32)
    parts[0, 0, :4] = [2, 7, 9, 8]
    parts[0, 1, 0] = 3  # of one letter
    found = keras.ops.convert_to_numpy(layer(np.array([[5, 6]], np.int32), parts))
    words, ngrams, forms = (np.array(table) for table in (layer.of_words, layer.of_ngrams, layer.of_forms))
    assert found[0, 0] == pytest.approx(words[5] + ngrams[[7, 8, 9]].mean(axis=0) + forms[2], abs=1e-5)
    assert found[0, 1] == pytest.approx(words[6] + forms[3], abs=1e-5)


@pytest.mark.backend
def test_members_are_trained_each_by_itself():
    loss = MemberLoss()
    targets = np.array([[1, 0], [0, 1]], np.float32)
    sure = np.array([[4.0, 0.0], [0.0, 4.0]], np.float32)
    wrong = sure[::-1]
    together = float(loss(targets, np.stack([sure, wrong], axis=1)))
    single = keras.losses.CategoricalCrossentropy(from_logits=True)
    assert together == pytest.approx((float(single(targets, sure)) + float(single(targets, wrong))) / 2)
    smoothed = MemberLoss(label_smoothing=0.1)
    reference = keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=0.1)
    assert float(smoothed(targets, sure[:, None])) == pytest.approx(float(reference(targets, sure)))
    several = MemberLoss(multi_label=True, label_smoothing=0.1)
    reference = keras.losses.BinaryCrossentropy(from_logits=True, label_smoothing=0.1)
    assert float(several(targets, wrong[:, None])) == pytest.approx(float(reference(targets, wrong)))


@pytest.mark.slow
@pytest.mark.backend
@pytest.mark.parametrize("name", sorted(NETWORKS))
def test_training_changes_every_weight_that_is_learned(name):
    keras.utils.set_random_seed(0)
    networks = bag(width=32) if name == "bag" else None  # of a few units all may be silent
    network = networks.training_network if networks else NETWORKS[name]()
    loss = MemberLoss() if networks else keras.losses.CategoricalCrossentropy(from_logits=True)
    network.compile(keras.optimizers.Adam(0.01), loss)
    before = network.get_weights()
    inputs = {"ngrams": np.arange(NGRAMS), "words": np.arange(WORDS), "tokens": np.arange(WORDS)}
    given = {name: np.tile(array.astype(np.int32), (4, 1)) for name, array in inputs.items()}
    parts = np.arange(4 * WORDS * MAX_PARTS).reshape(4, WORDS, MAX_PARTS) % PARTS
    parts[:, :, 0] %= FORMS
    given = {
        tensor.name: (given | {"parts": parts.astype(np.int32)})[tensor.name] for tensor in network.inputs
    }
    for _ in range(3):
        value = network.train_on_batch(given, np.eye(CLASSES, dtype=np.float32)[[0, 1, 2, 0]])
    assert np.isfinite(value)
    learned = {variable.path for variable in network.trainable_variables}
    for variable, old, new in zip(network.weights, before, network.get_weights(), strict=True):
        assert (old != new).any() == (variable.path in learned), variable.path


@pytest.mark.slow
@pytest.mark.backend
def test_a_saved_network_is_the_same(network, tmp_path):
    network.save(tmp_path / "network.keras")
    loaded = keras.saving.load_model(tmp_path / "network.keras", safe_mode=True)
    inputs = numbers_for(network)
    assert outputs_of(loaded, inputs) == pytest.approx(outputs_of(network, inputs), abs=1e-6)


@pytest.mark.slow
@pytest.mark.skipif(keras.config.backend() != "tensorflow", reason="ONNX is written from TensorFlow")
def test_the_exported_network_agrees_for_any_length(network, tmp_path):
    onnxruntime = pytest.importorskip("onnxruntime")
    pytest.importorskip("tf2onnx")
    outputs_of(network, numbers_for(network))  # Keras exports what was called once
    network.export(tmp_path / "network.onnx", format="onnx", verbose=False)
    session = onnxruntime.InferenceSession(tmp_path / "network.onnx", providers=["CPUExecutionProvider"])
    for count, length in ((1, 4), (5, 9)):
        inputs = numbers_for(network, count, length)
        (outputs,) = session.run(None, inputs)
        assert outputs == pytest.approx(outputs_of(network, inputs), abs=1e-4)
