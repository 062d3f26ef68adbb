"""Training batches of recordings: what is read once, and what is random in every epoch."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
import numpy as np
import soxr

from suite import UserError
from suite.data import Example
from suite_speech_recognition.audio import recordings
from suite_speech_recognition.audio.silence import trimmed
from suite_speech_recognition.codec import TARGET_STEP, SpeechCodec

FULL_SCALE = 32_767
"""Recordings are kept as 16-bit integers, the loudest sample of each at this: half the memory."""

MAX_PAUSE = 0.2
"""Seconds of silence between two recordings that are joined, at most."""

SIGNAL_TO_NOISE = (5.0, 40.0)
"""Decibels by which a recording is louder than the noise that is added to it."""

MAX_SILENCE = 1.0
"""Seconds of silence or noise that are put at each end of a recording, at most."""

SIGNAL_TO_ENDS = (-10.0, 50.0)
"""Decibels by which a recording is louder than the noise that is put at its ends: a recording may be quieter
than the noise before it, which the normalization must not follow."""

SIGNAL_TO_BABBLE = (5.0, 30.0)
"""Decibels by which a recording is louder than the other voices that are added to it."""

ECHO_SECONDS = (0.1, 0.7)
"""Seconds after which the echo of a room is 60 decibels quieter, at least and at most."""

DIRECT_TO_ECHO = (-3.0, 12.0)
"""Decibels by which a voice is louder than its echo."""

NO_SOUND = 0.3
"""The share of what is put at the ends, or stands for a recording without words, that is digital silence."""

Prepared = tuple[np.ndarray, float, np.ndarray]
"""A recording int16 (samples,), what its samples are multiplied by, and its labels int32 (labels,)."""


class Augmentation(msgspec.Struct, frozen=True, kw_only=True):
    """The random changes of every recording of a training batch; the defaults change nothing.

    Spectrograms are masked by a layer of the network, `models.spec_augment.SpecAugment`.

    Attributes:
        speed: smallest and largest factor of speed and pitch (Ko et al. 2015, "Audio augmentation for speech
            recognition", section 3): a voice at another pitch is another speaker's.
        gain: largest change of loudness in decibels.
        noise: probability that noise is added, of a random color from white to brown.
        join: probability that another recording of the batch follows, after a short pause, if both together
            are not too long.
        babble: probability that other recordings of the batch are heard in the background.
        echo: probability that a recording sounds as in a room.
        silence: probability that the recordings of a batch get silence or noise at both ends: cut-out words
            have none, and whoever speaks into a microphone does.
        empty: probability that a recording is replaced by silence or noise in which nothing is said.
        silence_from: share of the training that has to be done before there is any of the last two: a network
            has to know words first, and minutes of recordings are few steps.
    """

    speed: tuple[float, float] = (1.0, 1.0)
    gain: float = 0.0
    noise: float = 0.0
    join: float = 0.0
    babble: float = 0.0
    echo: float = 0.0
    silence: float = 0.0
    empty: float = 0.0
    silence_from: float = 0.0


@dataclass(frozen=True, kw_only=True)
class SpeechBatches:
    """Makes the training batches for `codec`: implements `suite.pipeline.BatchMaker`.

    Attributes:
        codec: its rate, lengths and alphabet are those of the batches.
        augmentation: the random changes.
        trim: whether the silence at both ends of recordings is left out (librosa.effects.trim), unless the
            rest is too short for the transcript.
    """

    codec: SpeechCodec
    augmentation: Augmentation = Augmentation()
    trim: bool = False

    def prepare(self, example: Example) -> Prepared:
        """The decoded recording and its labels.

        Raises:
            suite.UserError: if it cannot be read, is longer than the network hears at once, or too short for
                its transcript.
        """
        samples = recordings.read(example.input, self.codec.rate)
        labels = self.codec.target(example.target)
        labels = labels[labels > 0]
        if self.trim:
            kept = trimmed(samples, self.codec.rate)
            samples = kept if self._frames(len(kept)) >= frames_needed(labels) else samples
        seconds = len(samples) / self.codec.rate
        if len(samples) > self.codec.lengths[-1]:
            raise UserError(
                f"{example.id} lasts {seconds:.1f} seconds, and the network hears"
                f" {self.codec.max_seconds:.1f} at once: cut it, or give the model a larger 'max_seconds'"
            )
        if self._frames(len(samples)) < frames_needed(labels):
            raise UserError(
                f"{example.id} lasts {seconds:.2f} seconds, too short for the {len(labels)} characters of its"
                " transcript: is it that of another recording?"
            )
        scale = float(np.abs(samples).max()) / FULL_SCALE or 1.0
        return np.round(samples / scale).astype(np.int16), scale, labels

    def make(
        self, prepared: Sequence[Prepared], rng: np.random.Generator, progress: float
    ) -> tuple[dict[str, np.ndarray], np.ndarray]:
        """A batch of augmented recordings: a pure function of its arguments.

        Args:
            prepared: what `prepare` returned; not changed.
            rng: the only source of randomness.
            progress: share of the training that is done, 0 to 1.

        Returns:
            "audio" float32 (batch, samples), zeros at the end up to the smallest of the codec's lengths that
            holds all; "samples" int32 (batch,), the true numbers; targets int32 (batch, labels), zeros at the
            end.
        """
        augmentation = self.augmentation
        if progress < augmentation.silence_from:
            augmentation = msgspec.structs.replace(augmentation, silence=0.0, empty=0.0)
        varied = [self._varied(recording, rng) for recording in prepared]
        sounds, labels = [sound for sound, _ in varied], [label for _, label in varied]
        for index in np.flatnonzero(rng.random(len(varied)) < augmentation.join).tolist():
            follower = varied[int(rng.integers(len(varied)))]
            pause = np.zeros(int(rng.uniform(0, MAX_PAUSE) * self.codec.rate), np.float32)
            joined = np.concatenate([sounds[index], pause, follower[0]])
            if len(joined) <= self.codec.lengths[-1]:
                sounds[index] = joined
                between = self._space if len(labels[index]) and len(follower[1]) else []
                labels[index] = np.concatenate([labels[index], *between, follower[1]])
        # The draw of a whole batch: one long recording makes all of it long.
        if augmentation.silence and rng.random() < augmentation.silence:
            longest_silence = MAX_SILENCE * rng.random() ** 2
            sounds = [self._with_silence(sound, longest_silence, rng) for sound in sounds]
        for index in np.flatnonzero(rng.random(len(varied)) < augmentation.noise).tolist():
            sounds[index] = sounds[index] + _noise(sounds[index], SIGNAL_TO_NOISE, rng)
        if augmentation.babble:
            others = list(sounds)
            for index in np.flatnonzero(rng.random(len(varied)) < augmentation.babble).tolist():
                sounds[index] = sounds[index] + _babble(sounds[index], others, rng)
        if augmentation.echo:
            for index in np.flatnonzero(rng.random(len(varied)) < augmentation.echo).tolist():
                sounds[index] = _in_a_room(sounds[index], self.codec.rate, rng)
        if augmentation.empty:
            for index in np.flatnonzero(rng.random(len(varied)) < augmentation.empty).tolist():
                sounds[index] = _without_words(len(sounds[index]), rng)
                labels[index] = labels[index][:0]
        longest = max(len(sound) for sound in sounds)
        length = next(length for length in self.codec.lengths if length >= longest)
        audio = np.zeros((len(varied), length), np.float32)
        width = max(1, -(-max(len(label) for label in labels) // TARGET_STEP)) * TARGET_STEP
        targets = np.zeros((len(varied), width), np.int32)
        for index, (sound, label) in enumerate(zip(sounds, labels, strict=True)):
            audio[index, : len(sound)] = sound
            targets[index, : len(label)] = label
        return {"audio": audio, "samples": np.array([len(sound) for sound in sounds], np.int32)}, targets

    @property
    def _space(self) -> list[np.ndarray]:
        """The labels between two transcripts; a subword that begins a word has its space."""
        alphabet = self.codec.alphabet
        if alphabet.tokenizer or " " not in alphabet.symbols:
            return []
        return [np.array([alphabet.symbols.index(" ") + 1], np.int32)]

    def _with_silence(self, sound: np.ndarray, longest: float, rng: np.random.Generator) -> np.ndarray:
        """A recording with silence or noise at both ends, of `longest` seconds at most each.

        The noise stands at the ends alone, or goes on under what is said.
        """
        # What is heard at once may be much longer than all recordings: no batch gets that long for silence.
        room = next(length for length in self.codec.lengths[-2:] if length >= len(sound)) - len(sound)
        before, after = (rng.uniform(0, longest, 2) * self.codec.rate).astype(int).tolist()
        before = min(before, room)
        after = min(after, room - before)
        padded = np.pad(sound, (before, after))
        kind = rng.random()
        if kind < NO_SOUND:
            return padded
        at_ends = kind < (1 + NO_SOUND) / 2
        decibels = SIGNAL_TO_ENDS if at_ends else SIGNAL_TO_NOISE
        noise = _noise(padded, decibels, rng, loudness=_level(sound))
        if at_ends:
            noise[before : before + len(sound)] = 0.0
        noisy: np.ndarray = padded + noise
        return noisy

    def _frames(self, samples: int) -> int:
        return -(-samples // self.codec.frame_samples)

    def _varied(self, recording: Prepared, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """A recording at another speed and loudness, float32 (samples,), and its labels."""
        augmentation = self.augmentation
        samples, scale, labels = recording
        low, high = augmentation.speed
        speed = math.exp(rng.uniform(math.log(low), math.log(high)))
        gain = 10.0 ** (rng.uniform(-augmentation.gain, augmentation.gain) / 20)
        sound = samples.astype(np.float32) * np.float32(scale * gain)
        # As slow as the longest length allows, and as fast as the labels do.
        slowest = len(sound) / self.codec.lengths[-1]
        fastest = (len(sound) - 1) / max(1, frames_needed(labels) * self.codec.frame_samples)
        speed = min(max(speed, slowest * 1.001), max(1.0, fastest))
        if abs(speed - 1.0) > 0.001:
            sound = soxr.resample(sound, speed, 1.0, quality="QQ")[: self.codec.lengths[-1]]
        return sound, labels


def frames_needed(labels: np.ndarray) -> int:
    """The smallest number of frames for labels: between two that are equal there has to be a blank."""
    return len(labels) + int(np.count_nonzero(labels[1:] == labels[:-1]))


def _noise(
    sound: np.ndarray, decibels: tuple[float, float], rng: np.random.Generator, loudness: float | None = None
) -> np.ndarray:
    """Noise whose power falls with frequency, by a random power of it; quieter than the sound.

    Args:
        sound: float32 (samples,).
        decibels: how much quieter, at least and at most.
        rng: the source of randomness.
        loudness: of what is said in the sound, if that is not all of it.
    """
    count = len(sound)
    # A power of two, for the transform; the surplus is cut.
    spectrum = np.fft.rfft(rng.standard_normal(1 << max(4, (count - 1).bit_length()), np.float32))
    spectrum *= np.arange(1, len(spectrum) + 1) ** -rng.uniform(0, 1)
    noise = np.fft.irfft(spectrum)[:count].astype(np.float32)
    level = 10.0 ** (-rng.uniform(*decibels) / 20)
    power = float(np.mean(sound**2)) if loudness is None else loudness**2
    scaled: np.ndarray = noise * np.float32(level * math.sqrt(power / (float(np.mean(noise**2)) + 1e-12)))
    return scaled


def _babble(sound: np.ndarray, others: Sequence[np.ndarray], rng: np.random.Generator) -> np.ndarray:
    """Three to six other recordings at once, quieter than the sound, float32 (samples,)."""
    voices = np.zeros(len(sound), np.float32)
    for index in rng.integers(len(others), size=rng.integers(3, 7)).tolist():
        voices += np.resize(np.roll(others[index], int(rng.integers(len(others[index])))), len(sound))
    level = 10.0 ** (-rng.uniform(*SIGNAL_TO_BABBLE) / 20)
    scaled: np.ndarray = voices * np.float32(level * _level(sound) / (_level(voices) + 1e-12))
    return scaled


def _in_a_room(sound: np.ndarray, rate: int, rng: np.random.Generator) -> np.ndarray:
    """The sound with the echo of a room, noise that dies away (Polack 1988), float32 (samples,)."""
    count = max(2, round(rng.uniform(*ECHO_SECONDS) * rate))
    echo = rng.standard_normal(count) * 10.0 ** (-3 * np.arange(count) / count)
    echo[0] = 0.0
    response = echo * 10.0 ** (-rng.uniform(*DIRECT_TO_ECHO) / 20) / math.sqrt(float(np.sum(echo**2)) + 1e-12)
    response[0] = 1.0
    size = 1 << (len(sound) + count - 1).bit_length()
    spectrum = np.fft.rfft(sound, size) * np.fft.rfft(response, size)
    echoing: np.ndarray = np.fft.irfft(spectrum, size)[: len(sound)].astype(np.float32)
    return echoing


def _level(sound: np.ndarray) -> float:
    """The root mean square of a recording."""
    return math.sqrt(float(np.mean(sound**2)))


def _without_words(samples: int, rng: np.random.Generator) -> np.ndarray:
    """Silence, or noise of any loudness, float32 (samples,)."""
    silence = np.zeros(samples, np.float32)
    return silence if rng.random() < NO_SOUND else _noise(silence, (10.0, 80.0), rng, loudness=1.0)
