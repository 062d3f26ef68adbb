"""SpecAugment: spans of time and bands of frequencies are masked while training."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from suite_speech_recognition.models.frames import PACKAGE, FrameLayer

Tensor = Any


@keras.saving.register_keras_serializable(package=PACKAGE)
class SpecAugment(FrameLayer):
    """Bands of frequencies and spans of time become 0, the mean of what is normalized.

    Park et al. 2019, arXiv:1904.08779, section 2, without time warping; the spans' largest length is
    relative to the recording (Park et al. 2020, arXiv:1912.05533, section 3.1). Does nothing in prediction.

    Args:
        frame_samples: samples from one frame to the next.
        time_masks: spans of time.
        time_mask: their largest length, as a share of the recording.
        frequency_masks: bands.
        frequency_mask: their largest width, as a share of all bands.
        seed: of the first state of the random numbers, which checkpoints hold.
    """

    def __init__(
        self,
        frame_samples: int,
        time_masks: int,
        time_mask: float,
        frequency_masks: int,
        frequency_mask: float,
        seed: int | None = None,
        **rest: Any,
    ) -> None:
        super().__init__(frame_samples, **({"dtype": "float32"} | rest))
        self.time_masks, self.time_mask = time_masks, time_mask
        self.frequency_masks, self.frequency_mask = frequency_masks, frequency_mask
        self.seed = seed
        self.generator = keras.random.SeedGenerator(seed)

    def call(self, x: Tensor, samples: Tensor, training: bool = False) -> Tensor:
        """(batch, frames, bands) of the same shape."""
        if not training:
            return x
        frames = ops.cast(samples, "float32")[:, None] / self.frame_samples
        time = ops.cast(ops.arange(ops.shape(x)[1]), "float32")
        bands = ops.cast(ops.arange(x.shape[-1]), "float32")
        if self.time_masks:
            hidden = self._hidden(time, frames, self.time_masks, self.time_mask)
            x = ops.where(hidden[:, :, None], 0.0, x)
        if self.frequency_masks:
            every = ops.full_like(frames, x.shape[-1])
            hidden = self._hidden(bands, every, self.frequency_masks, self.frequency_mask)
            x = ops.where(hidden[:, None, :], 0.0, x)
        return x

    def _hidden(self, positions: Tensor, lengths: Tensor, masks: int, share: float) -> Tensor:
        """Booleans (batch, positions), true in `masks` random spans of at most `share` of the lengths."""
        random = keras.random.uniform((2, ops.shape(lengths)[0], masks), seed=self.generator)
        widths = random[0] * share * lengths
        starts = random[1] * (lengths - widths)
        after = positions[None, None, :] >= starts[:, :, None]
        return ops.any(after & (positions[None, None, :] < (starts + widths)[:, :, None]), axis=1)

    def get_config(self) -> dict[str, Any]:
        """What makes the same layer again."""
        return super().get_config() | {
            "time_masks": self.time_masks,
            "time_mask": self.time_mask,
            "frequency_masks": self.frequency_masks,
            "frequency_mask": self.frequency_mask,
            "seed": self.seed,
        }
