"""`microphone`, `microphone:2`: what a microphone hears, an utterance at a time."""

from __future__ import annotations

import queue
from collections.abc import Iterator
from typing import Any

import numpy as np

from suite import UserError
from suite.kit import unimportable
from suite_speech_recognition.audio.live import LiveUtterance, cut_at_pauses

INSTALL = "pip install 'suite-speech-recognition[microphone]'"

_WAIT = 5.0  # seconds without a sound, not even silence


def microphone_index(word: str) -> int | None:
    """The number that `microphone:2` names, -1 for `microphone` alone; None for any other word."""
    if word == "microphone":
        return -1
    digits = word.removeprefix("microphone:")
    is_number = digits != word and digits.isascii() and digits.isdigit() and len(digits) <= 4
    return int(digits) if is_number else None


class Microphone:
    """The utterances that a microphone hears, without end: a `suite.pipeline.Stream`.

    Args:
        index: the device as sounddevice numbers it; -1 is the system's own choice.
        rate: wanted samples per second.
        max_seconds: of an utterance.

    Attributes:
        name: "microphone" or "microphone:2".
        total: None.
        live: True: each utterance is predicted at once, not together with later ones.

    Raises:
        suite.UserError: if sounddevice is not installed, or there is no such microphone.
    """

    total: int | None = None
    live = True

    def __init__(self, index: int, rate: int, max_seconds: float) -> None:
        self.name = "microphone" if index < 0 else f"microphone:{index}"
        self._rate = rate
        self._max_seconds = max_seconds
        self._device = None if index < 0 else index
        self._sound = _sounddevice()
        try:
            device = self._sound.query_devices(self._device, "input")
        except (ValueError, self._sound.PortAudioError) as error:
            raise UserError(f"there is no {self.name} to listen to: {_reason(error)}") from None
        self._own_rate = self._rate_of(device)

    def __iter__(self) -> Iterator[LiveUtterance]:
        """The utterances from now on.

        Raises:
            suite.UserError: if the microphone may not be used, or gives nothing any more.
        """
        return cut_at_pauses(self._blocks(), self._rate, self._max_seconds, self.name)

    def _blocks(self) -> Iterator[np.ndarray]:
        import soxr

        # The device writes into the queue while the network computes: nothing that is said gets lost.
        blocks: queue.SimpleQueue[np.ndarray] = queue.SimpleQueue()

        def listen(samples: np.ndarray, *_: Any) -> None:
            blocks.put(samples[:, 0].copy())

        resampler = soxr.ResampleStream(self._own_rate, self._rate, 1)
        try:
            with self._sound.InputStream(
                samplerate=self._own_rate, device=self._device, channels=1, dtype="float32", callback=listen
            ):
                while True:
                    yield resampler.resample_chunk(blocks.get(timeout=_WAIT))
        except queue.Empty:
            raise UserError(f"{self.name} gives no more sound: is it still connected?") from None
        except self._sound.PortAudioError as error:
            raise UserError(f"{self.name} cannot be used: {_reason(error)}") from None

    def _rate_of(self, device: Any) -> int:
        """The wanted rate if the device has it, else its own."""
        try:
            self._sound.check_input_settings(self._device, channels=1, dtype="float32", samplerate=self._rate)
        except (ValueError, self._sound.PortAudioError):
            return int(device["default_samplerate"])
        return self._rate


def _sounddevice() -> Any:
    try:
        import sounddevice
    except ImportError as error:
        missing = f"a microphone needs the package sounddevice: {INSTALL}"
        raise unimportable(error, "sounddevice", missing) from None
    except OSError as error:  # it finds no PortAudio
        raise UserError(
            f"the package sounddevice does not work here ({_reason(error)}): install PortAudio, on Debian and"
            " Ubuntu with apt install libportaudio2"
        ) from None
    return sounddevice


def _reason(error: Exception) -> str:
    text = str(error).strip().split("\n")[0].rstrip(".")
    return text[:1].lower() + text[1:]
