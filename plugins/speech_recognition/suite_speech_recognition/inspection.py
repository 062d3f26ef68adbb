"""What a data set of speech holds: hours, lengths, rates, characters, speakers; and what is wrong or odd.

What is wrong with manifests and transcripts the loaders find: their sentences are among `Dataset.problems`.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np

from suite import UserError
from suite.data import Dataset, Example, Examples, Finding, Inspection
from suite.figures import Table
from suite.kit import counted
from suite_speech_recognition.audio import recordings
from suite_speech_recognition.types import speaker_of, text_of

MOST_PER_SECOND = 15
"""Nobody says more characters in a second: such a transcript is not that of its recording, and CTC may not be
able to write it, since it needs a frame for each."""

SILENT = 10 ** (-60 / 20)
"""A recording whose loudest sample is below this is silent: -60 dB of the full scale."""

FULL_SCALE = 0.999
CLIPPED_RUN = 3
CLIPPED = 0.001
"""A recording is clipped where more than this share of its samples stand at the full scale, three in a row at
the least."""

SHORT, LONG = 0.1, 30.0
"""A recording that is shorter or longer than this, in seconds, is odd."""

_SHOWN_CHARACTERS = 60
_PIECE = 60.0  # seconds that are decoded at once
_CHUNK = 16


@dataclass(frozen=True)
class _Heard:
    """What was found in a recording."""

    description: recordings.Description | None = None
    broken: str = ""
    peak: float = 0.0
    clipped: float = 0.0


@dataclass(frozen=True)
class _Part:
    """The examples of a part with what was found in each."""

    examples: Examples
    heard: list[_Heard]
    texts: list[str]
    speakers: set[str]

    def readable(self) -> Iterator[tuple[Example, str, recordings.Description, _Heard]]:
        for index, heard in enumerate(self.heard):
            if heard.description is not None:
                yield self.examples[index], self.texts[index], heard.description, heard

    def seconds(self) -> np.ndarray:
        return np.array([heard.description.seconds for heard in self.heard if heard.description is not None])


def inspect(dataset: Dataset, progress: Callable[[int, int], None]) -> Inspection:
    """Decode every recording, and tell what there is and what is wrong.

    Args:
        dataset: as documented in `types`. The fact "rate" is that of inputs that are arrays.
        progress: called with the number of recordings done, and of all.
    """
    parts = _listen(dataset, progress)
    speakers = {speaker for part in parts.values() for speaker in part.speakers}
    characters = {name: Counter("".join(part.texts)) for name, part in parts.items()}
    numbers: dict[str, float | str] = {
        "hours": round(sum(float(part.seconds().sum()) for part in parts.values()) / 3600, 3),
        "speakers": len(speakers) if speakers else "not known",
        "characters": len(set().union(*characters.values())),
        "broken": sum(bool(heard.broken) for part in parts.values() for heard in part.heard),
    }
    return Inspection(
        numbers=numbers,
        tables=[
            _lengths_table(parts),
            _transcripts_table(parts),
            _kinds_table(parts),
            _characters_table(characters),
        ],
        findings=[*_broken(parts), *_transcript_findings(parts, characters), *_sound_findings(parts)],
    )


def _listen(dataset: Dataset, progress: Callable[[int, int], None]) -> dict[str, _Part]:
    total = sum(map(len, dataset.splits.values()))
    rate = dataset.facts.get("rate")
    done = 0
    parts = {}
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        for name, examples in dataset.splits.items():
            heard: list[_Heard] = []
            chunks = [
                range(start, min(start + _CHUNK, len(examples))) for start in range(0, len(examples), _CHUNK)
            ]
            for chunk, found in zip(chunks, pool.map(_listener(examples, rate), chunks), strict=True):
                heard += found
                done += len(chunk)
                progress(done, total)
            targets = [examples[index].target for index in range(len(examples))]
            speakers = {speaker for target in targets if (speaker := speaker_of(target))}
            parts[name] = _Part(examples, heard, [text_of(target) for target in targets], speakers)
    return parts


def _listener(examples: Examples, rate: int | None) -> Callable[[range], list[_Heard]]:
    return lambda indices: [_hear(examples[index].input, rate) for index in indices]


def _hear(raw: Any, rate: int | None) -> _Heard:
    try:
        with recordings.opened(raw, rate or 16_000) as audio:
            about = audio.description
            peak, clipped = 0.0, 0
            for number in range(int(about.seconds // _PIECE) + 1):
                start = number * _PIECE
                if round(start * about.rate) >= audio.length(about.rate):
                    break
                loudness = np.abs(audio.section(about.rate, start, start + _PIECE))
                peak = max(peak, float(loudness.max()))
                clipped += _in_runs(loudness >= FULL_SCALE, CLIPPED_RUN)
            return _Heard(about, peak=peak, clipped=clipped / audio.length(about.rate))
    except UserError as error:
        return _Heard(broken=str(error))


def _in_runs(which: np.ndarray, least: int) -> int:
    """How many are true in runs of at least so many."""
    if not which.any():
        return 0
    edges = np.flatnonzero(np.diff(np.concatenate([[0], which.astype(np.int8), [0]])))
    runs = edges[1::2] - edges[::2]
    return int(runs[runs >= least].sum())


def _lengths_table(parts: Mapping[str, _Part]) -> Table:
    rows: list[list[str | int]] = []
    for name, part in parts.items():
        if len(seconds := part.seconds()):
            of = [f"{value:.2f}" for value in (seconds.min(), np.median(seconds), seconds.max())]
            rows.append([name, f"{seconds.sum() / 3600:.3f}", *of])
    columns = ["part", "hours", "shortest", "median", "longest"]
    return Table(title="Lengths", columns=columns, rows=rows, caption="in seconds")


def _transcripts_table(parts: Mapping[str, _Part]) -> Table:
    learned = set(parts["train"].texts)
    rows: list[list[str | int]] = []
    for name, part in parts.items():
        if part.texts:
            counts = [np.array([measure(text) for text in part.texts]) for measure in (_words, len)]
            spans = [f"{count.min()} / {int(np.median(count))} / {count.max()}" for count in counts]
            known = "" if name == "train" else sum(text in learned for text in part.texts)
            rows.append([name, *spans, len(set(part.texts)), known, len(part.speakers) or "not known"])
    return Table(
        title="Transcripts",
        columns=["part", "words", "characters", "different", "also in train", "speakers"],
        rows=rows,
        caption="words (what stands between blanks) and characters of a transcript: fewest, median, most",
    )


def _words(text: str) -> int:
    return len(text.split())


def _kinds_table(parts: Mapping[str, _Part]) -> Table:
    kinds = Counter(
        (about.rate, about.channels) for part in parts.values() for _, _, about, _ in part.readable()
    )
    rows: list[list[str | int]] = [
        [f"{rate:,}", channels, count] for (rate, channels), count in kinds.most_common()
    ]
    return Table(title="Sound", columns=["samples per second", "channels", "recordings"], rows=rows)


def _characters_table(characters: Mapping[str, Counter[str]]) -> Table:
    total = sum(characters.values(), Counter[str]())
    most = sorted(total, key=lambda character: (-total[character], character))[:_SHOWN_CHARACTERS]
    rows: list[list[str | int]] = [
        [_shown(character), *(counts[character] for counts in characters.values())] for character in most
    ]
    left = len(total) - len(rows)
    caption = f"the {_SHOWN_CHARACTERS} most frequent; {left:,} more" if left else ""
    return Table(title="Characters", columns=["character", *characters], rows=rows, caption=caption)


def _shown(character: str) -> str:
    if character == " ":
        return "(space)"
    return character if character.isprintable() else f"U+{ord(character):04X}"


def _broken(parts: Mapping[str, _Part]) -> list[Finding]:
    places = [heard.broken for part in parts.values() for heard in part.heard if heard.broken]
    if not places:
        return []
    text = counted(len(places), "recording cannot be read", "recordings cannot be read")
    return [Finding(text=text, places=places)]


def _transcript_findings(parts: Mapping[str, _Part], characters: Mapping[str, Counter[str]]) -> list[Finding]:
    findings = []
    empty = [
        part.examples[index].id
        for part in parts.values()
        for index, text in enumerate(part.texts)
        if not text.strip()
    ]
    if empty:
        text = counted(len(empty), "transcript is empty", "transcripts are empty")
        findings.append(Finding(text=text, places=empty))
    dense = [
        f"{example.id}: {len(text)} characters in {about.seconds:.2f} s"
        for part in parts.values()
        for example, text, about, _ in part.readable()
        if len(text) > MOST_PER_SECOND * about.seconds
    ]
    if dense:
        text = counted(len(dense), "transcript is", "transcripts are") + " too long for the recording"
        findings.append(
            Finding(text=f"{text}: more than {MOST_PER_SECOND} characters a second", places=dense)
        )
    for name, counts in characters.items():
        if unknown := sorted(counts.keys() - characters["train"].keys()):
            text = counted(len(unknown), "character is", "characters are")
            findings.append(
                Finding(
                    text=f"{text} in {name}, but not in train, and cannot be learned",
                    wrong=False,
                    places=[f"{_shown(character)}: {counts[character]:,}" for character in unknown],
                )
            )
    for first, second in combinations(parts, 2):
        if shared := sorted(parts[first].speakers & parts[second].speakers):
            text = counted(len(shared), "speaker is", "speakers are")
            findings.append(
                Finding(
                    text=f"{text} in {first} and in {second}: scores on {second} are those for known voices",
                    wrong=False,
                    places=shared,
                )
            )
    return findings


def _sound_findings(parts: Mapping[str, _Part]) -> list[Finding]:
    odd: dict[str, list[str]] = {"all zero": [], "silent": [], "clipped": [], "short": [], "long": []}
    for part in parts.values():
        for example, _, about, heard in part.readable():
            if heard.peak == 0:
                odd["all zero"].append(example.id)
            elif heard.peak < SILENT:
                odd["silent"].append(f"{example.id}: {20 * np.log10(heard.peak):.0f} dB")
            elif heard.clipped > CLIPPED:
                odd["clipped"].append(f"{example.id}: {100 * heard.clipped:.2g} % of the samples")
            if about.seconds < SHORT:
                odd["short"].append(f"{example.id}: {about.seconds:.3f} s")
            elif about.seconds > LONG:
                odd["long"].append(f"{example.id}: {about.seconds:,.0f} s")
    what = {
        "all zero": ("holds nothing but zeros", "hold nothing but zeros"),
        "silent": ("is silent: below -60 dB", "are silent: below -60 dB"),
        "clipped": ("is clipped: too loud when it was made", "are clipped: too loud when they were made"),
        "short": (f"is shorter than {SHORT} s", f"are shorter than {SHORT} s"),
        "long": (f"is longer than {LONG:.0f} s", f"are longer than {LONG:.0f} s"),
    }
    return [
        Finding(
            text=counted(len(places), f"recording {what[kind][0]}", f"recordings {what[kind][1]}"),
            wrong=kind in ("all zero", "silent"),
            places=places,
        )
        for kind, places in odd.items()
        if places
    ]
