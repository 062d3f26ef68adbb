"""The log-mel spectrogram as a layer of plain operations, which every backend has and ONNX exports."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import layers, ops

from suite_speech_recognition.audio.mel import hop_samples, mel_filters, window_samples, windowed_fourier

Tensor = Any

FLOOR = 1e-10
"""The smallest power of a band, under the logarithm."""


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
        framed = ops.concatenate([blocks[:, shift : shift + frames] for shift in range(self.blocks)], axis=-1)
        real, imaginary = ops.split(ops.matmul(framed, self._fourier), 2, axis=-1)
        power = ops.matmul(ops.square(real) + ops.square(imaginary), self._filters)
        return ops.log(ops.maximum(power, FLOOR))

    def compute_output_shape(self, shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """Known if the number of samples is."""
        step = self.hop * self.multiple
        frames = None if shape[1] is None else (shape[1] + step - 1) // step * self.multiple
        return (shape[0], frames, self.mels)

    def get_config(self) -> dict[str, Any]:
        """What makes the same layer again."""
        return {**super().get_config(), "rate": self.rate, "mels": self.mels, "multiple": self.multiple}
