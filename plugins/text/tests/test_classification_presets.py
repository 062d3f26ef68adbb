"""keras-hub's BERT family: the same tokens and features as keras-hub gives, without it at prediction."""

from __future__ import annotations

import json
import sys

import keras
import numpy as np
import pytest

from suite import UserError
from suite.data import Dataset, Example
from suite.options import as_dict
from suite_text.classification.codec import ClassificationCodec
from suite_text.classification.options import PresetOptions
from suite_text.classification.readers.word_pieces import WordPieceReader

PIECES = (
    *(
        "[PAD]",
        "[UNK]",
        "[CLS]",
        "[SEP]",
        "[MASK]",
        "a",
        "good",
        "bad",
        "film",
        "##s",
        "un",
        "##like",
        "##ly",
    ),
    *(",", ".", "!", "'", "電", "影", "cafe", "café", "strasse", "straße", "Good"),
)
TEXTS = ("a good film", "bad films, unlikely!", "unlike a café.", "電影 is xyz", "GOOD Straße  a'a", "")


def reader(**changes) -> WordPieceReader:
    fields = {"pieces": PIECES, "unknown": 1, "padding": 0, "start": 2, "end": 3}
    more = {"lower_case": True, "strip_accents": False, "lengths": (4, 8)}
    return WordPieceReader(**fields | more | changes)


def pieces_of(text: str, **changes) -> list[str]:
    return [PIECES[number] for number in reader(**changes).read(text)["tokens"]]


@pytest.mark.parametrize(
    ("text", "changes", "expected"),
    [
        ("Good films", {}, ["good", "film", "##s"]),
        ("Good films", {"lower_case": False}, ["Good", "film", "##s"]),
        ("unlikely", {}, ["un", "##like", "##ly"]),
        ("café", {}, ["café"]),
        ("café", {"strip_accents": True}, ["cafe"]),
        ("STRASSE straße", {}, ["strasse", "strasse"]),
        ("電影!", {}, ["電", "影", "!"]),
        ("xyz [CLS]", {}, ["[UNK]", "[UNK]", "[UNK]", "[UNK]"]),
    ],
)
def test_texts_are_written_in_pieces(text, changes, expected):
    assert pieces_of(text, **changes) == expected


def test_each_text_stands_between_start_and_end():
    found = reader().batch([reader().read("a good film"), reader().read("")])["tokens"]
    assert found.tolist() == [[2, 5, 6, 8, 3, 0, 0, 0], [2, 3, 0, 0, 0, 0, 0, 0]]


def test_a_long_text_is_read_in_chunks_each_between_start_and_end():
    codec = ClassificationCodec(classes=("x", "y"), reader=reader())
    chunks = list(codec.chunks("a good film " * 5))
    assert len(chunks) == 3
    for chunk in chunks:
        tokens = codec.encode(chunk).arrays["tokens"]
        assert (tokens[0], tokens[tokens > 0][-1]) == (2, 3)


def test_json_holds_all_of_it_and_what_cannot_be_is_refused():
    codec = ClassificationCodec(classes=("x", "y"), reader=reader())
    assert ClassificationCodec.from_json(json.loads(json.dumps(codec.to_json()))) == codec
    for broken in ({"end": 99}, {"pieces": ("a", "a", "b", "c")}, {"lengths": (2,)}):
        with pytest.raises(ValueError):
            reader(**broken)


try:
    import keras_hub as hub
except ImportError:
    hub = None
needs_hub = pytest.mark.skipif(hub is None, reason="keras-hub is not installed")


def save(folder, family: str) -> str:
    """A tiny preset with weights that are all other than they begin."""
    size = {"num_layers": 1, "num_heads": 2, "hidden_dim": 8}
    more = {"vocabulary_size": len(PIECES)}
    if family == "Electra":
        more = {"vocab_size": len(PIECES), "embedding_dim": 6}
    backbone = getattr(hub.models, f"{family}Backbone")(
        **size, **more, intermediate_dim=12, max_sequence_length=10
    )
    rng = np.random.default_rng(0)
    backbone.set_weights([weights + rng.normal(0, 0.3, weights.shape) for weights in backbone.get_weights()])
    backbone.save_to_preset(folder)
    getattr(hub.models, f"{family}Tokenizer")(list(PIECES), lowercase=True).save_to_preset(folder)
    return str(folder)


def data() -> Dataset:
    train = [Example(str(place), text or "a", ("x", "y")[place % 2]) for place, text in enumerate(TEXTS)]
    return Dataset(train=train, facts={"classes": ["x", "y"], "multi_label": False})


def build(folder: str, **options):
    from suite_text.classification.presets.builder import preset

    return preset(data(), PresetOptions(preset=folder, **options))


@pytest.mark.slow
@needs_hub
def test_pieces_are_those_of_keras_hub(tmp_path):
    folder = save(tmp_path / "bert", "Bert")
    tokenizer = hub.models.BertTokenizer.from_preset(folder)
    built = build(folder)
    for text in TEXTS:
        assert built.codec.read(text)["tokens"].tolist() == np.asarray(tokenizer(text)).tolist(), text


@pytest.mark.slow
@needs_hub
@pytest.mark.parametrize("family", ["Bert", "DistilBert", "Electra"])
def test_features_are_those_of_keras_hub(family, tmp_path):
    built = build(save(tmp_path / family, family), dropout=0.0)
    inputs = built.codec.reader.batch([built.codec.read(text) for text in TEXTS])
    backbone = hub.models.Backbone.from_preset(str(tmp_path / family))
    tokens = inputs["tokens"]
    given = {"token_ids": tokens, "padding_mask": (tokens != 0).astype(np.int32)}
    if "segment_ids" in backbone.input:
        given["segment_ids"] = np.zeros_like(tokens)
    expected = backbone(given)
    sequence = expected["sequence_output"] if isinstance(expected, dict) else expected
    if isinstance(expected, dict) and "pooled_output" in expected:
        head = built.network.get_layer("logits")
        logits = keras.ops.convert_to_numpy(head(expected["pooled_output"]))
    else:
        pooled = built.network.get_layer("pooled")(sequence[:, 0])
        logits = keras.ops.convert_to_numpy(built.network.get_layer("logits")(pooled))
    outputs = keras.ops.convert_to_numpy(built.network(inputs, training=False))
    assert outputs == pytest.approx(logits, abs=1e-5)


@pytest.mark.slow
@needs_hub
def test_the_exported_network_agrees(tmp_path):
    onnxruntime = pytest.importorskip("onnxruntime")
    pytest.importorskip("tf2onnx")
    from suite.conversion.process import convert

    built = build(save(tmp_path / "preset", "DistilBert"))
    built.network.save(tmp_path / "network.keras")
    batches = [built.codec.reader.batch([built.codec.read(text) for text in texts]) for texts in (TEXTS, "a")]
    target = tmp_path / "network.onnx"
    given, expected = convert(tmp_path / "network.keras", target, ["suite_text"], batches, tmp_path)
    session = onnxruntime.InferenceSession(target, providers=["CPUExecutionProvider"])
    for inputs, outputs in zip(given, expected, strict=True):
        (exported,) = session.run(None, inputs)
        assert exported == pytest.approx(outputs, abs=1e-4)


@pytest.mark.slow
@needs_hub
def test_a_preset_learns_in_stages_and_the_users_word_wins(tmp_path):
    folder = save(tmp_path / "bert", "Bert")
    built = build(folder, frozen_share=0.5, backbone_learning_rate=0.1, max_length=8)
    assert "auto" not in as_dict(built.options).values()
    frozen, whole = built.stages
    assert [layer.name for layer in built.network.layers if isinstance(layer, keras.Model)] == list(
        frozen.freeze
    )
    assert whole.learning_rate_factor == 0.1
    assert built.codec.reader.lengths[-1] == 8
    assert build(folder).codec.reader.lengths[-1] == 10


@pytest.mark.slow
@needs_hub
def test_what_cannot_be_loaded_is_said(tmp_path):
    with pytest.raises(UserError, match="bert_tiny_en_uncased"):
        build("bert_tiny_en_uncase")
    with pytest.raises(UserError, match="reads 10 tokens at most"):
        build(save(tmp_path / "bert", "Bert"), max_length=11)
    other = hub.models.GPT2Backbone(
        vocabulary_size=9, num_layers=1, num_heads=2, hidden_dim=4, intermediate_dim=4, max_sequence_length=8
    )
    other.save_to_preset(tmp_path / "gpt2")
    with pytest.raises(UserError, match="GPT2Backbone: texts are classified by"):
        build(str(tmp_path / "gpt2"))


def test_without_keras_hub_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "keras_hub", None)
    with pytest.raises(UserError, match=r'pip install "keras-suite\[presets\]"'):
        build("bert_tiny_en_uncased")
