"""Recordings and manifests in folders, for the tests of speech recognition."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import soundfile

RATE = 8_000

FORMATS = {
    "wav": ("WAV", "PCM_16"),
    "wav, 8 bits": ("WAV", "PCM_U8"),
    "wav, 24 bits": ("WAV", "PCM_24"),
    "wav, floats": ("WAV", "FLOAT"),
    "wav, mu-law": ("WAV", "ULAW"),
    "flac": ("FLAC", "PCM_16"),
    "vorbis": ("OGG", "VORBIS"),
    "opus": ("OGG", "OPUS"),
    "mp3": ("MP3", "MPEG_LAYER_III"),
    "aiff": ("AIFF", "PCM_16"),
    "au": ("AU", "PCM_16"),
    "caf": ("CAF", "PCM_16"),
    "w64": ("W64", "PCM_16"),
    "rf64": ("RF64", "PCM_16"),
}
LOSSY = ("vorbis", "opus", "mp3")


def tone(seconds=0.5, rate=RATE, channels=1, frequency=440.0, loudness=0.5):
    """float64 (samples,) or (samples, channels)."""
    sound = loudness * np.sin(2 * np.pi * frequency * np.arange(round(seconds * rate)) / rate)
    return sound if channels == 1 else np.stack([sound] * channels, axis=1)


def encoded(sound, rate=RATE, kind="wav"):
    """A file's bytes."""
    container, subtype = FORMATS[kind]
    file = io.BytesIO()
    soundfile.write(file, sound, rate, format=container, subtype=subtype)
    return file.getvalue()


def write(path, sound=None, rate=RATE, kind="wav"):
    """A recording on disk, with the folders above it; a short tone if nothing else is given."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(encoded(tone(0.05) if sound is None else sound, rate, kind))
    return path


def recordings(folder, *names):
    """Short recordings, for what does not look into them."""
    content = encoded(tone(0.05))
    for name in names:
        path = Path(folder, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return Path(folder)


def table(path, *lines, encoding="utf-8"):
    """A text file of these lines."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes("".join(f"{line}\n" for line in lines).encode(encoding))
    return path


def rows(split):
    """Id, text and speaker of each example."""
    return [
        (example.id, example.target["text"], example.target.get("speaker"))
        for example in (split[index] for index in range(len(split)))
    ]


def problems(dataset):
    """What is said of the data, with all of its places."""
    return {
        str(problem).partition(":")[0]: list(getattr(problem, "locations", ()))
        for problem in dataset.problems
    }
