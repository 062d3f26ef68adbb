"""keras-hub presets that write: the same tokens and scores as keras-hub gives, without it at prediction."""

from __future__ import annotations

import functools
import sys
from typing import Any, NamedTuple

import numpy as np
import pytest

from suite import UserError
from suite.data import Dataset, Example
from suite.options import as_dict
from suite_text.generation.codec import GenerationCodec
from suite_text.generation.options import PresetOptions
from suite_text.tokens.vocabulary import END, PADDING, SPECIAL, START

keras = pytest.importorskip("keras", reason="needs Keras")
pytestmark = pytest.mark.slow

try:
    import keras_hub as hub
except ImportError:
    hub = None
needs_hub = pytest.mark.skipif(hub is None, reason="keras-hub is not installed")

TEXTS = ("the cat sat on the mat .", "The cat's 12 mats , ñandú ☃", "a  b\nthe the", "")
FAMILIES = ("GPT2", "Llama3", "Qwen3")
PRINTING = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
BYTES = [*map(chr, PRINTING), *(chr(256 + place) for place in range(256 - len(PRINTING)))]
MERGES = ["Ġ t", "h e", "Ġt he", "a t", "Ġ c", "Ġc at", "Ġ m", "Ġm at"]
NO_TEXT = {
    "GPT2": ["<|endoftext|>"],
    "Llama3": [
        "<|begin_of_text|>",
        "<|end_of_text|>",
        "<|eot_id|>",
        "<|start_header_id|>",
        "<|end_header_id|>",
    ],
    "Qwen3": ["<|im_end|>", "<|endoftext|>"],
}
SEEN = 40


def save(folder, family: str, layers: int = 2) -> str:
    """A tiny preset with weights that are all other than they begin."""
    tokens = [*NO_TEXT[family], *BYTES, *(merge.replace(" ", "") for merge in MERGES)]
    common = {
        "vocabulary_size": len(tokens) + 3,
        "num_layers": layers,
        "hidden_dim": 16,
        "intermediate_dim": 24,
    }
    if family == "GPT2":
        backbone = hub.models.GPT2Backbone(**common, num_heads=2, max_sequence_length=SEEN)
    else:
        more = {"head_dim": 8} if family == "Qwen3" else {}
        backbone = getattr(hub.models, f"{family}Backbone")(
            **common, **more, num_query_heads=2, num_key_value_heads=1
        )
    rng = np.random.default_rng(0)
    backbone.set_weights([weights + rng.normal(0, 0.3, weights.shape) for weights in backbone.get_weights()])
    tokenizer = getattr(hub.models, f"{family}Tokenizer")(
        {token: number for number, token in enumerate(tokens)}, MERGES
    )
    preprocessor = getattr(hub.models, f"{family}CausalLMPreprocessor")(tokenizer, sequence_length=16)
    getattr(hub.models, f"{family}CausalLM")(backbone, preprocessor=preprocessor).save_to_preset(folder)
    return str(folder)


def data() -> Dataset:
    train = [
        Example(str(place), (text or "a") * 3, 3 * len((text or "a").encode()))
        for place, text in enumerate(TEXTS)
    ]
    return Dataset(train=train, facts={})


def build(folder: str, **options):
    from suite_text.generation.presets.builder import preset

    return preset(data(), PresetOptions(preset=folder, **{"context": 24, "tokens_per_pass": 6} | options))


class Built(NamedTuple):
    """A pipeline from a preset of a family. Its network is compiled once for all that is asked of it."""

    family: str
    folder: str
    pipeline: Any
    network: Any


@pytest.fixture(scope="module", params=FAMILIES)
def built(request, tmp_path_factory):
    if hub is None:
        pytest.skip("keras-hub is not installed")
    from suite.pipeline.networks import KerasNetwork

    folder = save(tmp_path_factory.mktemp("preset") / request.param, request.param)
    pipeline = build(folder)
    return Built(request.param, folder, pipeline, KerasNetwork(pipeline.network))


def inputs(codec: GenerationCodec, *texts: str, steps: int = 6, temperature: float = 0.0):
    ids = [[START, *codec.vocabulary.encode(text)] for text in texts]
    tokens = np.full((len(ids), max(map(len, ids)) + 2), PADDING, np.int32)
    for row, prompt in zip(tokens, ids, strict=True):
        row[: len(prompt)] = prompt
    draws = np.random.default_rng(1).random((len(ids), steps)).astype(np.float32)
    sampling = np.tile(np.array([temperature, 0, 1, 1], np.float32), (len(ids), 1))
    repeated = np.zeros((len(ids), len(codec.vocabulary)), np.float32)
    return {"tokens": tokens, "draws": draws, "sampling": sampling, "repeated": repeated}, ids


def outputs(built, *texts: str, **more):
    given, ids = inputs(built.pipeline.codec, *texts, **more)
    return built.network(given), ids


@functools.cache
def model_of(family: str, folder: str):
    """keras-hub's own model of a preset."""
    return getattr(hub.models, f"{family}CausalLM").from_preset(folder, preprocessor=None)


@functools.cache
def tokenizer_of(family: str, folder: str):
    """keras-hub's own tokenizer of a preset."""
    return getattr(hub.models, f"{family}Tokenizer").from_preset(folder)


def logits(built, own: list[int]) -> np.ndarray:
    """What keras-hub's own model says follows each token, what is no text left out."""
    family, folder = built.family, built.folder
    model = model_of(family, folder)
    found = model({"token_ids": np.array([own]), "padding_mask": np.ones((1, len(own)), np.int32)})
    found = keras.ops.convert_to_numpy(found)[0].astype(np.float64)
    tokenizer = tokenizer_of(family, folder)
    found[:, len(NO_TEXT[family]) + len(BYTES) + len(MERGES) :] = -np.inf
    silent = [number for number in range(len(NO_TEXT[family])) if number != tokenizer.end_token_id]
    found[:, silent] = -np.inf
    return found - np.log(np.exp(found).sum(axis=1, keepdims=True))


def own_numbers(built, ids: list[int]) -> list[int]:
    tokenizer = tokenizer_of(built.family, built.folder)
    start = tokenizer.start_token_id
    special = {START: tokenizer.end_token_id if start is None else start, END: tokenizer.end_token_id}
    return [special.get(number, number - len(SPECIAL)) for number in ids]


def test_tokens_are_those_of_keras_hub(built):
    pipeline, tokenizer = built.pipeline, tokenizer_of(built.family, built.folder)
    for text in TEXTS[:2]:
        ids = pipeline.codec.vocabulary.encode(text)
        assert own_numbers(built, ids) == np.asarray(tokenizer(text)).tolist(), text
        assert pipeline.codec.vocabulary.decode(ids) == text


def test_scores_are_those_of_keras_hub(built):
    found, ids = outputs(built, *TEXTS)
    for row, prompt in zip(found["log_probabilities"], ids, strict=True):
        own = own_numbers(built, prompt)
        following = logits(built, own)
        expected = [following[place - 1, own[place]] for place in range(1, len(own))]
        np.testing.assert_allclose(row[1 : len(own)], expected, atol=2e-4)
        assert (row[len(own) :] == 0).all()


def test_what_is_written_is_what_keras_hub_finds_likeliest(built):
    found, ids = outputs(built, *TEXTS)
    for row, prompt in zip(found["written"], ids, strict=True):
        so_far = list(prompt)
        for token, score in row.tolist():
            scores = logits(built, own_numbers(built, so_far))[-1]
            best = int(scores.argmax())
            end = tokenizer_of(built.family, built.folder).end_token_id
            assert token == (END if best == end else best + len(SPECIAL))
            assert score == pytest.approx(scores.max(), abs=2e-4)
            if token == END:
                break
            so_far.append(int(token))


@pytest.mark.parametrize("temperature", [0.0, 1.0])
def test_a_text_is_gone_on_with_alone_as_in_a_batch(built, temperature):
    together, _ = outputs(built, TEXTS[2], TEXTS[0], temperature=temperature)
    given, _ = inputs(built.pipeline.codec, TEXTS[2], TEXTS[0], temperature=temperature)
    alone = built.network({name: array[1:] for name, array in given.items()})
    np.testing.assert_array_equal(together["written"][1:, :, 0], alone["written"][..., 0])


def test_it_learns_and_comes_back_from_a_file(built, tmp_path):
    from suite.pipeline.keras_files import load_keras, save_keras
    from suite.pipeline.networks import KerasNetwork

    pipeline = build(built.folder, tokens_per_pass=3)
    maker = pipeline.batch_maker
    examples = [maker.prepare(example) for example in data().train]
    tokens, weights = maker.make(examples, np.random.default_rng(0), 0.0)
    network = pipeline.training_network
    network.compile(keras.optimizers.Adam(1e-2), pipeline.loss, jit_compile=False)
    losses = [float(network.train_on_batch(tokens, weights)) for _ in range(6)]
    assert losses[-1] < losses[0]
    given, _ = inputs(pipeline.codec, *TEXTS, steps=3)
    expected = KerasNetwork(pipeline.network)(given)
    save_keras(pipeline.network, tmp_path / "network.keras")
    found = KerasNetwork(load_keras(tmp_path / "network.keras", ["suite_text"]))(given)
    np.testing.assert_array_equal(found["written"], expected["written"])


def test_exported_it_writes_the_same(built, tmp_path):
    onnxruntime = pytest.importorskip("onnxruntime")
    pytest.importorskip("tf2onnx")
    from suite.conversion.process import convert
    from suite.pipeline.keras_files import save_keras

    # Of few tokens in a pass, each of which is a copy of the network in the graph; GPT2 keeps both layers.
    family = built.family
    folder = save(tmp_path / "preset", family, layers=2 if family == "GPT2" else 1)
    pipeline = build(folder, tokens_per_pass=3)
    save_keras(pipeline.network, tmp_path / "network.keras")
    batches = [inputs(pipeline.codec, *texts, steps=3)[0] for texts in (TEXTS[:3], TEXTS[:1])]
    target = tmp_path / "network.onnx"
    given, expected = convert(tmp_path / "network.keras", target, ["suite_text"], batches, tmp_path)
    session = onnxruntime.InferenceSession(target, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    for feed, outputs in zip(given, expected, strict=True):
        found = dict(zip(names, session.run(None, feed), strict=True))
        np.testing.assert_array_equal(found["written"][..., 0], outputs["written"][..., 0])
        np.testing.assert_allclose(found["log_probabilities"], outputs["log_probabilities"], atol=1e-3)


@needs_hub
def test_what_is_seen_and_what_is_written_fit_into_its_positions(tmp_path):
    folder = save(tmp_path / "preset", "GPT2")
    assert build(folder, context="auto").codec.lengths[-1] == SEEN - 6
    with pytest.raises(UserError, match="sees 40 tokens at most, 6 of which it writes in a pass"):
        build(folder, context=35)
    assert "auto" not in as_dict(build(folder, context="auto").options).values()


@needs_hub
def test_what_cannot_be_loaded_is_said(tmp_path):
    with pytest.raises(UserError, match="gpt2_base_en"):
        build("gpt2_base_e")


def test_without_keras_hub_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "keras_hub", None)
    with pytest.raises(UserError, match=r'pip install "keras-suite\[presets\]"'):
        build("gpt2_base_en")
