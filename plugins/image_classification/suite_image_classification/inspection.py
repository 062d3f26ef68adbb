"""What a data set of images holds: classes, sizes, kinds of files, and images that are broken or odd."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from suite.data import Dataset, Finding, Inspection
from suite.figures import Table
from suite.kit import counted
from suite_images.inspection import depth_findings, findings_on, kinds_table, leaks, look, sizes_table

UNBALANCED = 10
"""Classes are unbalanced if one has this many times the images of another."""


def inspect(dataset: Dataset, progress: Callable[[int, int], None]) -> Inspection:
    """Decode every image, and find what the data holds and what is wrong with it.

    Args:
        dataset: as documented in `suite_image_classification.types`.
        progress: called with the number of images done, and of all.
    """
    seen = look(dataset, progress)
    balance, findings = _balance(dataset)
    broken = sum(len(split.broken) for split in seen.values())
    on_files = findings_on(seen)
    # What is broken comes first, what is odd last.
    first = 1 if broken else 0
    return Inspection(
        numbers={"classes": len(dataset.facts["classes"]), "broken": broken},
        tables=[balance, sizes_table(seen), kinds_table(seen)],
        findings=[
            *on_files[:first],
            *leaks(seen, dataset),
            *findings,
            *depth_findings(seen, ": by default they are stretched to that, in 8 bits (model.bits)"),
            *on_files[first:],
        ],
    )


def _balance(dataset: Dataset) -> tuple[Table, list[Finding]]:
    """Images per class and split, and findings on them."""
    counts = {name: Counter[str]() for name in dataset.splits}
    unlabeled = Counter[str]()
    for name, examples in dataset.splits.items():
        for index in range(len(examples)):
            target = examples[index].target
            counts[name].update(target if isinstance(target, list) else [target])
            unlabeled[name] += target == []
    classes = list(dataset.facts["classes"])
    train = counts["train"]
    total = max(1, len(dataset.train))
    rows: list[list[str | int]] = [
        [
            label,
            *(split_counts[label] for split_counts in counts.values()),
            f"{100 * train[label] / total:.1f} %",
        ]
        for label in classes
    ]
    if any(unlabeled.values()):
        share = f"{100 * unlabeled['train'] / total:.1f} %"
        rows.append(["(no label)", *(unlabeled[name] for name in counts), share])
    findings = []
    if not len(dataset.train):
        return Table(title="Classes", columns=["class", *counts, "of train"], rows=rows), []
    single = [label for label in classes if train[label] == 1]
    if single:
        findings.append(
            Finding(
                text=counted(len(single), "class has", "classes have") + " a single training image",
                wrong=False,
                locations=single,
            )
        )
    largest, smallest = max(classes, key=train.__getitem__), min(classes, key=train.__getitem__)
    if train[largest] >= UNBALANCED * train[smallest]:
        findings.append(
            Finding(
                text=f"the classes are unbalanced: '{largest}' has {train[largest]:,} training images,"
                f" '{smallest}' {train[smallest]:,}",
                wrong=False,
            )
        )
    for name in ("validation", "test"):
        if name in counts and (missing := [label for label in classes if not counts[name][label]]):
            text = counted(len(missing), "class has", "classes have") + f" no image in the {name} split"
            findings.append(Finding(text=text, wrong=False, locations=missing))
    columns = ["class", *counts, "of train"]
    return Table(title="Classes", columns=columns, rows=rows), findings
