"""What a data set of speech holds: hours, lengths, rates, characters, speakers; and what is wrong or odd.

What is wrong with manifests and transcripts the loaders find: their sentences are in `Dataset.problems`.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from suite.data import Dataset, Example, Examples, Finding, Inspection
from suite.figures import Table
from suite.kit import counted, needing
from suite_speech_recognition.audio.measuring import Measured, measure
from suite_speech_recognition.audio.recordings import Description
from suite_speech_recognition.extras import TRAIN
from suite_speech_recognition.normalization import normalize, usual_normalization
from suite_speech_recognition.survey import ASSUMED_RATE
from suite_speech_recognition.types import speaker_of, text_of

MAX_PER_SECOND = 25
"""Fast speech has 20 characters in a second, and hardly anybody says more than this: such a transcript is not
that of its recording. CTC cannot write it, since it needs a frame of 40 ms for each."""

SILENT = 10 ** (-60 / 20)
"""A recording whose loudest sample is below this is silent: -60 dB of the full scale."""

CLIPPED = 0.001
"""A recording is clipped if more than this share of its samples are."""

SHORT, LONG = 0.1, 30.0
"""A recording that is shorter or longer than this, in seconds, is odd."""

MAX_SILENCE = 1.0
"""So is one with more silence than this at one of its ends, in seconds..."""

MIN_SOUND = 1 / 3
"""... or of which a smaller share than this is sound."""

ANNOTATION = re.compile(
    r"<[^<>\s]{1,20}>|\[[^\[\]]{1,30}\]|&(?:[a-z]{2,6}|#\d{1,6});"
    r"|\((?:noise|laugh\w*|inaudible|unintelligible|music|applause|cough\w*|breath\w*)\)",
    re.IGNORECASE,
)
"""What is written in a transcript and not said: `<unk>`, `[laughter]`, `(noise)`, `&amp;`."""

_RELATIONS = {
    "inverted": "inverted",
    "apart": "apart",
    "left silent": "one side",
    "right silent": "one side",
}
_APART = "perhaps two speakers: they are mixed, and loader.channel=left, right or each hears one"

_SHOWN_CHARACTERS = 60
_AT_ONCE = 16


@dataclass(frozen=True)
class _Split:
    """The examples of a split with what was found in each; texts are normalized, as training has them."""

    examples: Examples
    measured: list[Measured]
    texts: list[str]
    speakers: set[str]
    written: list[str]

    def readable(self) -> Iterator[tuple[Example, str, Description, Measured]]:
        for index, measured in enumerate(self.measured):
            if measured.description is not None:
                yield self.examples[index], self.texts[index], measured.description, measured

    def seconds(self) -> np.ndarray:
        readable = (measured.description for measured in self.measured)
        return np.array([description.seconds for description in readable if description is not None])


def inspect(dataset: Dataset, progress: Callable[[int, int], None]) -> Inspection:
    """Decode every recording, and tell what there is and what is wrong.

    Args:
        dataset: as documented in `types`. The fact "rate" is that of inputs that are arrays.
        progress: called with the number of recordings done, and of all.

    Raises:
        suite.UserError: if librosa is not installed, which measures what is heard.
    """
    with needing(TRAIN):  # of no single recording
        import librosa  # noqa: F401
    splits = _listen(dataset, progress)
    speakers = {speaker for split in splits.values() for speaker in split.speakers}
    characters = {name: Counter("".join(split.texts)) for name, split in splits.items()}
    numbers: dict[str, float | str] = {
        "hours": round(sum(float(split.seconds().sum()) for split in splits.values()) / 3600, 3),
        "speakers": len(speakers) if speakers else "not known",
        "characters": len(set().union(*characters.values())),
        "broken": sum(bool(measured.broken) for split in splits.values() for measured in split.measured),
    }
    return Inspection(
        numbers=numbers,
        tables=[
            _lengths_table(splits),
            _transcripts_table(splits),
            _kinds_table(splits),
            _characters_table(characters),
        ],
        findings=[*_broken(splits), *_transcript_findings(splits, characters), *_sound_findings(splits)],
    )


def _listen(dataset: Dataset, progress: Callable[[int, int], None]) -> dict[str, _Split]:
    total = sum(map(len, dataset.splits.values()))
    learned = dataset.train if len(dataset.train) else next(iter(dataset.splits.values()))
    normalization = usual_normalization([text_of(learned[index].target) for index in range(len(learned))])
    rate = dataset.facts.get("rate") or ASSUMED_RATE
    done = 0
    splits = {}
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        for name, examples in dataset.splits.items():
            measured: list[Measured] = []
            batches = [
                range(start, min(start + _AT_ONCE, len(examples)))
                for start in range(0, len(examples), _AT_ONCE)
            ]
            for batch, results in zip(batches, pool.map(_listener(examples, rate), batches), strict=True):
                measured += results
                done += len(batch)
                progress(done, total)
            targets = [examples[index].target for index in range(len(examples))]
            speakers = {speaker for target in targets if (speaker := speaker_of(target))}
            written = [text_of(target) for target in targets]
            texts = [normalize(text, normalization) for text in written]
            splits[name] = _Split(examples, measured, texts, speakers, written)
    return splits


def _listener(examples: Examples, rate: int) -> Callable[[range], list[Measured]]:
    return lambda indices: [measure(examples[index].input, rate) for index in indices]


def _lengths_table(splits: Mapping[str, _Split]) -> Table:
    rows: list[list[str | int]] = []
    for name, split in splits.items():
        if len(seconds := split.seconds()):
            spans = [f"{value:.2f}" for value in (seconds.min(), np.median(seconds), seconds.max())]
            rows.append([name, f"{seconds.sum() / 3600:.3f}", *spans])
    columns = ["split", "hours", "shortest", "median", "longest"]
    return Table(title="Lengths", columns=columns, rows=rows, caption="in seconds")


def _transcripts_table(splits: Mapping[str, _Split]) -> Table:
    learned = set(splits["train"].texts)
    rows: list[list[str | int]] = []
    for name, split in splits.items():
        if split.texts:
            counts = [np.array([measure(text) for text in split.texts]) for measure in (_words, len)]
            spans = [f"{count.min()} / {int(np.median(count))} / {count.max()}" for count in counts]
            known = "" if name == "train" else sum(text in learned for text in split.texts)
            rows.append([name, *spans, len(set(split.texts)), known, len(split.speakers) or "not known"])
    return Table(
        title="Transcripts",
        columns=["split", "words", "characters", "different", "also in train", "speakers"],
        rows=rows,
        caption="words (what stands between blanks) and characters of a transcript, without punctuation, as"
        " training has them by default: minimum, median, maximum",
    )


def _words(text: str) -> int:
    return len(text.split())


def _kinds_table(splits: Mapping[str, _Split]) -> Table:
    kinds = Counter(
        (description.rate, description.channels)
        for split in splits.values()
        for _, _, description, _ in split.readable()
    )
    rows: list[list[str | int]] = [
        [f"{rate:,}", channels, count] for (rate, channels), count in kinds.most_common()
    ]
    return Table(title="Sound", columns=["samples per second", "channels", "recordings"], rows=rows)


def _characters_table(characters: Mapping[str, Counter[str]]) -> Table:
    total = sum(characters.values(), Counter[str]())
    frequent = sorted(total, key=lambda character: (-total[character], character))[:_SHOWN_CHARACTERS]
    rows: list[list[str | int]] = [
        [_shown(character), *(counts[character] for counts in characters.values())] for character in frequent
    ]
    left = len(total) - len(rows)
    caption = f"the {_SHOWN_CHARACTERS} most frequent; {left:,} more" if left else ""
    return Table(title="Characters", columns=["character", *characters], rows=rows, caption=caption)


def _shown(character: str) -> str:
    if character == " ":
        return "(space)"
    return character if character.isprintable() else f"U+{ord(character):04X}"


def _broken(splits: Mapping[str, _Split]) -> list[Finding]:
    problems = [
        measured.broken for split in splits.values() for measured in split.measured if measured.broken
    ]
    if not problems:
        return []
    text = counted(len(problems), "recording cannot be read", "recordings cannot be read")
    return [Finding(text=text, locations=problems)]


def _transcript_findings(
    splits: Mapping[str, _Split], characters: Mapping[str, Counter[str]]
) -> list[Finding]:
    findings = []
    empty = [
        split.examples[index].id
        for split in splits.values()
        for index, text in enumerate(split.texts)
        if not text.strip()
    ]
    if empty:
        text = counted(len(empty), "transcript is empty", "transcripts are empty")
        findings.append(Finding(text=text, locations=empty))
    dense = [
        f"{example.id}: {len(text)} characters in {description.seconds:.2f} s"
        for split in splits.values()
        for example, text, description, _ in split.readable()
        if len(text) > MAX_PER_SECOND * description.seconds
    ]
    if dense:
        text = counted(len(dense), "transcript is", "transcripts are") + " too long for the recording"
        findings.append(
            Finding(text=f"{text}: more than {MAX_PER_SECOND} characters a second", locations=dense)
        )
    if marked := [
        f"{split.examples[index].id}: {text}"
        for split in splits.values()
        for index, text in enumerate(split.written)
        if ANNOTATION.search(text)
    ]:
        text = counted(len(marked), "transcript has", "transcripts have")
        findings.append(
            Finding(
                text=f"{text} marks that nobody says, like [laughter] or &amp;: they are learned as words",
                wrong=False,
                locations=marked,
            )
        )
    for name, counts in characters.items():
        if not characters["train"]:
            break
        if unknown := sorted(counts.keys() - characters["train"].keys()):
            text = counted(len(unknown), "character is", "characters are")
            findings.append(
                Finding(
                    text=f"{text} in {name}, but not in train, and cannot be learned",
                    wrong=False,
                    locations=[f"{_shown(character)}: {counts[character]:,}" for character in unknown],
                )
            )
    for first, second in combinations(splits, 2):
        if shared := sorted(splits[first].speakers & splits[second].speakers):
            text = counted(len(shared), "speaker is", "speakers are")
            findings.append(
                Finding(
                    text=f"{text} in {first} and in {second}: scores on {second} are those for known voices",
                    wrong=False,
                    locations=shared,
                )
            )
    return findings


def _sound_findings(splits: Mapping[str, _Split]) -> list[Finding]:
    kinds = ("all zero", "silent", "clipped", "silence", "little", "short", "long", *_RELATIONS.values())
    odd: dict[str, list[str]] = {kind: [] for kind in kinds}
    for split in splits.values():
        for example, _, description, measured in split.readable():
            if measured.peak == 0:
                odd["all zero"].append(example.id)
            elif measured.peak < SILENT:
                odd["silent"].append(f"{example.id}: {20 * np.log10(measured.peak):.0f} dB")
            elif measured.clipped > CLIPPED:
                odd["clipped"].append(f"{example.id}: {100 * measured.clipped:.2g} % of the samples")
            silences = (("beginning", measured.leading), ("end", measured.trailing))
            if long := [f"{time:.1f} s at its {where}" for where, time in silences if time > MAX_SILENCE]:
                odd["silence"].append(f"{example.id}: {', '.join(long)}")
            elif measured.peak >= SILENT and measured.sound < MIN_SOUND * description.seconds:
                odd["little"].append(f"{example.id}: {measured.sound:.1f} of {description.seconds:.1f} s")
            if measured.channels:
                side = f": {measured.channels}" if "silent" in measured.channels else ""
                odd[_RELATIONS[measured.channels]].append(f"{example.id}{side}")
            if description.seconds < SHORT:
                odd["short"].append(f"{example.id}: {description.seconds:.3f} s")
            elif description.seconds > LONG:
                odd["long"].append(f"{example.id}: {description.seconds:,.0f} s")
    what = {
        "all zero": ("holds nothing but zeros", "hold nothing but zeros"),
        "silent": ("is silent: below -60 dB", "are silent: below -60 dB"),
        "clipped": ("is clipped: too loud when it was made", "are clipped: too loud when they were made"),
        "silence": (
            f"begins or ends with more than {MAX_SILENCE:g} s of silence (model.trim = true leaves it out)",
            f"begin or end with more than {MAX_SILENCE:g} s of silence (model.trim = true leaves it out)",
        ),
        "little": ("is mostly silence", "are mostly silence"),
        "short": (f"is shorter than {SHORT} s", f"are shorter than {SHORT} s"),
        "inverted": (
            "has two channels of which one is inverted: half of their difference is heard",
            "have two channels of which one is inverted: half of their difference is heard",
        ),
        "apart": (
            f"has two channels with different sound, {_APART}",
            f"have two channels with different sound, {_APART}",
        ),
        "one side": (
            "has two channels of which one is silent",
            "have two channels of which one is silent",
        ),
        "long": (f"is longer than {LONG:.0f} s", f"are longer than {LONG:.0f} s"),
    }
    return [
        Finding(
            text=counted(len(names), f"recording {what[kind][0]}", f"recordings {what[kind][1]}"),
            wrong=kind in ("all zero", "silent"),
            locations=names,
        )
        for kind, names in odd.items()
        if names
    ]
