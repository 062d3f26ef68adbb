"""Figures of the report: which words are confused, for whom, and the worst utterances to listen to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from suite import UserError
from suite.data import Examples
from suite.evaluation import Pairs
from suite.figures import Aligned, Clip, Clips, Figure, Gallery, Table
from suite.kit import counted
from suite_speech_recognition.audio.playing import RATE, playable
from suite_speech_recognition.audio.recordings import opened
from suite_speech_recognition.audio.spectrograms import RANGE, spectrogram_image
from suite_speech_recognition.metrics import Scoring
from suite_speech_recognition.word_alignment import Step

MAX_WORDS = 25
MAX_SPEAKERS = 100
MAX_CLIPS = 12
MAX_ALIGNED = 40
MAX_SECONDS = 20.0
"""How much of a recording can be played and seen: a page of a megabyte or so."""
MAX_NAME = 20
MAX_TEXT = 60
MARKS = {"equal": "", "substitution": "wrong", "insertion": "added", "deletion": "missing"}


def figures_of(scoring: Scoring, pairs: Pairs) -> list[Figure]:
    """All figures that the pairs allow, in the order of the report."""
    return list(_figures(scoring, pairs))


def _figures(scoring: Scoring, pairs: Pairs) -> Iterator[Figure]:
    yield from _frequent(scoring)
    if scoring.by_speaker:
        yield _speakers(scoring)
    yield _groups("By length", "length", scoring.by_length, scoring, "")
    worst = _worst(scoring, pairs)
    if worst:
        rate = pairs.facts.get("rate", RATE)
        sounds = {index: _sound(pairs.examples, index, rate) for index in worst}
        yield Clips(
            title="The worst utterances",
            items=[_clip(scoring, pairs, index, sounds[index]) for index in worst],
            caption=(
                "Those with most wrong words; of equal ones, the shortest. What was said stands above what"
                " was heard, both as the model writes them."
            ),
        )
        seen = [(index, sound) for index, sound in sounds.items() if sound.samples is not None]
        if seen:
            yield Gallery(
                title="Spectrograms of the worst utterances",
                items=[_spectrogram(scoring, pairs, index, sound) for index, sound in seen],
                caption=(
                    "Time runs to the right and frequency (mel bands) upwards; the darker, the louder, down"
                    f" to {RANGE:g} dB below the loudest. They show noise, clipping, hum and cut words."
                ),
            )


def _frequent(scoring: Scoring) -> Iterator[Table]:
    """The words that are confused, added and missed most often."""
    spoken = Counter(word for words in scoring.words.references for word in words)
    wrong = np.flatnonzero(scoring.counts[:, :3].any(axis=1)).tolist()
    counts = Counter(step for index in wrong for step in scoring.words.steps(index) if step.kind != "equal")
    tables: dict[str, tuple[str, list[str]]] = {
        "substitution": ("Most frequent substitutions", ["said", "heard", "times", "times said"]),
        "insertion": ("Most frequent insertions", ["heard", "times"]),
        "deletion": ("Most frequent deletions", ["said", "times", "times said"]),
    }
    for kind, (title, columns) in tables.items():
        # Equally frequent ones in the order of the alphabet: equal pairs give equal pages.
        steps = sorted((-count, step) for step, count in counts.items() if step.kind == kind)
        if not steps:
            continue
        rows = [_row(step, -count, spoken) for count, step in steps[:MAX_WORDS]]
        total = -sum(count for count, _ in steps)
        more = f", the {len(rows)} most frequent of {len(steps):,}" if len(steps) > len(rows) else ""
        caption = f"{counted(total, kind, f'{kind}s')} in all{more}."
        yield Table(title=title, columns=columns, rows=rows, caption=caption)


def _row(step: Step, count: int, spoken: Mapping[str, int]) -> list[str | float | int]:
    words = [word for word in (step.reference, step.hypothesis) if word]
    return [*words, count, *([spoken[step.reference]] if step.reference else [])]


def _speakers(scoring: Scoring) -> Table:
    groups = scoring.by_speaker
    worst = sorted(groups, key=lambda name: -scoring.group(groups[name]).get("wer", -1.0))
    caption = "The speaker with the highest word error rate comes first."
    if len(worst) > MAX_SPEAKERS:
        caption += f" The first {MAX_SPEAKERS} of {len(worst):,}; metrics.json has all."
    return _groups("By speaker", "speaker", {n: groups[n] for n in worst[:MAX_SPEAKERS]}, scoring, caption)


def _groups(title: str, what: str, groups: Mapping[str, np.ndarray], scoring: Scoring, caption: str) -> Table:
    rows: list[list[str | float | int]] = []
    for name, indices in groups.items():
        group = scoring.group(indices)
        shares = [f"{group[key]:.3f}" if key in group else "" for key in ("wer", "cer", "sentence_error")]
        rows.append([_shortened(name), len(indices), int(group["words"]), *shares])
    columns = [what, "utterances", "words", "WER", "CER", "not entirely right"]
    return Table(title=title, columns=columns, rows=rows, caption=caption)


def _worst(scoring: Scoring, pairs: Pairs) -> list[int]:
    """The utterances with most wrong words; then those of fewest words; then those that are surest."""
    errors = scoring.counts[:, :3].sum(axis=1)
    confidence = np.array([transcript.confidence or 0.0 for transcript in pairs.predictions])
    order = np.lexsort((-confidence, scoring.counts[:, 3], -errors))
    return [index for index in order[:MAX_CLIPS].tolist() if errors[index]]


def _clip(scoring: Scoring, pairs: Pairs, index: int, sound: _Sound) -> Clip:
    steps = scoring.words.steps(index)
    errors = int(scoring.counts[index, :3].sum())
    words = counted(int(scoring.counts[index, 3]), "word", "words")
    lines = [f"{counted(errors, 'error', 'errors')} in {words}"]
    speaker, seconds = scoring.speakers[index], scoring.seconds[index]
    known = [f"speaker {_shortened(speaker)}"] if speaker else []
    known += [f"{seconds:.1f} s"] if np.isfinite(seconds) else []
    lines.append(", ".join([pairs.ids[index], *known]))
    first = 0
    if len(steps) > MAX_ALIGNED:
        first = _densest([step.kind != "equal" for step in steps])
        lines.append(f"Words {first + 1:,} to {first + MAX_ALIGNED:,} of {len(steps):,} are shown.")
    lines += [sound.remark] if sound.remark else []
    return Clip(
        sound=b"" if sound.samples is None else playable(sound.samples),
        caption="\n".join(lines),
        rows=("said", "heard"),
        aligned=[
            Aligned(upper=reference, lower=hypothesis, mark=MARKS[kind])
            for kind, reference, hypothesis in steps[first : first + MAX_ALIGNED]
        ],
    )


def _spectrogram(scoring: Scoring, pairs: Pairs, index: int, sound: _Sound) -> tuple[bytes, str]:
    assert sound.samples is not None
    image = spectrogram_image(sound.samples, RATE, min(RATE, sound.rate) / 2)
    words = " ".join(scoring.words.references[index])
    text = words if len(words) <= MAX_TEXT else f"{words[: MAX_TEXT - 1]}\N{HORIZONTAL ELLIPSIS}"
    return image, f"{pairs.ids[index]}: {text}"


def _densest(wrong: list[bool]) -> int:
    """Where the `MAX_ALIGNED` neighboring words begin that have most errors."""
    sums = np.cumsum([0, *wrong])
    return int(np.argmax(sums[MAX_ALIGNED:] - sums[:-MAX_ALIGNED]))


@dataclass(frozen=True)
class _Sound:
    """The beginning of a recording at `RATE`, or None if it is not at hand, its own rate, and a remark."""

    samples: np.ndarray | None = None
    rate: int = RATE
    remark: str = ""


def _sound(examples: Examples | None, index: int, rate: int) -> _Sound:
    """The beginning of a recording.

    Args:
        examples: of the pairs; None if they are not at hand.
        index: which of them.
        rate: samples per second of a recording that is an array.
    """
    if examples is None:
        return _Sound()
    try:
        with opened(examples[index].input, rate) as audio:
            samples = audio.section(RATE, 0.0, MAX_SECONDS)
            seconds = audio.description.seconds
            remark = f"Only the first {MAX_SECONDS:g} of {seconds:,.0f} s can be played."
            return _Sound(samples, audio.description.rate, remark if seconds > MAX_SECONDS else "")
    except UserError as error:
        return _Sound(remark=f"Cannot be played: {error}")


def _shortened(name: str) -> str:
    """Names of speakers may be long keys."""
    return name if len(name) <= MAX_NAME else f"{name[: MAX_NAME - 1]}\N{HORIZONTAL ELLIPSIS}"
