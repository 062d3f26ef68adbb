"""The log-mel spectrogram as a layer of plain operations, which every backend has and ONNX exports."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import layers, ops

Tensor = Any

WINDOW_SECONDS = 0.025
HOP_SECONDS = 0.01
FLOOR = 1e-10
"""The least power of a band, under the logarithm."""


def hop_samples(rate: int) -> int:
    """Samples from one frame to the next."""
    return round(HOP_SECONDS * rate)


def window_samples(rate: int) -> int:
    """Samples of a frame, an even number."""
    return 2 * round(WINDOW_SECONDS * rate / 2)


def mel_filters(rate: int, window: int, mels: int) -> np.ndarray:
    """Triangular filters on Slaney's mel scale, each of unit area: what `librosa.filters.mel` gives.

    The scale is linear up to 1000 Hz and logarithmic above (Slaney 1998, Auditory Toolbox, technical report
    1998-010, Interval Research).

    Returns:
        float64 (window // 2 + 1, mels).
    """
    per_mel, corner, step = 200 / 3, 1000.0, np.log(6.4) / 27
    top = rate / 2
    most = corner / per_mel + np.log(top / corner) / step if top > corner else top / per_mel
    mel = np.linspace(0, most, mels + 2)
    logarithmic = corner * np.exp(step * (mel - corner / per_mel))
    edges = np.where(mel < corner / per_mel, per_mel * mel, logarithmic)
    frequencies = np.arange(window // 2 + 1) * rate / window
    rise = (frequencies[:, None] - edges[:-2]) / np.diff(edges)[:-1]
    fall = (edges[2:] - frequencies[:, None]) / np.diff(edges)[1:]
    filters: np.ndarray = np.maximum(0.0, np.minimum(rise, fall)) * (2 / (edges[2:] - edges[:-2]))
    return filters


def windowed_fourier(window: int) -> np.ndarray:
    """The discrete Fourier transform of a frame under Hann's window, as a matrix: float64 (window, 2 * bins).

    The first half of the columns gives the real part of each frequency, the second the imaginary one.
    """
    time = np.arange(window)
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * time / window)
    angles = 2 * np.pi * (np.outer(time, np.arange(window // 2 + 1)) % window) / window
    matrix: np.ndarray = np.concatenate([np.cos(angles), -np.sin(angles)], axis=1) * hann[:, None]
    return matrix


@keras.saving.register_keras_serializable(package="suite_speech_recognition")
class LogMel(layers.Layer):  # type: ignore[misc]  # Keras is not typed
    """The logarithm of the mel power spectrogram, always in float32.

    Equal to `log(max(librosa.feature.melspectrogram(y, sr=rate, n_fft=window, hop_length=hop,
    n_mels=mels, pad_mode="constant"), 1e-10))`: frame t is centered on sample `t * hop`. The last frame is
    the last that begins a hop within the recording, where librosa adds one more.

    Args:
        rate: samples per second.
        mels: bands.
        multiple: the number of frames is rounded up to a multiple of this.
    """

    def __init__(self, rate: int, mels: int, multiple: int = 1, **rest: Any) -> None:
        super().__init__(**({"dtype": "float32"} | rest))
        self.rate = rate
        self.mels = mels
        self.multiple = multiple
        self.hop, self.window = hop_samples(rate), window_samples(rate)
        # A frame is put together from blocks of one hop, which is a reshape, not a gather.
        self.blocks = -(-self.window // self.hop)
        fourier = windowed_fourier(self.window)
        self._fourier = np.pad(fourier, [(0, self.blocks * self.hop - self.window), (0, 0)]).astype("float32")
        self._filters = mel_filters(rate, self.window, mels).astype("float32")
        self.trainable = False

    def call(self, audio: Tensor) -> Tensor:
        """From (batch, samples) to (batch, frames, mels)."""
        step = self.hop * self.multiple
        samples = ops.shape(audio)[1]
        frames = (samples + step - 1) // step * self.multiple
        # Padded by more than is needed and cut, so that the amounts are known whatever the length is.
        padded = ops.pad(audio, [[0, 0], [self.window // 2, step + self.window]])
        padded = padded[:, : (frames + self.blocks - 1) * self.hop]
        blocks = ops.reshape(padded, (-1, frames + self.blocks - 1, self.hop))
        framed = ops.concatenate([blocks[:, one : one + frames] for one in range(self.blocks)], axis=-1)
        real, imaginary = ops.split(ops.matmul(framed, self._fourier), 2, axis=-1)
        power = ops.matmul(ops.square(real) + ops.square(imaginary), self._filters)
        return ops.log(ops.maximum(power, FLOOR))

    def compute_output_shape(self, shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """Known where the number of samples is."""
        step = self.hop * self.multiple
        frames = None if shape[1] is None else (shape[1] + step - 1) // step * self.multiple
        return (shape[0], frames, self.mels)

    def get_config(self) -> dict[str, Any]:
        """What makes the same layer again."""
        return {**super().get_config(), "rate": self.rate, "mels": self.mels, "multiple": self.multiple}
