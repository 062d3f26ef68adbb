"""What a data set of labeled texts holds: classes, lengths, scripts; and what is wrong or odd."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from suite.data import Dataset, Finding, Inspection
from suite.figures import Table
from suite.kit import counted
from suite_text.inspection import Seen, alike_findings, character_findings, lengths_table, scripts_table
from suite_text.reading.lines import text_of

UNBALANCED = 10
"""Classes are unbalanced if one of them has this many times the texts of another."""


def inspect(dataset: Dataset, progress: Callable[[int, int], None]) -> Inspection:
    """Look at every text and report what there is and what is wrong.

    Args:
        dataset: as documented in `suite_text.classification.types`.
        progress: called with the number of texts done, and of all.
    """
    total = sum(map(len, dataset.splits.values()))
    seen = {name: Seen() for name in dataset.splits}
    texts: dict[str, list[tuple[str, str, object]]] = {name: [] for name in dataset.splits}
    by_class: dict[str, Seen] = {str(label): Seen() for label in dataset.facts["classes"]}
    counts = {name: Counter[str]() for name in dataset.splits}
    done = 0
    for name, examples in dataset.splits.items():
        for index in range(len(examples)):
            example = examples[index]
            text = text_of(example.input)
            seen[name].add(example.id, text)
            texts[name].append((example.id, text, example.target))
            labels = [example.target] if isinstance(example.target, str) else example.target
            counts[name].update(labels or ["(no label)"])
            for label in labels:
                by_class[label].add(example.id, text)
            done += 1
            if done % 1000 == 0 or done == total:
                progress(done, total)
    balance, findings = _balance(dataset, counts)
    return Inspection(
        numbers={
            "classes": len(by_class),
            "characters": len(set().union(*(split.characters for split in seen.values()))),
        },
        tables=[
            balance,
            lengths_table(seen),
            lengths_table(by_class, "Lengths by class"),
            scripts_table(seen),
        ],
        findings=[
            *findings,
            *alike_findings(texts, "but for case, punctuation and blanks, with different labels"),
            *character_findings(seen),
        ],
    )


def _balance(dataset: Dataset, counts: dict[str, Counter[str]]) -> tuple[Table, list[Finding]]:
    """Texts per class and split, and findings on them."""
    classes = list(dataset.facts["classes"])
    train = counts["train"]
    shown = classes + ["(no label)"] * any("(no label)" in labels for labels in counts.values())
    rows: list[list[str | int]] = [
        [
            label,
            *(labels[label] for labels in counts.values()),
            f"{100 * train[label] / len(dataset.train):.1f} %" if len(dataset.train) else "-",
        ]
        for label in shown
    ]
    findings = []
    if single := [label for label in classes if train[label] == 1]:
        text = counted(len(single), "class has", "classes have")
        findings.append(Finding(text=f"{text} a single training text", wrong=False, locations=single))
    largest, smallest = max(classes, key=train.__getitem__), min(classes, key=train.__getitem__)
    if len(dataset.train) and train[largest] >= UNBALANCED * train[smallest]:
        findings.append(
            Finding(
                text=f"the classes are unbalanced: '{largest}' has {train[largest]:,} training texts,"
                f" '{smallest}' {train[smallest]:,}",
                wrong=False,
            )
        )
    for name in ("validation", "test"):
        if name in counts and (missing := [label for label in classes if not counts[name][label]]):
            text = counted(len(missing), "class has", "classes have")
            findings.append(
                Finding(text=f"{text} no text in the {name} split", wrong=False, locations=missing)
            )
    return Table(title="Classes", columns=["class", *counts, "of train"], rows=rows), findings
