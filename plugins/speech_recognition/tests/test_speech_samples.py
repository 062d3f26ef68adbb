"""The made-up utterances."""

import numpy as np

from suite.data.dataset import fingerprint
from suite_speech_recognition.inspection import inspect
from suite_speech_recognition.samples import LETTERS, RATE, SPEAKERS, sample, utterance


def test_they_are_the_same_at_every_call():
    first, second = sample(), sample()
    assert fingerprint(first) == fingerprint(second)
    assert all(np.array_equal(a.input, b.input) for a, b in zip(first.train, second.train, strict=True))


def test_every_part_has_every_letter_and_speaker():
    dataset = sample()
    assert {name: len(split) for name, split in dataset.splits.items()} == {
        "train": 48,
        "validation": 12,
        "test": 12,
    }
    for split in dataset.splits.values():
        assert set("".join(example.target["text"] for example in split)) == {*LETTERS, " "}
        assert {example.target["speaker"] for example in split} == set(SPEAKERS)


def test_inputs_are_short_and_within_bounds():
    for split in sample().splits.values():
        for example in split:
            assert example.input.dtype == np.float32
            assert example.input.ndim == 1
            assert 0.3 * RATE < len(example.input) < 1.5 * RATE
            assert np.abs(example.input).max() < 1


def test_a_letter_can_be_heard_whoever_says_it():
    for letter, (first, last) in LETTERS.items():
        for speaker, factor in SPEAKERS.items():
            sound = utterance(letter, speaker, np.random.default_rng(1))
            strongest = np.argmax(np.abs(np.fft.rfft(sound))) * RATE / len(sound)
            assert 0.9 * min(first, last) * factor < strongest < 1.1 * max(first, last) * factor


def test_inspecting_them_finds_only_that_speakers_are_known():
    found = inspect(sample(), lambda done, total: None)
    assert not found.wrong
    assert all("known voices" in finding.text for finding in found.findings)
