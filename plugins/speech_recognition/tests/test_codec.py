"""Recordings to arrays, and a network's log-probabilities to transcripts."""

from __future__ import annotations

import json
import subprocess
import sys

import msgspec
import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from suite import UserError
from suite.options import parse
from suite.prediction.predictor import LoadedPipeline
from suite_speech_recognition.alphabet import Alphabet, learn_characters, learn_subwords
from suite_speech_recognition.codec import SpeechCodec
from suite_speech_recognition.normalization import Normalization
from suite_speech_recognition.options import TranscriptionOptions
from suite_speech_recognition.types import Transcript

RATE = 1000
CODEC = SpeechCodec(
    rate=RATE, lengths=(1000, 2000, 5000), frame_samples=10, alphabet=learn_characters(["abc 你好'"])
)


def heard(codec: SpeechCodec, text: str, frames: int = 100, blanks: int = 2) -> np.ndarray:
    """Log-probabilities of a network that is quite sure of each symbol for a frame, with blanks between."""
    outputs = np.full((frames, codec.alphabet.size), np.log(0.01), np.float32)
    outputs[:, 0] = np.log(0.9)
    for place, index in enumerate(codec.alphabet.encode(text)):
        frame = 1 + place * (1 + blanks)
        outputs[frame, 0] = np.log(0.05)
        outputs[frame, index] = np.log(0.9)
    return outputs


def options(**values) -> TranscriptionOptions:
    return parse(TranscriptionOptions, values, "prediction")


@settings(deadline=None)
@given(st.integers(1, 5000))
def test_a_recording_is_padded_with_zeros_to_the_next_of_a_few_lengths(samples):
    sound = np.full(samples, 0.5, np.float32)
    encoded = CODEC.encode(sound)
    audio, true = encoded.arrays["audio"], encoded.arrays["samples"]
    assert audio.dtype == np.float32
    assert len(audio) == min(length for length in CODEC.lengths if length >= samples)
    assert (true.dtype, true.shape, int(true)) == (np.int32, (), samples)
    assert (audio[:samples] == 0.5).all()
    assert not audio[samples:].any()
    assert encoded.context[:2] == (0.0, samples / RATE)


def test_a_file_of_another_rate_with_two_channels_is_read_at_the_codec_s(tmp_path):
    path = tmp_path / "talk.flac"
    soundfile.write(path, np.zeros((6000, 2)), 4 * RATE)
    assert CODEC.encode(path).arrays["samples"] == 1500
    assert CODEC.chunks(path) is None


def test_what_is_longer_than_the_longest_is_for_chunks_and_encoding_it_says_so():
    sound = np.zeros(12_000, np.float32)
    with pytest.raises(UserError, match=r"it lasts 12.00 seconds, and the model takes 5.00 at once"):
        CODEC.encode(sound)
    chunks = CODEC.chunks(sound)
    assert chunks.total == 3
    encoded = [CODEC.encode(chunk) for chunk in chunks]
    assert [chunk.context[:2] for chunk in encoded] == [(0.0, 5.0), (4.0, 5.0), (8.0, 4.0)]
    assert CODEC.chunks(next(iter(chunks))) is None


def test_a_long_file_is_read_chunk_by_chunk(tmp_path):
    path = tmp_path / "long.wav"
    ramp = np.linspace(0, 0.9, 12_345).astype(np.float32)
    soundfile.write(path, ramp, RATE, subtype="FLOAT")
    for chunk in CODEC.chunks(path):
        encoded = CODEC.encode(chunk)
        start, samples = round(encoded.context[0] * RATE), int(encoded.arrays["samples"])
        np.testing.assert_array_equal(encoded.arrays["audio"][:samples], ramp[start : start + samples])


def test_chunks_are_decoded_with_times_of_the_whole_and_merge_to_one_transcript():
    chunks = CODEC.chunks(np.full(9000, 0.1, np.float32))
    first, second = (CODEC.encode(chunk).context for chunk in chunks)
    outputs = [heard(CODEC, "a", 500), np.roll(heard(CODEC, "b", 500), 200, axis=0)]
    merged = chunks.merge([CODEC.decode(outputs[0], first), CODEC.decode(outputs[1], second)])
    assert merged.text == "a b"
    assert [word.start for word in merged.words] == pytest.approx([0.01, 6.01])
    assert merged.seconds == 9


@settings(deadline=None)
@given(st.text(alphabet="abc 你好'", max_size=30))
def test_the_target_of_a_text_decoded_is_the_normalized_text(text):
    expected = " ".join(text.split())
    codec = msgspec.structs.replace(CODEC, normalization=Normalization(punctuation="keep"))
    target = codec.target(text)
    assert target.dtype == np.int32
    assert len(target) % 16 == 0
    assert len(target) >= 16
    assert codec.alphabet.decode(target) == expected
    found = codec.decode(heard(codec, expected), (0.0, 1.0))
    assert found.text == expected
    assert "".join(word.text for word in found.words) == expected.replace(" ", "")
    assert found.seconds == 1.0


def test_targets_are_normalized_and_leave_out_what_is_not_in_the_alphabet():
    assert CODEC.alphabet.decode(CODEC.target({"text": "Ab,  ZZ C!", "speaker": "x"})) == "ab c"
    assert not CODEC.target("zzz").any()
    assert CODEC.target("a" * 17).shape == (32,)


def test_words_have_times_and_confidences():
    found = CODEC.decode(heard(CODEC, "ab 你好"), (2.0, 1.0))
    assert found.text == "ab 你好"
    assert [word.text for word in found.words] == ["ab", "你", "好"]
    assert [(word.start, word.end) for word in found.words] == [
        pytest.approx(times) for times in [(2.01, 2.05), (2.1, 2.11), (2.13, 2.14)]
    ]
    assert found.confidence == pytest.approx(0.9, abs=1e-4)
    assert str(found) == "ab 你好"


def test_subwords_are_decoded_to_words():
    codec = msgspec.structs.replace(CODEC, alphabet=learn_subwords(["the cat the hat"] * 5, 30))
    found = codec.decode(heard(codec, "the cat"), (0.0, 1.0))
    assert found.text == "the cat"
    assert [word.text for word in found.words] == ["the", "cat"]


def test_silence_and_a_single_sample_are_empty_transcripts():
    for sound in (np.zeros(1000, np.float32), np.zeros(1, np.float32)):
        encoded = CODEC.encode(sound)
        found = CODEC.decode(heard(CODEC, ""), encoded.context)
        assert found == Transcript(text="", seconds=len(sound) / RATE)


def test_frames_behind_the_recording_are_not_looked_at():
    outputs = heard(CODEC, "ab")
    outputs[50:] = heard(CODEC, "c")[:50]
    assert CODEC.decode(outputs, (0.0, 0.5)).text == "ab"


def test_outputs_that_are_not_this_codec_s_are_somebody_s_defect():
    with pytest.raises(ValueError, match="do not belong together"):
        CODEC.decode(np.zeros((10, 3), np.float32), (0.0, 0.1))
    with pytest.raises(ValueError, match="NaN"):
        CODEC.decode(np.full((10, CODEC.alphabet.size), np.nan), (0.0, 0.1))


def test_a_beam_finds_what_greedy_decoding_finds_where_the_network_is_sure():
    codec = CODEC.with_options(options(beam=8))
    assert codec.beam == 8
    assert codec.decode(heard(codec, "abc 你好"), (0.0, 1.0)).text == "abc 你好"
    assert CODEC.with_options(options()) == CODEC


@pytest.fixture
def unsure() -> np.ndarray:
    """ "ab" or, a little less probably, "ac"."""
    outputs = heard(CODEC, "ab")
    outputs[5:, 0], outputs[5:, 1:] = 0.0, -30.0  # nothing more is said
    outputs[4, CODEC.alphabet.encode("b")] = np.log(0.5)
    outputs[4, CODEC.alphabet.encode("c")] = np.log(0.4)
    return outputs


@pytest.mark.parametrize("option", ["words", "language_model"])
def test_a_word_list_and_a_language_model_decide_what_the_network_is_unsure_of(tmp_path, unsure, option):
    (tmp_path / "text.txt").write_text("AC, ac!\nba ac\n")
    codec = CODEC.with_options(options(**{option: str(tmp_path / "text.txt")}))
    assert CODEC.decode(unsure, (0.0, 1.0)).text == "ab"
    assert codec.decode(unsure, (0.0, 1.0)).text == "ac"
    assert codec.scoring_facts() == CODEC.scoring_facts()
    assert SpeechCodec.from_json(codec.to_json()) == msgspec.structs.replace(CODEC, beam=codec.beam)


def knowing(*transcripts: str) -> SpeechCodec:
    return msgspec.structs.replace(CODEC, transcripts=transcripts, beam=8)


def test_the_transcripts_of_training_decide_what_the_network_is_unsure_of(unsure):
    codec = SpeechCodec.from_json(json.loads(json.dumps(knowing("ac ac", "ba ac").to_json())))
    assert codec.decode(unsure, (0.0, 1.0)).text == "ac"
    assert codec.with_options(options()).decode(unsure, (0.0, 1.0)).text == "ac"


def test_a_beam_of_one_takes_what_is_heard_whatever_training_knows(unsure):
    assert knowing("ac ac").with_options(options(beam=1)).decode(unsure, (0.0, 1.0)).text == "ab"


@pytest.mark.parametrize("bonus", ["word_bonus", "symbol_bonus"])
def test_a_beam_of_one_beside_a_bonus_is_refused(bonus):
    with pytest.raises(UserError, match="need at least 2"):
        knowing("ac ac").with_options(options(beam=1, **{bonus: 2}))


def test_a_text_of_the_users_takes_the_place_of_the_transcripts_of_training(tmp_path, unsure):
    (tmp_path / "text.txt").write_text("ab ab ab\n")
    codec = knowing("ac ac").with_options(options(language_model=str(tmp_path / "text.txt")))
    assert codec.decode(unsure, (0.0, 1.0)).text == "ab"


def test_a_language_model_counts_as_much_as_one_says(tmp_path, unsure):
    (tmp_path / "text.txt").write_text("ac ac ac\n")
    codec = CODEC.with_options(options(language_model=str(tmp_path / "text.txt"), language_model_weight=0))
    assert codec.decode(unsure, (0.0, 1.0)).text == "ab"


def test_words_that_are_not_listed_may_cost_instead_of_being_impossible(tmp_path, unsure):
    (tmp_path / "text.txt").write_text("ac")
    for cost, expected in ((-0.1, "ab"), (-5, "ac")):
        codec = CODEC.with_options(options(words=str(tmp_path / "text.txt"), unlisted_word=cost))
        assert codec.decode(unsure, (0.0, 1.0)).text == expected


def test_a_file_that_changes_is_read_again(tmp_path, unsure):
    path = tmp_path / "words.txt"
    for text in ("ac", "ab b"):
        path.write_text(text)
        assert CODEC.with_options(options(words=str(path))).decode(unsure, (0.0, 1.0)).text == text[:2]


@pytest.mark.parametrize("option", ["words", "language_model"])
@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "cannot be read: no such file"),
        (b"", "is empty"),
        (b"\xff\xfe\x00", "not text in UTF-8"),
        (b"xyz XYZ\n", "model can write"),
    ],
)
def test_a_file_that_cannot_be_used_is_one_sentence(tmp_path, option, content, reason):
    path = tmp_path / "file.txt"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UserError) as caught:
        CODEC.with_options(options(**{option: str(path)}))
    assert reason in str(caught.value).replace("No such", "no such")
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_beam_of_one_beside_a_word_list_is_refused(tmp_path):
    (tmp_path / "words.txt").write_text("ab")
    with pytest.raises(UserError, match="need at least 2"):
        CODEC.with_options(options(words=str(tmp_path / "words.txt"), beam=1))


@pytest.mark.parametrize(
    "codec",
    [
        CODEC,
        msgspec.structs.replace(
            CODEC,
            alphabet=learn_subwords(["the cat the hat"] * 5, 30),
            normalization=Normalization(case="upper"),
        ),
    ],
)
def test_a_codec_survives_json(codec):
    written = json.loads(json.dumps(codec.to_json()))
    assert SpeechCodec.from_json(written) == codec


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"rate": None}, r"Expected `int`, got `null` - at `\$.rate`"),
        ({"rate": 0}, "from 1 to 1,000,000"),
        ({"rate": 10**12}, "from 1 to 1,000,000"),
        ({"beam": 0}, "at least 1"),
        ({"beam": 10**9}, "beam from 1 to 10,000"),
        ({"lengths": [1000, 10**12]}, "is over 134,217,728"),
        ({"lengths": []}, "rise from at least 1"),
        ({"lengths": [2000, 1000]}, "rise from at least 1"),
        ({"lengths": [1005]}, "no multiples"),
        ({"alphabet": {"symbols": ["a", "a"]}}, "distinct symbols"),
        ({"alphabet": {"symbols": ["a", "b"], "tokenizer": "broken"}}, "subword tokenizer cannot be read"),
        ({"normalization": {"case": "title"}}, "Invalid enum value 'title'"),
        ({"unknown": 1}, "unknown field `unknown`"),
    ],
)
def test_a_broken_description_is_one_sentence(changes, reason):
    with pytest.raises(UserError, match="^the speech codec's description is broken: .*" + reason) as caught:
        SpeechCodec.from_json({**CODEC.to_json(), **changes})
    assert "\n" not in str(caught.value)
    with pytest.raises(UserError, match="missing required field"):
        SpeechCodec.from_json({})


def test_evaluators_are_told_how_to_normalize_references_and_the_sample_rate():
    assert CODEC.scoring_facts() == {
        "normalization": {"case": "lower", "punctuation": "remove", "unicode": "NFKC", "language": ""},
        "rate": CODEC.rate,
    }


def test_an_array_of_two_axes_is_one_recording_with_channels():
    assert CODEC.input_ndim == 2
    assert CODEC.encode(np.zeros((500, 2), np.float32)).arrays["samples"] == 500


@pytest.mark.slow
@pytest.mark.parametrize("codec", ["codec", "presets.codec"])
def test_prediction_needs_neither_keras_nor_librosa_nor_a_tokenizer(codec):
    program = (
        f"import sys, suite_speech_recognition.{codec}, suite_speech_recognition.formats.writers;"
        "import suite_speech_recognition as plugin; plugin.suite_tasks(); plugin.suite_model_builders();"
        "print([name for name in ('keras', 'tensorflow', 'jax', 'librosa', 'numba', 'PIL', 'jiwer',"
        " 'tokenizers', 'scipy', 'sklearn') if name in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_an_alphabet_of_thousands_of_characters_is_quick():
    symbols = tuple(chr(0x4E00 + index) for index in range(6000))
    codec = SpeechCodec(rate=RATE, lengths=(1000,), frame_samples=10, alphabet=Alphabet(symbols=symbols))
    text = "".join(symbols[::7])
    assert codec.alphabet.decode(codec.target(text)) == text


def sounding(text: str, random: np.random.Generator) -> np.ndarray:
    """A sound that says the text to `network`: a level for each symbol, with pauses between words."""
    frames: list[int] = [0] * 20
    for index in CODEC.alphabet.encode(text):
        if CODEC.alphabet.symbols[index - 1] == " ":
            frames += [0] * int(random.integers(5, 40)) + [index] + [0] * 5
        else:
            frames += [index] * int(random.integers(3, 8)) + [0] * 2
    return np.repeat(np.array(frames, np.float32) / 10, CODEC.frame_samples)


def network(inputs: dict[str, np.ndarray]) -> np.ndarray:
    """Hears each symbol as a level of sound."""
    levels = inputs["audio"].reshape(len(inputs["audio"]), -1, CODEC.frame_samples).mean(axis=2) * 10
    symbols = np.arange(CODEC.alphabet.size)
    return np.where(np.round(levels)[..., None] == symbols, -0.01, -9.0).astype(np.float32)


@settings(deadline=None, max_examples=20)
@given(st.integers(0))
def test_the_host_transcribes_a_recording_of_any_length_as_if_it_had_been_heard_in_one_go(seed):
    random = np.random.default_rng(seed)
    text = " ".join("".join(random.choice(list("abc"), 4)) for _ in range(40))
    pipeline = LoadedPipeline("speech-recognition", "test:test", CODEC, network)
    sound = sounding(text, random)
    in_one_go = msgspec.structs.replace(CODEC, lengths=(-(-len(sound) // 10) * 10,))
    whole = LoadedPipeline("speech-recognition", "test:test", in_one_go, network).predict(sound)
    assert whole.text == text
    done: list[tuple[int, int]] = []
    results = list(
        pipeline.predict_each([sound, sound[:300]], 3, lambda _, count, total: done.append((count, total)))
    )
    assert results[0].prediction.text == text
    assert [word.start for word in results[0].prediction.words] == pytest.approx(
        [word.start for word in whole.words]
    )
    assert results[1].prediction.seconds == 0.3
    assert done[-1] == (CODEC.chunks(sound).total, CODEC.chunks(sound).total)


def test_an_array_with_its_rate_is_one_input():
    sound = np.zeros(500, np.float32)
    assert CODEC.is_single((sound, RATE))
    assert CODEC.encode((sound, 2 * RATE)).arrays["samples"] == 250
    for several in ([sound, sound], [(sound, RATE), (sound, RATE)], ["a.wav", "b.wav"], []):
        assert not CODEC.is_single(several)
