"""Training batches: drawn from the generator alone, padded to the codec's lengths, never too long."""

from __future__ import annotations

import numpy as np
import pytest

from suite import UserError
from suite.data.dataset import Example
from suite_speech_recognition.alphabet import Alphabet
from suite_speech_recognition.batches import Augmentation, SpeechBatches, frames_needed
from suite_speech_recognition.codec import SpeechCodec

RATE = 8000
CODEC = SpeechCodec(
    rate=RATE, lengths=(4000, 8000, 16000), frame_samples=400, alphabet=Alphabet(symbols=(" ", "a", "b"))
)
ALL = Augmentation(
    speed=(0.8, 1.25), gain=6.0, noise=0.5, join=0.5, silence=0.5, empty=0.2, babble=0.3, echo=0.3
)


def tone(seconds: float, frequency: float = 500) -> np.ndarray:
    return (0.3 * np.sin(2 * np.pi * frequency * np.arange(round(seconds * RATE)) / RATE)).astype(np.float32)


def example(seconds: float, text: str, frequency: float = 500) -> Example:
    return Example("one", tone(seconds, frequency), {"text": text})


def prepared(batches: SpeechBatches, *examples: Example) -> list:
    return [batches.prepare(example) for example in examples]


def test_without_augmentation_a_batch_is_what_the_codec_encodes():
    batches = SpeechBatches(codec=CODEC)
    inputs, targets = batches.make(
        prepared(batches, example(0.7, "ab"), example(0.4, "b a")), np.random.default_rng(0), 0.0
    )
    for row, (seconds, text) in enumerate([(0.7, "ab"), (0.4, "b a")]):
        encoded = CODEC.encode(tone(seconds)).arrays
        count = int(encoded["samples"])
        assert inputs["samples"][row] == count
        np.testing.assert_allclose(inputs["audio"][row, :count], encoded["audio"][:count], atol=2e-5)
        np.testing.assert_array_equal(targets[row], CODEC.target({"text": text}))


def test_batches_have_the_smallest_length_that_holds_all_and_zeros_after_each():
    batches = SpeechBatches(codec=CODEC, augmentation=ALL)
    ready = prepared(batches, *(example(seconds, "ab") for seconds in (0.3, 0.55, 0.9)))
    for seed in range(20):
        inputs, targets = batches.make(ready, np.random.default_rng(seed), 0.0)
        audio, samples = inputs["audio"], inputs["samples"]
        assert audio.dtype == np.float32
        assert samples.dtype == targets.dtype == np.int32
        assert audio.shape[1] == next(length for length in CODEC.lengths if length >= samples.max())
        assert targets.shape[1] % 16 == 0
        for row, count in zip(audio, samples, strict=True):
            assert (row[count:] == 0).all()


def test_a_batch_is_a_pure_function_of_its_arguments():
    batches = SpeechBatches(codec=CODEC, augmentation=ALL)
    ready = prepared(batches, example(0.5, "ab"), example(0.8, "b"))
    before = [recording[0].copy() for recording in ready]
    first, second = (batches.make(ready, np.random.default_rng(5), 0.3) for _ in range(2))
    np.testing.assert_array_equal(first[0]["audio"], second[0]["audio"])
    np.testing.assert_array_equal(first[1], second[1])
    for kept, now in zip(before, ready, strict=True):
        np.testing.assert_array_equal(kept, now[0])


def test_speed_changes_length_and_pitch_within_the_range():
    batches = SpeechBatches(codec=CODEC, augmentation=Augmentation(speed=(0.8, 1.25)))
    ready = prepared(batches, example(0.8, "a"))
    lengths, pitches = [], []
    for seed in range(30):
        inputs, _ = batches.make(ready, np.random.default_rng(seed), 0.0)
        count = int(inputs["samples"][0])
        sound = inputs["audio"][0, :count]
        lengths.append(count / 6400)
        pitches.append(np.abs(np.fft.rfft(sound)).argmax() / count * RATE / 500)
    assert 0.79 < min(lengths) < 0.85
    assert 1.15 < max(lengths) < 1.26
    np.testing.assert_allclose(np.array(lengths) * pitches, 1, atol=0.03)


def test_nothing_becomes_too_long_to_be_heard_or_too_short_for_its_labels():
    batches = SpeechBatches(codec=CODEC, augmentation=Augmentation(speed=(0.5, 2.0), join=1.0))
    ready = prepared(batches, example(1.99, "ab"), example(0.3, "ababa"))
    for seed in range(30):
        inputs, targets = batches.make(ready, np.random.default_rng(seed), 0.0)
        assert inputs["samples"].max() <= CODEC.lengths[-1]
        for count, row in zip(inputs["samples"], targets, strict=True):
            assert -(-int(count) // CODEC.frame_samples) >= frames_needed(row[row > 0])


def test_joined_recordings_have_both_transcripts_with_a_space_between():
    batches = SpeechBatches(codec=CODEC, augmentation=Augmentation(join=1.0))
    ready = prepared(batches, example(0.3, "ab", 500), example(0.4, "b", 900))
    inputs, targets = batches.make(ready, np.random.default_rng(0), 0.0)
    said = {CODEC.alphabet.decode(row) for row in targets}
    assert said <= {"ab ab", "ab b", "b ab", "b b"}
    for count, row in zip(inputs["samples"], targets, strict=True):
        parts = sum(2400 if word == "ab" else 3200 for word in CODEC.alphabet.decode(row).split())
        assert parts <= count <= parts + 0.2 * RATE


def test_noise_is_quieter_than_the_recording():
    batches = SpeechBatches(codec=CODEC, augmentation=Augmentation(noise=1.0))
    ready = prepared(batches, example(0.9, "a"))
    clean = tone(0.9)
    for seed in range(10):
        inputs, _ = batches.make(ready, np.random.default_rng(seed), 0.0)
        noise = inputs["audio"][0, : len(clean)] - clean
        ratio = 10 * np.log10(np.mean(clean**2) / np.mean(noise**2))
        assert 4.5 < ratio < 40.5


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (example(2.5, "a"), "one lasts 2.5 seconds, and the network hears 2.0 at once"),
        (
            example(0.2, "abababab"),
            "one lasts 0.20 seconds, too short for the 8 characters of its transcript",
        ),
        (example(0.2, "aaa"), "too short for the 3 characters"),
    ],
)
def test_what_cannot_be_learned_from_is_named(given, said):
    with pytest.raises(UserError, match=said):
        SpeechBatches(codec=CODEC).prepare(given)


def test_silence_and_an_empty_transcript_are_learned_from():
    batches = SpeechBatches(codec=CODEC, augmentation=ALL)
    ready = prepared(batches, Example("silence", np.zeros(3000, np.float32), {"text": ""}))
    inputs, targets = batches.make(ready, np.random.default_rng(0), 0.0)
    assert np.isfinite(inputs["audio"]).all()
    assert not targets.any()


def test_silence_is_put_at_both_ends_and_what_is_said_stays():
    batches = SpeechBatches(codec=CODEC, augmentation=Augmentation(silence=1.0))
    ready = prepared(batches, example(0.3, "ab"), example(0.5, "a"))
    lengths = set()
    for seed in range(30):
        inputs, targets = batches.make(ready, np.random.default_rng(seed), 0.0)
        lengths |= set(inputs["samples"].tolist())
        assert inputs["samples"].max() <= CODEC.lengths[-1]
        for row, (text, seconds) in enumerate([("ab", 0.3), ("a", 0.5)]):
            np.testing.assert_array_equal(targets[row], CODEC.target({"text": text}))
            heard = inputs["audio"][row]
            original = tone(seconds)
            assert np.abs(np.correlate(heard, original)).max() > 0.9 * np.sum(original**2)
    assert len(lengths) > 30


def test_silence_begins_when_words_are_known():
    later = Augmentation(silence=1.0, empty=1.0, silence_from=0.5)
    ready = prepared(SpeechBatches(codec=CODEC), example(0.3, "ab"), example(0.4, "b a"))

    def made(augmentation, progress):
        batches = SpeechBatches(codec=CODEC, augmentation=augmentation)
        return batches.make(ready, np.random.default_rng(0), progress)

    at_once = Augmentation(silence=1.0, empty=1.0)
    for progress, same in ((0.0, Augmentation()), (0.49, Augmentation()), (0.5, at_once)):
        inputs, targets = made(later, progress)
        expected_inputs, expected_targets = made(same, progress)
        assert np.array_equal(inputs["audio"], expected_inputs["audio"])
        assert np.array_equal(targets, expected_targets)


def test_silence_makes_no_batch_longer_than_all_recordings():
    codec = SpeechCodec(
        rate=RATE, lengths=(4000, 160_000), frame_samples=400, alphabet=Alphabet(symbols=("a",))
    )
    batches = SpeechBatches(codec=codec, augmentation=Augmentation(silence=1.0))
    ready = prepared(batches, example(0.4, "a"))
    for seed in range(10):
        assert batches.make(ready, np.random.default_rng(seed), 0.0)[0]["audio"].shape[1] == 4000


def test_a_recording_in_which_nothing_is_said_has_no_labels():
    batches = SpeechBatches(codec=CODEC, augmentation=Augmentation(empty=1.0))
    ready = prepared(batches, example(0.5, "ab"))
    loudness = []
    for seed in range(30):
        inputs, targets = batches.make(ready, np.random.default_rng(seed), 0.0)
        assert not targets.any()
        loudness.append(float(np.sqrt(np.mean(inputs["audio"][0, :4000] ** 2))))
    assert min(loudness) == 0.0
    assert 0.01 < max(loudness) < 1.0


def test_a_room_and_other_voices_leave_length_and_labels():
    batches = SpeechBatches(codec=CODEC, augmentation=Augmentation(babble=1.0, echo=1.0))
    ready = prepared(batches, example(0.3, "ab"), example(0.5, "a", 900))
    inputs, targets = batches.make(ready, np.random.default_rng(0), 0.0)
    assert inputs["samples"].tolist() == [2400, 4000]
    np.testing.assert_array_equal(targets[0], CODEC.target({"text": "ab"}))
    heard, original = inputs["audio"][0, :2400], tone(0.3)
    assert 0.3 < np.dot(heard, original) / np.sum(original**2) < 2.0
    assert np.abs(heard - original).max() > 0.01
