"""What `suite inspect` says of texts, whatever the task: lengths, scripts, characters, near duplicates.

Exact duplicates, leaks between splits and contradictory targets are found by the host.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from suite.data import Finding
from suite.figures import Table
from suite.kit import counted
from suite_language.encodings import REPLACEMENT
from suite_language.scripts import script_of, scripts_of
from suite_text.reading.cleaning import has_markup

RARE = 0.001
"""A script is odd if less than this share of all letters is of it."""

_MISREAD = re.compile("[ÃÂ][\x80-\xbf\u0152\u0153\u0160\u0161\u0178\u017d\u017e\u2018-\u2022]|â€|ï»¿")
_SHOWN = 60


@dataclass
class Seen:
    """What was seen of the texts of a split.

    Attributes:
        lengths: of each text in characters.
        words: of each text, what is between blanks.
        characters: how often each occurs.
        lost: names of texts with U+FFFD.
        markup: names of texts with tags or entities of HTML.
        misread: names of texts that look like UTF-8 read as another encoding.
    """

    lengths: list[int] = field(default_factory=list)
    words: list[int] = field(default_factory=list)
    characters: Counter[str] = field(default_factory=Counter)
    lost: list[str] = field(default_factory=list)
    misread: list[str] = field(default_factory=list)
    markup: list[str] = field(default_factory=list)

    def add(self, name: str, text: str) -> None:
        """Look at a text, called `name`."""
        self.lengths.append(len(text))
        self.words.append(len(text.split()))
        self.characters.update(text)
        if has_markup(text):
            self.markup.append(f"{name}: {shortened(text)}")
        if not text.isascii():
            if REPLACEMENT in text:
                self.lost.append(name)
            if match := _MISREAD.search(text):
                self.misread.append(f"{name}: {shortened(text[max(0, match.start() - 20) :])}")


def lengths_table(seen: Mapping[str, Seen], title: str = "Lengths") -> Table:
    """Characters and words of the texts of each split."""
    rows: list[list[str | int]] = []
    for name, split in seen.items():
        if split.lengths:
            spans = []
            for counts in (np.array(split.lengths), np.array(split.words)):
                median, high = np.percentile(counts, [50, 95])
                spans.append(f"{counts.min():,} / {median:,.0f} / {high:,.0f} / {counts.max():,}")
            rows.append([name, len(split.lengths), *spans])
    return Table(
        title=title,
        columns=["split", "texts", "characters", "words"],
        rows=rows,
        caption="minimum, median, 95th percentile, maximum; words are what is between blanks",
    )


def scripts_table(seen: Mapping[str, Seen], title: str = "Scripts") -> Table:
    """The share of each script among the letters of each split."""
    by_split = {name: scripts_of(split.characters) for name, split in seen.items()}
    total = sum(by_split.values(), Counter[str]())
    rows: list[list[str | int]] = [
        [script, *(_share(counts[script], counts.total()) for counts in by_split.values())]
        for script, _ in total.most_common()
    ]
    return Table(title=title, columns=["script", *by_split], rows=rows, caption="of all letters")


def _share(count: int, total: int) -> str:
    return f"{100 * count / total:.3g} %" if total else "-"


def character_findings(seen: Mapping[str, Seen], of: str = "") -> list[Finding]:
    """Characters that were lost, misread, are odd for the set, or that training does not have.

    Args:
        seen: by split.
        of: whose texts they are, for sentences: " of the source".
    """
    findings = []
    if lost := [name for split in seen.values() for name in split.lost]:
        text = counted(len(lost), f"text{of} has", f"texts{of} have")
        findings.append(
            Finding(
                text=f"{text} U+FFFD, which stands for characters that were lost when it was saved",
                locations=lost,
            )
        )
    if misread := [name for split in seen.values() for name in split.misread]:
        text = counted(len(misread), f"text{of} looks", f"texts{of} look")
        findings.append(Finding(text=f"{text} like UTF-8 that was read as Windows-1252", locations=misread))
    if markup := [name for split in seen.values() for name in split.markup]:
        text = counted(len(markup), f"text{of} has", f"texts{of} have")
        advice = "--set loader.markup=removed reads them without"
        findings.append(
            Finding(text=f"{text} tags or entities of HTML: {advice}", wrong=False, locations=markup)
        )
    total = sum((split.characters for split in seen.values()), Counter[str]())
    scripts = scripts_of(total)
    rare = {script for script, count in scripts.items() if count < RARE * scripts.total()}
    if odd := sorted(character for character in total if script_of(character) in rare):
        text = counted(len(odd), "letter", "letters")
        findings.append(
            Finding(
                text=f"{text}{of} of scripts that are odd here: {', '.join(sorted(rare))}",
                wrong=False,
                locations=[f"{shown(character)}: {total[character]:,}" for character in odd],
            )
        )
    for name, split in seen.items() if seen["train"].lengths else ():
        if unknown := sorted(split.characters.keys() - seen["train"].characters.keys()):
            text = counted(len(unknown), f"character{of} is", f"characters{of} are")
            findings.append(
                Finding(
                    text=f"{text} in {name}, but not in train",
                    wrong=False,
                    locations=[
                        f"{shown(character)}: {split.characters[character]:,}" for character in unknown
                    ],
                )
            )
    return findings


def alike_findings(
    texts: Mapping[str, Sequence[tuple[str, str, object]]], targets_differ: str = ""
) -> list[Finding]:
    """Texts that differ in case, punctuation and white space only; the host finds equal ones.

    Args:
        texts: by split, name, text and target of each example.
        targets_differ: how a sentence goes on about alike texts whose targets differ; empty: no sentence.
    """
    groups: dict[str, list[tuple[str, str, str, object]]] = {}
    for split, examples in texts.items():
        for name, text, target in examples:
            if bare := "".join(filter(str.isalnum, text.casefold())):
                groups.setdefault(bare, []).append((split, name, text, target))
    leaks: dict[tuple[str, str], list[str]] = {}
    contradictions = []
    for members in groups.values():
        spellings: dict[str, tuple[str, str, object]] = {}
        for split, name, text, target in members:
            spellings.setdefault(text, (split, name, target))
        (split, name, target), *variants = spellings.values()
        for variant_split, variant_name, _ in variants:
            if variant_split != split:
                leaks.setdefault((split, variant_split), []).append(f"{variant_name} ~ {name}")
        if targets_differ and any(variant_target != target for _, _, variant_target in variants):
            listed = ((spelling[1], spelling[2]) for spelling in spellings.values())
            contradictions.append(" ~ ".join(f"{name} ({shortened(str(label))})" for name, label in listed))
    findings = [
        Finding(
            text=counted(len(names), f"text of {second} is", f"texts of {second} are")
            + f" like a text of {first}, but for case, punctuation and blanks",
            wrong=False,
            locations=names,
        )
        for (first, second), names in leaks.items()
    ]
    if contradictions:
        text = counted(len(contradictions), "set", "sets")
        findings.append(
            Finding(text=f"{text} of texts that are alike {targets_differ}", locations=contradictions)
        )
    return findings


def shown(character: str) -> str:
    """A character for people: itself, or its number if it cannot be seen."""
    if character == " ":
        return "(space)"
    return character if character.isprintable() else f"U+{ord(character):04X}"


def shortened(text: str) -> str:
    """The beginning of a text on one line."""
    text = " ".join(text[: 4 * _SHOWN].split())
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"
