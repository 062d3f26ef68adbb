"""What an inspection finds: the types that tasks give and the host shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from suite.figures import Table


@dataclass(frozen=True, kw_only=True)
class Finding:
    """Something that somebody should know of the data.

    Attributes:
        text: a sentence.
        wrong: whether it should be put right; else it is only worth a look.
        locations: which examples, all of them.
    """

    text: str
    wrong: bool = True
    locations: Sequence[str] = ()


@dataclass(frozen=True, kw_only=True)
class Inspection:
    """What an inspection found. A task's `inspect` gives one, and the host adds what it sees itself.

    Attributes:
        numbers: named numbers (or words) on all of the data.
        tables: to be shown in this order.
        findings: what is wrong or odd.
    """

    numbers: Mapping[str, float | str] = field(default_factory=dict)
    tables: Sequence[Table] = ()
    findings: Sequence[Finding] = ()

    @property
    def wrong(self) -> bool:
        """Whether anything should be put right."""
        return any(finding.wrong for finding in self.findings)
