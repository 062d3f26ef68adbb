"""The network that writes: it scores and writes by the same distribution, cached or not, padded or not."""

from __future__ import annotations

import numpy as np
import pytest

keras = pytest.importorskip("keras", reason="needs Keras")

from suite.pipeline.keras_files import load_keras, save_keras  # noqa: E402
from suite.pipeline.networks import KerasNetwork  # noqa: E402
from suite_text.generation.models.generator import generation_network  # noqa: E402
from suite_text.tokens.vocabulary import END, PADDING, START, UNKNOWN  # noqa: E402

pytestmark = pytest.mark.slow

VOCABULARY, STEPS = 11, 5
GREEDY, PLAIN = (0.0, 0.0, 1.0), (1.0, 0.0, 1.0)
PROMPTS = ([START, 5, 9], [START, 7, 7, 8, 10, 4], [START])


def pair_of_networks(cached: bool = True, seed: int = 4, **more):
    """With weights large enough that it is sure of something."""
    keras.utils.set_random_seed(seed)
    shipped, trained = generation_network(VOCABULARY, width=16, depth=2, heads=2, cached=cached, **more)
    for variable in shipped.weights:
        if variable.name in ("kernel", "embeddings"):
            variable.assign(variable.value * 2.0)
    return shipped, trained


@pytest.fixture(scope="module")
def networks():
    return pair_of_networks()


@pytest.fixture(scope="module")
def network(networks):
    return KerasNetwork(networks[0])


def inputs(*prompts, length: int = 8, steps: int = STEPS, sampling=GREEDY, seed: int = 0, penalty=1.0):
    tokens = np.full((len(prompts), length), PADDING, np.int32)
    for row, prompt in zip(tokens, prompts, strict=True):
        row[: len(prompt)] = prompt
    repeated = np.zeros((len(prompts), VOCABULARY), np.float32)
    for row, prompt in zip(repeated, prompts, strict=True):
        row[prompt] = penalty != 1
    draws = np.random.default_rng(seed).random((len(prompts), steps)).astype(np.float32)
    return {
        "tokens": tokens,
        "draws": draws,
        "sampling": np.tile(np.array((*sampling, penalty), np.float32), (len(prompts), 1)),
        "repeated": repeated,
    }


def likeliest_one_by_one(network, prompt, steps: int) -> list[int]:
    """Greedy search by scoring each possible next token."""
    found = list(prompt)
    for _ in range(steps):
        candidates = list(range(END, VOCABULARY))
        given = network(inputs(*([*found, candidate] for candidate in candidates), length=16, steps=0))[
            "log_probabilities"
        ]
        found.append(candidates[int(given[:, len(found)].argmax())])
        if found[-1] == END:
            break
    return found[len(prompt) :]


@pytest.mark.backend
def test_the_probabilities_of_all_next_tokens_sum_to_one(network):
    candidates = [[*PROMPTS[0], token] for token in (UNKNOWN, *range(END, VOCABULARY))]
    given = network(inputs(*candidates, steps=0))["log_probabilities"]
    assert np.exp(given[:, 3]).sum() == pytest.approx(1, abs=1e-5)
    assert (given[:, 0] == 0).all()
    assert (given[:, 4:] == 0).all()


@pytest.mark.backend
def test_greedy_writing_is_what_scoring_finds_likeliest_and_its_scores_are_the_same(network):
    written = network(inputs(*PROMPTS))["written"]
    for prompt, row in zip(PROMPTS, written, strict=True):
        tokens = row[:, 0].astype(int).tolist()
        best = likeliest_one_by_one(network, prompt, STEPS)
        assert tokens[: len(best)] == best
        assert set(tokens[len(best) :]) <= {END}
        whole = [*prompt, *best]
        given = network(inputs(whole, length=16, steps=0))["log_probabilities"][0]
        np.testing.assert_allclose(row[: len(best), 1], given[len(prompt) : len(whole)], atol=1e-4)
        assert (row[len(best) :, 1] == 0).all()


@pytest.mark.backend
def test_cached_and_uncached_write_the_same(networks, network):
    without_cache = pair_of_networks(cached=False)[0]
    without_cache.set_weights(networks[0].get_weights())
    uncached = KerasNetwork(without_cache)
    for sampling in (GREEDY, PLAIN):
        cached = network(inputs(*PROMPTS, sampling=sampling))
        uncached_outputs = uncached(inputs(*PROMPTS, sampling=sampling))
        np.testing.assert_array_equal(cached["written"][..., 0], uncached_outputs["written"][..., 0])
        np.testing.assert_allclose(cached["written"], uncached_outputs["written"], atol=1e-4)
        np.testing.assert_allclose(
            cached["log_probabilities"], uncached_outputs["log_probabilities"], atol=1e-5
        )


def in_float64(network: keras.Model, tokens: list[int]) -> np.ndarray:
    """The log-probability of each token but the first, by the papers' equations."""
    weights = {
        weight.path.partition("/")[2]: np.asarray(keras.ops.convert_to_numpy(weight), np.float64)
        for weight in network.weights
    }
    embeddings = weights["embedding/embeddings"]
    width, steps, heads = embeddings.shape[1], len(tokens), 2
    size = width // heads

    def normal(x, name):
        return x / np.sqrt((x**2).mean(axis=-1, keepdims=True) + 1e-6) * weights[f"{name}/scale"]

    def split(x):
        return x.reshape(steps, heads, size).swapaxes(0, 1)

    def turned(x):
        half = size // 2
        angles = np.arange(steps)[:, None] * 10_000.0 ** (-np.arange(half) / half)
        both = (x[..., :half] + 1j * x[..., half:]) * np.exp(1j * angles)
        return np.concatenate([both.real, both.imag], axis=-1)

    def shares(scores):
        powers = np.exp(scores - scores.max(axis=-1, keepdims=True))
        return powers / powers.sum(axis=-1, keepdims=True)

    x = embeddings[tokens] * np.sqrt(width)
    for block in ("block0", "block1"):
        inside = normal(x, f"{block}/attention_norm")
        queries, keys, values = (
            split(inside @ weights[f"{block}/attention/{name}/kernel"]) for name in ("query", "key", "value")
        )
        scores = turned(queries) @ turned(keys).swapaxes(1, 2) / np.sqrt(size)
        scores = np.where(np.tri(steps, dtype=bool), scores, -np.inf)
        mixed = (shares(scores) @ values).swapaxes(0, 1).reshape(steps, width)
        x = x + mixed @ weights[f"{block}/attention/outward/kernel"]
        gate, inner = np.split(normal(x, f"{block}/norm") @ weights[f"{block}/inner/kernel"], 2, axis=-1)
        x = x + (gate / (1 + np.exp(-gate)) * inner) @ weights[f"{block}/outer/kernel"]
    scores = normal(x, "norm") @ embeddings.T
    scores[:, [PADDING, START]] = -np.inf
    return np.log(shares(scores)[np.arange(steps - 1), tokens[1:]])


@pytest.mark.backend
def test_the_bits_of_a_text_are_those_of_the_equations_in_float64(networks, network):
    text = [START, *np.random.default_rng(0).integers(END, VOCABULARY, 150).tolist()]
    given = network(inputs(text, [START, 4], length=160, steps=0))["log_probabilities"]
    np.testing.assert_allclose(given[0, 1:151], in_float64(networks[0], text), rtol=1e-4, atol=1e-4)
    assert given[0, 151:].tolist() == [0.0] * 9


@pytest.mark.backend
def test_padding_and_other_examples_change_nothing(network):
    together = network(inputs(*PROMPTS, length=12, sampling=PLAIN))
    for index, prompt in enumerate(PROMPTS):
        given = inputs(prompt, length=max(4, len(prompt)), sampling=PLAIN)
        given["draws"] = inputs(*PROMPTS)["draws"][index : index + 1]
        alone = network(given)
        np.testing.assert_allclose(alone["written"][0], together["written"][index], atol=1e-4)
        count = len(prompt)
        np.testing.assert_allclose(
            alone["log_probabilities"][0, :count], together["log_probabilities"][index, :count], atol=1e-5
        )


@pytest.mark.backend
def test_the_future_never_changes_what_a_token_scores(network):
    text = [START, 5, 9, 6, 7, 10, 8, 4]
    whole = network(inputs(text, steps=0))["log_probabilities"][0]
    other = network(inputs([*text[:5], 5, 5, 5], steps=0))["log_probabilities"][0]
    np.testing.assert_allclose(whole[:5], other[:5], atol=1e-6)
    assert np.abs(whole[5:] - other[5:]).max() > 1e-3


@pytest.mark.backend
def test_a_penalty_keeps_tokens_from_being_repeated(network):
    def distinct(penalty):
        written = network(inputs(*PROMPTS, steps=6, penalty=penalty))["written"]
        assert (written[..., 1] <= 0).all()  # log-probabilities, without the penalty
        return [len(set(row)) for row in written[..., 0].astype(int).tolist()]

    plain, penalized = distinct(1.0), distinct(1000.0)
    assert min(plain) == 1
    assert all(more >= few for more, few in zip(penalized, plain, strict=True))
    assert sum(penalized) > sum(plain)


@pytest.mark.backend
def test_writing_in_two_goes_is_writing_in_one(network):
    for sampling, penalty in ((GREEDY, 1.0), (PLAIN, 1.0), (GREEDY, 1.5)):
        once = network(inputs(PROMPTS[1], sampling=sampling, steps=6, penalty=penalty))["written"]
        once = once[0, :, 0].astype(int)
        first = inputs(PROMPTS[1], sampling=sampling, steps=6, penalty=penalty)
        draws = first["draws"]
        first["draws"] = draws[:, :3]
        begun = network(first)["written"][0, :, 0].astype(int).tolist()
        second = inputs([*PROMPTS[1], *begun], length=12, sampling=sampling, penalty=penalty)
        second["draws"] = draws[:, 3:]
        assert END not in begun
        rest = network(second)["written"][0, :, 0].astype(int).tolist()
        assert [*begun, *rest] == once.tolist()


@pytest.mark.backend
def test_what_is_drawn_follows_the_distribution_that_is_scored(network):
    """Draws that are spread evenly give each token as often as its probability says, within one draw."""
    count = 400
    given = inputs(*[PROMPTS[0]] * count, length=4, steps=1, sampling=PLAIN)
    given["draws"] = ((np.arange(count) + 0.5) / count).astype(np.float32)[:, None]
    tokens = network(given)["written"][:, 0, 0].astype(int)
    candidates = list(range(END, VOCABULARY))
    scores = network(inputs(*([*PROMPTS[0], candidate] for candidate in candidates), steps=0))[
        "log_probabilities"
    ][:, 3]
    expected = np.exp(scores) / np.exp(scores).sum()  # without the unknown token, which is never written
    found = np.bincount(tokens, minlength=VOCABULARY)[END:] / count
    np.testing.assert_allclose(found, expected, atol=1.01 / count)


@pytest.mark.backend
def test_padding_unknown_and_start_are_never_written(network):
    tokens = network(inputs(*[PROMPTS[2]] * 64, sampling=(5.0, 0.0, 1.0)))["written"][..., 0]
    assert set(np.unique(tokens).astype(int)) <= set(range(END, VOCABULARY))
    assert len(np.unique(tokens)) > 4


@pytest.mark.backend
def test_what_is_trained_gives_what_is_shipped(networks, network):
    tokens = inputs(*PROMPTS)["tokens"]
    expected = network(inputs(*PROMPTS))["log_probabilities"]
    for training in (False, True):
        trained = keras.ops.convert_to_numpy(networks[1](tokens, training=training))
        np.testing.assert_allclose(trained, expected, atol=1e-5)
    shipped = {variable.path for variable in networks[0].weights}
    assert {variable.path for variable in networks[1].weights} == shipped


@pytest.mark.backend
def test_it_is_loaded_as_it_was_saved_and_computes_in_half_precision_too(networks, network, tmp_path):
    save_keras(networks[0], tmp_path / "network.keras")
    loaded = KerasNetwork(load_keras(tmp_path / "network.keras", {"suite_text"}))
    expected = network(inputs(*PROMPTS))
    np.testing.assert_allclose(loaded(inputs(*PROMPTS))["written"], expected["written"], atol=1e-5)
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        half = pair_of_networks()[0]
    finally:
        keras.config.set_dtype_policy("float32")
    half.set_weights(networks[0].get_weights())
    found = KerasNetwork(half)(inputs(*PROMPTS))
    assert found["log_probabilities"].dtype == np.float32
    np.testing.assert_allclose(found["log_probabilities"], expected["log_probabilities"], atol=0.3)


def test_exported_it_writes_the_same_greedy_and_drawn(networks, network, tmp_path):
    pytest.importorskip("tf2onnx")
    from suite.conversion.process import convert
    from suite.pipeline.networks import OnnxNetwork

    save_keras(networks[0], tmp_path / "network.keras")
    convert(
        tmp_path / "network.keras", tmp_path / "network.onnx", ["suite_text"], [inputs(*PROMPTS)], tmp_path
    )
    exported = OnnxNetwork(tmp_path / "network.onnx")
    for steps, length, sampling in (
        (STEPS, 8, GREEDY),
        (9, 12, PLAIN),
        (3, 6, (0.7, 4.0, 0.8)),
        (0, 130, PLAIN),
    ):
        given = inputs(*PROMPTS, length=length, steps=steps, sampling=sampling)
        expected, found = network(given), exported(given)
        np.testing.assert_array_equal(found["written"][..., 0], expected["written"][..., 0])
        np.testing.assert_allclose(found["written"], expected["written"], atol=1e-4)
        np.testing.assert_allclose(found["log_probabilities"], expected["log_probabilities"], atol=1e-4)
