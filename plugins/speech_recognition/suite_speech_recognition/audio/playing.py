"""Recordings for pages: encoded so that every browser plays them, and small."""

from __future__ import annotations

import io

import numpy as np
import soundfile

RATE = 16_000
"""Samples per second of what is played."""

QUALITY = 0.8
"""Compression from 0, the best, to 1, the smallest: about 26 kbit/s."""


def playable(samples: np.ndarray) -> bytes:
    """A recording as MP3, which every browser plays.

    Args:
        samples: float (samples,) at `RATE`, from -1 to 1; what is beyond is clipped.
    """
    file = io.BytesIO()
    samples = np.clip(samples, -1, 1)
    if "MP3" in soundfile.available_formats():
        quality = {"bitrate_mode": "VARIABLE", "compression_level": QUALITY}
        soundfile.write(file, samples, RATE, format="MP3", **quality)
    else:  # a libsndfile of the system's that was built without it
        soundfile.write(file, samples, RATE, format="WAV", subtype="PCM_16")
    return file.getvalue()
