"""The sample of the task in each format that is read: for `suite check`."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile

from suite.data import Dataset

_SPLITS = {"train": "train", "validation": "dev", "test": "test"}
"""What the splits are called in corpora of speech."""


@dataclass(frozen=True)
class _Utterance:
    """An example that is to be written; its name is of it alone."""

    split: str
    name: str
    text: str
    speaker: str
    sound: np.ndarray
    rate: int

    def write(self, path: Path) -> None:
        """Write the recording, in the format that the ending says, and the folders around it."""
        path.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(path, self.sound, self.rate, subtype="PCM_16")


def write_manifest(dataset: Dataset, folder: Path) -> Path:
    """Recordings beside a TSV file with the columns path, text, speaker and split."""
    rows: list[Sequence[str]] = [("path", "text", "speaker", "split")]
    for utterance in _utterances(dataset):
        name = f"recordings/{utterance.name}.wav"
        utterance.write(folder / name)
        rows.append((name, utterance.text, utterance.speaker, utterance.split))
    path = folder / "manifest.tsv"
    _write_table(path, rows)
    return path


def write_parquet(dataset: Dataset, folder: Path) -> Path:
    """A Parquet table for each split, with the columns audio, text and speaker."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    rows: dict[str, list[dict[str, object]]] = {}
    for utterance in _utterances(dataset):
        content = io.BytesIO()
        soundfile.write(content, utterance.sound, utterance.rate, format="FLAC", subtype="PCM_16")
        audio = {"bytes": content.getvalue(), "path": f"{utterance.name}.flac"}
        row: dict[str, object] = {"audio": audio, "text": utterance.text, "speaker": utterance.speaker}
        rows.setdefault(utterance.split, []).append(row)
    (folder / "data").mkdir()
    for split, table in rows.items():
        pq.write_table(pa.Table.from_pylist(table), folder / "data" / f"{split}-00000-of-00001.parquet")
    return folder


def write_common_voice(dataset: Dataset, folder: Path) -> Path:
    """A TSV file for each split beside the folder clips."""
    rows: dict[str, list[Sequence[str]]] = {}
    for utterance in _utterances(dataset):
        name = f"{utterance.name}.wav"
        utterance.write(folder / "clips" / name)
        table = rows.setdefault(_SPLITS[utterance.split], [("client_id", "path", "sentence")])
        table.append((utterance.speaker, name, utterance.text))
    for split, table in rows.items():
        _write_table(folder / f"{split}.tsv", table)
    return folder


def write_librispeech(dataset: Dataset, folder: Path) -> Path:
    """SPLIT-clean/SPEAKER/CHAPTER/*.flac beside a *.trans.txt."""
    for utterance in _utterances(dataset):
        chapter = f"{utterance.speaker}-1"
        place = folder / f"{_SPLITS[utterance.split]}-clean" / utterance.speaker / "1"
        name = f"{chapter}-{utterance.name}"
        utterance.write(place / f"{name}.flac")
        _append(place / f"{chapter}.trans.txt", f"{name} {utterance.text}")
    return folder


def write_kaldi(dataset: Dataset, folder: Path) -> Path:
    """A data directory for each split: wav.scp, text and utt2spk; the recordings lie beside them."""
    for utterance in _utterances(dataset):
        name = f"{utterance.speaker}-{utterance.name}"
        recording = f"wavs/{name}.wav"
        utterance.write(folder / recording)
        directory = folder / "data" / _SPLITS[utterance.split]
        _append(directory / "wav.scp", f"{name} {recording}")
        _append(directory / "text", f"{name} {utterance.text}")
        _append(directory / "utt2spk", f"{name} {utterance.speaker}")
    return folder


def write_id_text(dataset: Dataset, folder: Path) -> Path:
    """A folder for each split, as MLS has them: lines of id, tab and text beside a folder audio."""
    for utterance in _utterances(dataset):
        place = folder / _SPLITS[utterance.split]
        utterance.write(place / "audio" / utterance.speaker / f"{utterance.name}.flac")
        _append(place / "transcripts.txt", f"{utterance.name}\t{utterance.text}")
    return folder


def write_text_files(dataset: Dataset, folder: Path) -> Path:
    """A .txt beside each recording, in a folder for each split."""
    for utterance in _utterances(dataset):
        recording = folder / utterance.split / f"{utterance.name}.wav"
        utterance.write(recording)
        recording.with_suffix(".txt").write_text(f"{utterance.text}\n", encoding="utf-8")
    return folder


def write_speech_commands(dataset: Dataset, folder: Path) -> Path:
    """Recordings that are called as those of Speech Commands, TEXT/SPEAKER_nohash_TAKE.wav, by split."""
    for utterance in _utterances(dataset):
        place = folder / utterance.split / utterance.text.replace(" ", "_")
        utterance.write(place / f"{utterance.speaker}_nohash_{utterance.name.rpartition('-')[2]}.wav")
    return folder


def _utterances(dataset: Dataset) -> Iterator[_Utterance]:
    rate = dataset.facts["rate"]
    for split, examples in dataset.splits.items():
        for index in range(len(examples)):
            sound, target = examples[index].input, examples[index].target
            name = f"{split}-{index:04}"
            yield _Utterance(split, name, target["text"], target["speaker"], sound, rate)


def _write_table(path: Path, rows: Sequence[Sequence[str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, delimiter="\t", lineterminator="\n").writerows(rows)


def _append(path: Path, line: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8", newline="\n") as file:
        file.write(f"{line}\n")
