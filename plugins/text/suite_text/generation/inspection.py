"""What a text for generation holds: passages, bytes, lines, scripts; lines of a split that are in another."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import blake2b

from suite.data import Dataset, Finding, Inspection
from suite.figures import Table
from suite.kit import counted
from suite_text.inspection import Seen, character_findings, lengths_table, scripts_table, shortened
from suite_text.reading.lines import text_of

MIN_LENGTH = 40
"""Characters of a line that is looked for in other splits: shorter ones are there by chance."""


def inspect(dataset: Dataset, progress: Callable[[int, int], None]) -> Inspection:
    """Read every passage and report what there is and what is wrong.

    Memory holds the lines of the validation and test splits, as eight bytes each.

    Args:
        dataset: inputs are passages, targets their numbers of bytes.
        progress: called with the number of passages done, and of all.
    """
    total = sum(map(len, dataset.splits.values()))
    seen = {name: Seen() for name in dataset.splits}
    lines: dict[str, int] = dict.fromkeys(dataset.splits, 0)
    sizes: dict[str, int] = dict.fromkeys(dataset.splits, 0)
    held_out: dict[bytes, tuple[str, str]] = {}
    leaks: dict[str, list[str]] = {}
    done = 0
    for name in sorted(
        dataset.splits, key="train".__eq__
    ):  # train is last: the lines of the others are looked for
        examples = dataset.splits[name]
        for index in range(len(examples)):
            example = examples[index]
            text = text_of(example.input)
            seen[name].add(example.id, text)
            lines[name] += text.count("\n")
            sizes[name] += example.target
            for line in text.split("\n"):
                if len(line) >= MIN_LENGTH:
                    mark = blake2b(line.strip().encode(), digest_size=8).digest()
                    if name != "train":
                        held_out.setdefault(mark, (name, f"{example.id}: {shortened(line)}"))
                    elif mark in held_out:
                        split, location = held_out.pop(mark)
                        leaks.setdefault(split, []).append(location)
            done += 1
            if done % 500 == 0 or done == total:
                progress(done, total)
    rows: list[list[str | int]] = [
        [name, len(dataset.splits[name]), sizes[name], sum(split.lengths), sum(split.words), lines[name]]
        for name, split in seen.items()
    ]
    characters = sum(sum(split.lengths) for split in seen.values())
    return Inspection(
        numbers={
            "bytes": sum(sizes.values()),
            "different characters": len(set().union(*(split.characters for split in seen.values()))),
            "bytes per character": round(sum(sizes.values()) / max(1, characters), 3),
        },
        tables=[
            Table(
                title="Text",
                columns=["split", "passages", "bytes", "characters", "words", "line breaks"],
                rows=rows,
                caption="words are what is between blanks",
            ),
            lengths_table(seen, "Lengths of passages"),
            scripts_table(seen),
        ],
        findings=[
            *(
                Finding(
                    text=counted(len(locations), f"line of {name} is", f"lines of {name} are")
                    + " in train too",
                    locations=locations,
                )
                for name, locations in leaks.items()
            ),
            *character_findings(seen),
        ],
    )
