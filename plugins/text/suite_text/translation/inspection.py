"""What a data set of translations holds: lengths and scripts of both sides, and pairs that look wrong."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable

import numpy as np

from suite.data import Dataset, Finding, Inspection
from suite.figures import Table
from suite.kit import counted
from suite_language.scripts import main_script
from suite_text.inspection import (
    Seen,
    alike_findings,
    character_findings,
    lengths_table,
    scripts_table,
    shortened,
)
from suite_text.reading.lines import text_of
from suite_text.translation.filters import is_copy, log_ratios, odd_lengths, scripts_of_sides

RATIO = 3.0
"""A pair is odd if a side is this many times as long as usual in this data."""


def inspect(dataset: Dataset, progress: Callable[[int, int], None]) -> Inspection:
    """Look at every pair and report what there is and what is wrong.

    Args:
        dataset: inputs are texts, targets translations or lists of them; facts "source" and "target".
        progress: called with the number of pairs done, and of all.
    """
    total = sum(map(len, dataset.splits.values()))
    source = {name: Seen() for name in dataset.splits}
    target = {name: Seen() for name in dataset.splits}
    texts: dict[str, list[tuple[str, str, object]]] = {name: [] for name in dataset.splits}
    pairs: list[tuple[str, str, str]] = []
    done = 0
    for name, examples in dataset.splits.items():
        for index in range(len(examples)):
            example = examples[index]
            text = text_of(example.input)
            references = [example.target] if isinstance(example.target, str) else list(example.target)
            source[name].add(example.id, text)
            texts[name].append((example.id, text, references))
            for reference in references:
                target[name].add(example.id, reference)
                pairs.append((example.id, text, reference))
            done += 1
            if done % 1000 == 0 or done == total:
                progress(done, total)
    names = [str(dataset.facts.get(side, side)) for side in ("source", "target")]
    ratios = log_ratios([pair[1:] for pair in pairs])
    usual = float(np.median(ratios)) if len(ratios) else 0.0
    return Inspection(
        numbers={"from": names[0], "to": names[1], "characters per character": round(math.exp(usual), 2)},
        tables=[
            lengths_table(source, f"Lengths: {names[0]}"),
            lengths_table(target, f"Lengths: {names[1]}"),
            scripts_table(source, f"Scripts: {names[0]}"),
            scripts_table(target, f"Scripts: {names[1]}"),
            _ratios_table(ratios),
        ],
        findings=[
            *_ratio_findings(pairs),
            *_copies(pairs),
            *_wrong_script(pairs, source, target),
            *alike_findings(texts),
            *character_findings(source, f" of {names[0]}"),
            *character_findings(target, f" of {names[1]}"),
        ],
    )


def _ratios_table(ratios: np.ndarray) -> Table:
    shown = np.exp(np.percentile(ratios, [0, 5, 50, 95, 100])) if len(ratios) else []
    return Table(
        title="Ratios of lengths",
        columns=["minimum", "5th percentile", "median", "95th percentile", "maximum"],
        rows=[[f"{value:.2f}" for value in shown]] if len(shown) else [],
        caption="characters of the translation for each of the source",
    )


def _ratio_findings(pairs: list[tuple[str, str, str]]) -> list[Finding]:
    odd = odd_lengths([pair[1:] for pair in pairs], RATIO)
    locations = [
        f"{name}: {len(text):,} characters and {len(reference):,}"
        for (name, text, reference), is_odd in zip(pairs, odd.tolist(), strict=True)
        if is_odd
    ]
    if not locations:
        return []
    text = counted(len(locations), "pair has", "pairs have")
    return [
        Finding(
            text=f"{text} a side that is more than {RATIO:.0f} times as long as usual: is it a translation?"
            f" --set loader.max_ratio={RATIO:.0f} leaves out such pairs of train",
            wrong=False,
            locations=locations,
        )
    ]


def _copies(pairs: list[tuple[str, str, str]]) -> list[Finding]:
    locations = [f"{name}: {shortened(text)}" for name, text, reference in pairs if is_copy(text, reference)]
    if not locations:
        return []
    text = counted(len(locations), "text is its own translation", "texts are their own translations")
    text += ": --set loader.copies=removed leaves out those of train"
    return [Finding(text=text, wrong=False, locations=locations)]


def _wrong_script(
    pairs: list[tuple[str, str, str]], source: dict[str, Seen], target: dict[str, Seen]
) -> list[Finding]:
    """Texts in the script of the other side, if the two sides have different scripts."""
    totals = (sum((split.characters for split in seen.values()), Counter[str]()) for seen in (source, target))
    of_side = scripts_of_sides(*totals)
    if of_side is None:
        return []
    findings = []
    for side, script, wrong_script in (("source", *of_side), ("target", *reversed(of_side))):
        texts = [(name, text if side == "source" else reference) for name, text, reference in pairs]
        if locations := [
            f"{name}: {shortened(text)}" for name, text in texts if main_script(text) == wrong_script
        ]:
            text = counted(len(locations), f"{side} is", f"{side}s are")
            findings.append(
                Finding(
                    text=f"{text} written in {wrong_script}, not in {script}: --set"
                    " loader.wrong_script=removed leaves out those of train",
                    locations=locations,
                )
            )
    return findings
