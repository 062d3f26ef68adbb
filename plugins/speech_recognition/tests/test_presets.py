"""keras-hub's Whisper and Moonshine through the builder and the host, with tiny presets made here.

Their weights are made up; nothing is fetched.
"""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
import soundfile

import suite
import suite_speech_recognition as speech
from killed_runs import check_same_state, left_after
from suite import UserError
from suite.configuration import from_mapping
from suite.data.dataset import Dataset, Example
from suite.runs.train import resume, train
from suite_speech_recognition.declaration import TASK
from suite_speech_recognition.presets.builder import preset
from suite_speech_recognition.presets.options import PresetOptions
from suite_speech_recognition.types import Transcript

keras = pytest.importorskip("keras", reason="needs Keras")
hub = pytest.importorskip("keras_hub", reason="needs keras-suite[presets]")
pytestmark = pytest.mark.slow

RATE = 16000
TEXTS = ("one two three four", "the quick brown fox jumps over the lazy dog", "Yes, no; go! stop? zero 42")
OTHER_TEXTS = ("the fox", "Äpfel  und\tBirnen", "你好", "7 😀", "")


def shaken(network):
    """The network with weights that are not zero or one by chance."""
    for number, weight in enumerate(network.weights):
        if weight.trainable:
            weight.assign(weight + keras.random.normal(weight.shape, stddev=0.3, seed=number))
    return network


def save_whisper(folder: Path, *, multilingual: bool = False) -> None:
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers

    learner = Tokenizer(models.BPE())
    learner.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=290, initial_alphabet=alphabet, show_progress=False)
    learner.train_from_iterator([f" {text}" for text in TEXTS], trainer)
    learned = json.loads(learner.to_str())["model"]
    vocabulary = dict(learned["vocab"])
    merges = [pair if isinstance(pair, str) else " ".join(pair) for pair in learned["merges"]]
    special = ["endoftext", "startoftranscript", "translate", "transcribe", "notimestamps"]
    special = {f"<|{name}|>": len(vocabulary) + number for number, name in enumerate(special)}
    known = len(vocabulary) + len(special)
    languages = {f"<|{name}|>": known + number for number, name in enumerate(["en", "zh", "de"])}
    hub.models.WhisperTokenizer(
        vocabulary=vocabulary,
        merges=merges,
        special_tokens=special,
        language_tokens=languages if multilingual else None,
    ).save_to_preset(folder)
    backbone = hub.models.WhisperBackbone(
        vocabulary_size=known + 3 + 7,  # the last ones are those of times in a real one
        num_layers=1,
        num_heads=2,
        hidden_dim=16,
        intermediate_dim=24,
        num_mels=20,
        max_encoder_sequence_length=200,
        max_decoder_sequence_length=32,
    )
    shaken(backbone).save_to_preset(folder)
    hub.layers.WhisperAudioConverter(num_mels=20, max_audio_length=2).save_to_preset(folder)


def save_moonshine(folder: Path, **changes) -> None:
    import sentencepiece

    file = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(TEXTS * 4),
        model_writer=file,
        vocab_size=320,
        model_type="bpe",
        byte_fallback=True,
        hard_vocab_limit=False,
        unk_id=0,
        bos_id=1,
        eos_id=2,
        minloglevel=2,
    )
    hub.models.MoonshineTokenizer(file.getvalue()).save_to_preset(folder)
    architecture = {
        "vocabulary_size": 340,
        "filter_dim": 16,
        "encoder_num_layers": 1,
        "decoder_num_layers": 1,
        "hidden_dim": 16,
        "intermediate_dim": 32,
        "encoder_num_heads": 2,
        "decoder_num_heads": 2,
        "pad_head_dim_to_multiple_of": 5,
        "dtype": "float32",
    }
    shaken(hub.models.MoonshineBackbone(**architecture | changes)).save_to_preset(folder)
    hub.layers.MoonshineAudioConverter().save_to_preset(folder)


SAVED = {
    "whisper": save_whisper,
    "multilingual": lambda folder: save_whisper(folder, multilingual=True),
    "moonshine": save_moonshine,
    "other_moonshine": lambda folder: save_moonshine(
        folder,
        encoder_use_swiglu_activation=True,
        decoder_use_swiglu_activation=False,
        attention_bias=True,
        partial_rotary_factor=0.9,
    ),
}


@pytest.fixture(scope="module")
def presets(tmp_path_factory):
    """Gives the folder of a preset by its name."""
    folder = tmp_path_factory.mktemp("presets")

    def made(name: str) -> str:
        if not (folder / name).is_dir():
            SAVED[name](folder / name)
        return str(folder / name)

    return made


def audio(seed: int, seconds: float) -> np.ndarray:
    """A tone in noise."""
    rng = np.random.default_rng(seed)
    time = np.arange(round(seconds * RATE)) / RATE
    tone = 0.3 * np.sin(2 * np.pi * rng.uniform(100, 2000) * time)
    return (tone + rng.normal(0, 0.02, len(time))).astype(np.float32)


def data(*texts: str, seconds: float = 1.0) -> Dataset:
    examples = [
        Example(id=f"take {number}", input=audio(number, seconds), target={"text": text})
        for number, text in enumerate(texts)
    ]
    return Dataset(train=examples, facts={})


def build(folder: str, **options):
    return preset(data(*TEXTS), PresetOptions(preset=folder, **options))


def numpy_of(tensor) -> np.ndarray:
    return np.asarray(keras.ops.convert_to_numpy(tensor))


def batch(built, recordings, tokens=None, length: int | None = None) -> dict[str, np.ndarray]:
    """Inputs for recordings, with the prompt of the codec or with given tokens."""
    length = length or max(map(len, recordings))
    padded = np.zeros((len(recordings), length), np.float32)
    for row, sound in zip(padded, recordings, strict=True):
        row[: len(sound)] = sound
    given = [built.codec.prompt] * len(recordings) if tokens is None else tokens
    samples = np.array(list(map(len, recordings)), np.int32)
    return {"audio": padded, "samples": samples, "tokens": np.array(given, np.int32)}


def of_keras_hub(folder: str, recordings, tokens) -> tuple[np.ndarray, np.ndarray]:
    """What the encoder hears and the logits after each token, as keras-hub computes them."""
    backbone = hub.models.Backbone.from_preset(folder)
    tokens = np.array(tokens, np.int32)
    if isinstance(backbone, hub.models.WhisperBackbone):
        converter = hub.layers.WhisperAudioConverter.from_preset(folder)
        inputs = {
            "encoder_features": numpy_of(converter(np.stack(recordings))),
            "decoder_padding_mask": np.ones_like(tokens),
        }
    else:
        heard = np.stack(recordings)[..., None]
        inputs = {
            "encoder_input_values": heard,
            "encoder_padding_mask": np.ones(heard.shape[:2], bool),
            "decoder_padding_mask": np.ones(tokens.shape, bool),
        }
    outputs = backbone({**inputs, "decoder_token_ids": tokens}, training=False)
    logits = backbone.token_embedding(outputs["decoder_sequence_output"], reverse=True)
    return numpy_of(outputs["encoder_sequence_output"]), numpy_of(logits)


def text_only(codec, logits: np.ndarray) -> np.ndarray:
    """Logarithms of the probabilities of tokens that are text, or the end."""
    allowed = [bool(token) or index == codec.end for index, token in enumerate(codec.tokens)]
    scores = np.where(allowed, logits.astype(np.float64), -1e9)
    scores -= scores.max(-1, keepdims=True)
    return (
        scores
        - np.log(np.exp(scores - scores.max(-1, keepdims=True)).sum(-1, keepdims=True))
        - scores.max(-1, keepdims=True)
    )


def known_prompt(codec) -> list[int]:
    return [codec.languages["en"] if token < 0 else token for token in codec.prompt]


@pytest.mark.backend
def test_the_log_mel_spectrogram_is_that_of_keras_hub(presets):
    built = build(presets("whisper"))
    converter = hub.layers.WhisperAudioConverter.from_preset(presets("whisper"))
    click = np.zeros(2 * RATE, np.float32)
    click[[0, 1234, -1]] = 1.0
    recordings = [audio(0, 2), np.zeros(2 * RATE, np.float32), click, np.pad(audio(1, 0.7), (0, 20800))]
    inner = keras.Model(built.network.inputs, built.network.get_layer("log_mel").output)
    ours = numpy_of(inner(batch(built, recordings)))
    assert ours.shape == (4, 200, 20)
    assert ours == pytest.approx(numpy_of(converter(np.stack(recordings))), abs=1e-4)


@pytest.mark.backend
@pytest.mark.parametrize("name", ["whisper", "multilingual", "moonshine", "other_moonshine"])
def test_encoder_and_decoder_give_what_keras_hub_gives(presets, name):
    built = build(presets(name))
    codec = built.codec
    recordings = [audio(0, 2), audio(1, 2)]
    words = [[30, 40, 100, 7], [250, 30, 9, codec.end]]
    tokens = [[*known_prompt(codec), *row] for row in words]
    features, logits = of_keras_hub(presets(name), recordings, tokens)
    encoder = keras.Model(built.network.inputs, built.network.get_layer("encoder_norm").output)
    inputs = batch(built, recordings, tokens)
    assert numpy_of(encoder(inputs, training=False)) == pytest.approx(features, abs=1e-4)
    outputs = numpy_of(built.network(inputs, training=True))
    assert outputs[..., 0].tolist() == words
    after = text_only(codec, logits)[:, len(codec.prompt) - 1 : -1]
    expected = np.take_along_axis(after, np.array(words)[..., None], -1)[..., 0]
    assert outputs[..., 1] == pytest.approx(expected, abs=1e-4)


@pytest.mark.backend
@pytest.mark.parametrize("name", ["whisper", "moonshine"])
def test_what_is_written_is_the_likeliest_token_after_all_before_it(presets, name):
    built = build(presets(name), max_tokens=5)
    codec = built.codec
    recordings = [audio(2, 2), audio(3, 2)]
    tokens = [list(codec.prompt) for _ in recordings]
    scores = []
    for _ in range(5):
        last = text_only(codec, of_keras_hub(presets(name), recordings, tokens)[1][:, -1])
        scores.append(last.max(-1))
        tokens = [[*row, int(best)] for row, best in zip(tokens, last.argmax(-1), strict=True)]
    outputs = numpy_of(built.network(batch(built, recordings), training=False))
    assert outputs.shape == (2, 5, 2)
    for row, (expected, written) in enumerate(zip(tokens, outputs[..., 0], strict=True)):
        expected = expected[len(codec.prompt) :]
        count = expected.index(codec.end) + 1 if codec.end in expected else 5
        assert written[:count].tolist() == expected[:count]
        assert outputs[row, :count, 1] == pytest.approx([step[row] for step in scores[:count]], abs=1e-4)


@pytest.mark.backend
@pytest.mark.parametrize("name", ["whisper", "moonshine"])
def test_neither_padding_nor_what_is_in_it_nor_company_changes_what_is_heard(presets, name):
    built = build(presets(name), max_tokens=5)
    short, long = audio(4, 1.1), audio(5, 2)
    length = 2 * RATE if name == "whisper" else None
    alone = numpy_of(built.network(batch(built, [short], length=length), training=False))
    inputs = batch(built, [short, long])
    inputs["audio"][0, len(short) :] = 0.7
    together = numpy_of(built.network(inputs, training=False))
    assert together[:1, :, 0].tolist() == alone[:, :, 0].tolist()
    assert together[:1] == pytest.approx(alone, abs=1e-4)


def test_after_the_first_end_there_are_only_ends(presets):
    built = build(presets("whisper"), max_tokens=6)
    inputs = batch(built, [audio(6, 2)])
    first = int(numpy_of(built.network(inputs, training=False))[0, 0, 0])
    decoder = built.network.get_layer("decoder")
    decoder.end = first  # what it writes first is now the end
    outputs = numpy_of(built.network(inputs, training=False))
    assert outputs[0, :, 0].tolist() == [first] * 6
    assert outputs[0, 1:, 1].tolist() == [0.0] * 5


def test_a_moonshine_writes_no_faster_than_people_speak(presets):
    built = preset(data("go", seconds=1.0), PresetOptions(preset=presets("moonshine"), max_tokens=30))
    outputs = numpy_of(built.network(batch(built, [audio(7, 1)]), training=False))
    assert (outputs[0, 7:, 0] == built.codec.end).all()  # 6.5 tokens a second
    faster = preset(data(TEXTS[1], seconds=0.5), PresetOptions(preset=presets("moonshine"), max_tokens=30))
    assert faster.network.get_layer("decoder").tokens_per_sample * RATE > 20


@pytest.mark.backend
def test_a_language_that_is_not_given_is_found_and_the_same_in_training(presets):
    built = build(presets("multilingual"), max_tokens=4)
    codec = built.codec
    recordings = [audio(8, 2), audio(9, 2)]
    after_start = of_keras_hub(presets("multilingual"), recordings, [[codec.prompt[0]]] * 2)[1][:, 0]
    languages = sorted(codec.languages.values())
    found = [languages[int(np.argmax(row[languages]))] for row in after_start]
    prompts = [[codec.prompt[0], language, *codec.prompt[2:]] for language in found]
    for training in (False, True):
        rest = [[30, 40]] * 2 if training else [[]] * 2
        auto = [[*codec.prompt, *more] for more in rest]
        given = [[*prompt, *more] for prompt, more in zip(prompts, rest, strict=True)]
        outputs = [
            numpy_of(built.network(batch(built, recordings, tokens), training=training))
            for tokens in (auto, given)
        ]
        assert outputs[0] == pytest.approx(outputs[1], abs=1e-5)
    german = build(presets("multilingual"), language="de")
    assert german.codec.prompt[1] == codec.languages["de"]
    with pytest.raises(UserError, match="knows no language 'fr'"):
        build(presets("multilingual"), language="fr")
    with pytest.raises(UserError, match="knows only one language"):
        build(presets("whisper"), language="en")


@pytest.mark.parametrize("name", ["whisper", "multilingual", "moonshine"])
def test_the_codec_writes_tokens_as_the_tokenizer_of_the_preset_reads_them(presets, name):
    built = build(presets(name))
    for text in (*TEXTS, *OTHER_TEXTS):
        tokens = built.batch_maker.target_tokens({"text": text}).tolist()
        assert tokens[-1] == built.codec.end
        assert built.codec.text(tokens) == " ".join(text.split())


def test_training_batches_hold_the_prompt_the_tokens_and_targets_that_end(presets):
    built = build(presets("whisper"), gain=0.0)
    examples = data("one", "the lazy dog").train
    prepared = [built.batch_maker.prepare(example) for example in examples]
    inputs, targets = built.batch_maker.make(prepared, np.random.default_rng(0), 0.0)
    codec = built.codec
    assert inputs["audio"].shape == (2, 2 * RATE)
    assert inputs["samples"].tolist() == [RATE, RATE]
    assert inputs["tokens"][:, :2].tolist() == [list(codec.prompt)] * 2
    assert targets.shape == (2, 16)
    for row, text in zip(targets, ("one", "the lazy dog"), strict=True):
        row = [token for token in row.tolist() if token >= 0]
        assert codec.text(row[:-1]) == text
        assert row[-1] == codec.end
    assert np.where(targets < 0, codec.end, targets).tolist() == inputs["tokens"][:, 2:].tolist()
    assert built.targets({"text": "one"}).shape == (codec.steps,)


def test_what_is_too_long_to_be_written_is_said(presets):
    built = build(presets("whisper"), max_tokens=4)
    with pytest.raises(UserError, match="take 0: its transcript has .* and the model writes at most 4"):
        built.batch_maker.prepare(data(TEXTS[1]).train[0])
    with pytest.raises(UserError, match="writes 30 tokens at most"):
        build(presets("whisper"), max_tokens=31)
    with pytest.raises(UserError, match="hears 2 seconds at most, not 3"):
        build(presets("whisper"), max_seconds=3)
    with pytest.raises(UserError, match="lasts 2.50 seconds"):
        built.batch_maker.prepare(data("go", seconds=2.5).train[0])


def test_the_loss_is_the_cross_entropy_while_training_and_a_guess_of_it_else(presets):
    built = build(presets("whisper"))
    loss = built.loss
    targets = np.array([[5, 6, -1], [7, -1, -1]], np.int32)
    outputs = np.array([[[5, -1.0], [6, -3.0], [0, -9.0]], [[7, -0.5], [1, 0.0], [1, 0.0]]], np.float32)
    assert float(loss(targets, outputs)) == pytest.approx((2.0 + 0.5) / 2)
    other = np.array([[[4, np.log(0.75)]]], np.float32)
    vocabulary = len(built.codec.tokens)
    assert float(loss(np.array([[5]]), other)) == pytest.approx(-np.log(0.25 / (vocabulary - 1)), rel=1e-4)
    sure = np.array([[[4, 0.0]]], np.float32)
    assert np.isfinite(float(loss(np.array([[5]]), sure)))


@pytest.mark.backend
@pytest.mark.parametrize("name", ["whisper", "moonshine"])
def test_training_learns_to_write_what_is_said(presets, name):
    texts = ("one", "fox", "go!")
    built = preset(data(*texts), PresetOptions(preset=presets(name), gain=0.0))
    prepared = [built.batch_maker.prepare(example) for example in data(*texts).train]
    inputs, targets = built.batch_maker.make(prepared, np.random.default_rng(0), 0.0)
    compiled = keras.backend.backend() == "jax"
    built.network.compile(optimizer=keras.optimizers.Adam(0.01), loss=built.loss, jit_compile=compiled)
    losses = [built.network.train_on_batch(inputs, targets) for _ in range(80)]
    assert float(losses[-1]) < 0.2 * float(losses[0])
    codec = built.codec
    heard = {
        key: value if key != "tokens" else value[:, : len(codec.prompt)] for key, value in inputs.items()
    }
    outputs = numpy_of(built.network(heard, training=False))
    assert [codec.decode(row, (0.0, 1.0)).text for row in outputs] == list(texts)


def test_only_what_is_to_learn_learns_and_the_file_needs_no_keras_hub(presets, tmp_path):
    from suite.pipeline.keras_files import load_keras, save_keras

    everything = build(presets("whisper"))
    assert everything.stages[0].freeze == ()
    decoder = build(presets("whisper"), learn="decoder").stages[0].freeze
    assert "encoder_block0" in decoder
    assert "decoder" not in decoder
    nothing = build(presets("whisper"), learn="nothing")
    layers = {layer.name for layer in nothing.network.layers if layer.trainable_weights}
    assert layers <= set(nothing.stages[0].freeze)
    assert nothing.recipe["epochs"] == 1
    save_keras(everything.network, tmp_path / "network.keras")
    with zipfile.ZipFile(tmp_path / "network.keras") as archive:
        assert b"keras_hub" not in archive.read("config.json")
    again = load_keras(tmp_path / "network.keras", ["suite_speech_recognition"])
    inputs = batch(everything, [audio(0, 2)])
    assert numpy_of(again(inputs)) == pytest.approx(numpy_of(everything.network(inputs)), abs=1e-6)


def test_what_is_no_preset_and_what_hears_no_speech_is_said(tmp_path):
    with pytest.raises(UserError, match="did you mean 'whisper_tiny_en'"):
        build("whisper_tiny_eng")
    hub.models.ViTBackbone(
        image_shape=(32, 32, 3), patch_size=8, num_layers=1, num_heads=2, hidden_dim=8, mlp_dim=8
    ).save_to_preset(tmp_path / "vit")
    with pytest.raises(UserError, match="is of ViTBackbone: speech is recognized by"):
        build(str(tmp_path / "vit"))
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match="could not be loaded"):
        build(str(tmp_path / "empty"))


def write_recordings(folder: Path) -> Path:
    folder.mkdir()
    for number in range(12):
        text = ("one", "fox", "go")[number % 3]
        soundfile.write(folder / f"{text}_{number}.wav", audio(number % 3, 0.6 + 0.1 * number), RATE)
    return folder


@pytest.mark.parametrize("name", ["multilingual", "moonshine"])
def test_a_preset_is_trained_resumed_shipped_and_exported_through_the_host(presets, name, tmp_path):
    host = suite.Host(speech, discover=False)
    tables = {
        "task": TASK,
        "data": str(write_recordings(tmp_path / "data")),
        "loader": {"name": "pattern", "pattern": "{text}_{take}.wav"},
        "model": {"name": "preset", "preset": presets(name), "max_tokens": 8, "max_seconds": 2.0},
        "training": {"epochs": 2, "batch_size": 4, "learning_rate": 1e-3, "checkpoint_seconds": 0.0},
    }
    killed = left_after(3, tmp_path / "whole", tmp_path / "killed")
    whole = train(host, from_mapping(tables, "the test"), out=tmp_path / "whole", stop=killed)
    if name == "moonshine":  # whose batches differ in length
        resumed = resume(host, tmp_path / "killed")
        check_same_state(whole, resumed)

    trained = suite.load(whole.path, host=host)
    found = trained.predict(tmp_path / "data" / "one_3.wav")
    assert isinstance(found, Transcript)
    assert found.seconds == pytest.approx(0.9)
    soundfile.write(tmp_path / "long.wav", audio(0, 5), RATE)
    assert trained.predict(tmp_path / "long.wav").seconds == pytest.approx(5.0)
    if name == "multilingual":
        german = suite.load(whole.path, host=host, options={"language": "de", "translate": True})
        assert german.codec.prompt != trained.codec.prompt

    pytest.importorskip("tf2onnx", reason="needs keras-suite[export]")
    from suite.runs.export import export

    exported = suite.load(export(whole.path, verify=False, host=host).folder, host=host)
    theirs = exported.predict(tmp_path / "data" / "one_3.wav")
    assert theirs.text == found.text
    assert theirs.confidence == pytest.approx(found.confidence, abs=1e-3)
