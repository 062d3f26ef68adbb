"""How well a run hears when silence, noise, other voices or a room are around what is said.

    python benchmarks/silence.py RUN [--limit N]

The recordings of the run's test split are changed in memory, always in the same way, and scored as
`suite evaluate` does. The last rows hold nothing that is said: they count the recordings to which the run
gives words all the same. Decibels are those of the full scale; babble and the room are beside the recording.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import suite
from suite.evaluation import Pairs
from suite.runs.data import run_data
from suite.runs.directory import RunDirectory
from suite_speech_recognition.audio import recordings
from suite_speech_recognition.metrics import Scoring

Change = Callable[[np.ndarray, np.random.Generator], np.ndarray]


def noise(samples: int, decibels: float, rng: np.random.Generator, color: float = 0.0) -> np.ndarray:
    """White noise, or with a color of 1 brown noise, of a level: float32 (samples,)."""
    if not np.isfinite(decibels):
        return np.zeros(samples, np.float32)
    spectrum = np.fft.rfft(rng.standard_normal(samples))
    spectrum *= np.arange(1, len(spectrum) + 1) ** -color
    sound = np.fft.irfft(spectrum, samples)
    scaled: np.ndarray = (sound * 10 ** (decibels / 20) / np.sqrt(np.mean(sound**2))).astype(np.float32)
    return scaled


def around(seconds: float, decibels: float, rate: int, color: float = 0.0) -> Change:
    """Silence or noise at both ends."""
    count = round(seconds * rate)
    return lambda sound, rng: np.concatenate(
        [noise(count, decibels, rng, color), sound, noise(count, decibels, rng, color)]
    )


def only_noise(decibels: float, color: float, rate: int) -> Change:
    """Half a second to two of noise, in place of the recording."""
    return lambda sound, rng: noise(int(rng.integers(rate // 2, 2 * rate)), decibels, rng, color)


def within(decibels: float, rate: int) -> Change:
    """Noise at both ends and under what is said."""
    count = round(0.3 * rate)
    return lambda sound, rng: np.pad(sound, count) + noise(len(sound) + 2 * count, decibels, rng)


def babble(others: list[np.ndarray], decibels: float, rate: int) -> Change:
    """Six other recordings at once, so much quieter than the recording, which has 0.3 s at both ends."""

    def change(sound: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        padded = np.pad(sound, round(0.3 * rate))
        voices = sum(
            np.resize(np.roll(others[index], int(rng.integers(rate))), len(padded))
            for index in rng.integers(len(others), size=6)
        )
        level = np.sqrt(np.mean(sound**2)) * 10 ** (-decibels / 20)
        return np.asarray(padded + voices * level / (np.sqrt(np.mean(voices**2)) + 1e-9), np.float32)

    return change


def room(seconds: float, rate: int) -> Change:
    """The echo of a room: after so many seconds it is 60 decibels quieter. It begins 2 ms after the sound."""

    def change(sound: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        count = round(seconds * rate)
        echo = rng.standard_normal(count) * 10 ** (-3 * np.arange(count) / count)
        echo[: rate // 500] = 0.0
        response = echo / np.sqrt(np.sum(echo**2))
        response[0] = 1.0  # as loud as its echo
        padded = np.pad(sound, (round(0.3 * rate), round(0.3 * rate) + count))
        return np.convolve(padded, response)[: len(padded)].astype(np.float32)

    return change


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("run")
    parser.add_argument("--limit", type=int, default=0, help="recordings, evenly spaced; 0: all")
    arguments = parser.parse_args()
    host = suite.Host()
    run = RunDirectory.open(Path(arguments.run))
    test = run_data(host, run.configuration).dataset.test
    assert test is not None
    pipeline = suite.load(run.path, host=host, batch_size=32)
    facts = pipeline.scoring_facts
    rate = facts["rate"]
    step = max(1, len(test) // arguments.limit) if arguments.limit else 1
    examples = [test[index] for index in range(0, len(test), step)]
    sounds = [recordings.read(example.input, rate) for example in examples]

    def heard(change: Change) -> list[Any]:
        changed = [change(sound, np.random.default_rng(index)) for index, sound in enumerate(sounds)]
        return [result.prediction for result in pipeline.predict_each(changed, 32)]

    ends = {
        f"{seconds:g} s of {f'noise at {decibels} dB' if decibels > -np.inf else 'silence'} at both ends":
        around(seconds, decibels, rate)
        for decibels in (-np.inf, -70, -50, -40)
        for seconds in (0.1, 0.3, 1.0)
    }  # fmt: skip
    spoken: dict[str, Change] = {
        "as it is": lambda sound, rng: sound,
        **ends,
        "0.3 s of brown noise at -40 dB at both ends": around(0.3, -40, rate, 1.0),
        "noise at -50 dB throughout": within(-50, rate),
        "noise at -40 dB throughout": within(-40, rate),
        "babble, 20 dB quieter": babble(sounds, 20, rate),
        "babble, 10 dB quieter": babble(sounds, 10, rate),
        "a room with an echo of 0.3 s": room(0.3, rate),
        "a room with an echo of 0.6 s": room(0.6, rate),
    }
    print("| recordings | WER | CER | confidence |\n|---|---|---|---|")
    for name, change in spoken.items():
        predictions = heard(change)
        pairs = Pairs(
            targets=[example.target for example in examples],
            predictions=predictions,
            ids=[example.id for example in examples],
            facts=facts,
        )
        counts = Scoring(pairs).counts
        rates = Scoring.rates(counts.sum(axis=0), len(counts))
        sure = np.mean([prediction.confidence or 0.0 for prediction in predictions])
        print(f"| {name} | {rates['wer']:.3f} | {rates['cer']:.3f} | {sure:.2f} |", flush=True)
    print("\n| nothing is said in | given words | confidence of those |\n|---|---|---|")
    quiet: dict[str, Change] = {
        "silence": lambda sound, rng: np.zeros(rng.integers(rate // 2, 2 * rate), np.float32),
        **{
            f"{'brown' if color else 'white'} noise at {level} dB": only_noise(level, color, rate)
            for color in (0.0, 1.0)
            for level in (-70, -50, -40, -20)
        },
    }  # fmt: skip
    for name, change in quiet.items():
        words = [prediction for prediction in heard(change) if prediction.text]
        sure = np.mean([prediction.confidence or 0.0 for prediction in words]) if words else np.nan
        print(f"| {name} | {len(words)} of {len(sounds)} | {sure:.2f} |", flush=True)


if __name__ == "__main__":
    main()
