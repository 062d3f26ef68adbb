"""What is odd in files, and what is wrong, by kind and with all locations."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from suite.data import Problem
from suite.kit import ProblemLog, counted


class SeriesProblems(ProblemLog):
    """A log that also takes what is only worth a look."""

    def __init__(self) -> None:
        super().__init__()
        self._odd: list[Problem] = []

    def add_odd(self, singular: str, plural: str, locations: Sequence[str], count: int = 0) -> None:
        """Note what is worth a look, at all of its locations, or at the first ones of `count`."""
        self._odd.append(Problem(counted(count or len(locations), singular, plural), locations, wrong=False))

    def add_no_numbers(self, locations: Iterable[str]) -> None:
        """Note values that are no numbers, each at its location."""
        for location in locations:
            self.add(
                "value is no number and counts as missing",
                "values are no numbers and count as missing",
                location,
            )

    def note(self, sentence: str) -> None:
        """Note a sentence that is worth a look."""
        self._odd.append(Problem(sentence, wrong=False))

    def sentences(self) -> list[str]:
        """All of it, what is wrong first."""
        return [*super().sentences(), *self._odd]

    def wrong(self) -> list[str]:
        """What is wrong, without what is only worth a look."""
        return [str(sentence) for sentence in super().sentences()]
