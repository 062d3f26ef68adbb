"""What loaders leave out or find odd, gathered by kind with all locations."""

from __future__ import annotations

from suite.data.dataset import Problem
from suite.wording import counted


class ProblemLog:
    """Locations by what is wrong with them, in the order in which each kind was met first."""

    def __init__(self) -> None:
        self._locations: dict[tuple[str, str], list[str]] = {}
        self._sentences: list[str] = []

    def add(self, singular: str, plural: str, location: str) -> None:
        """Note something at a location.

        Args:
            singular: what follows the number 1 in a sentence: "row is no JSON and left out".
            plural: what follows other numbers: "rows are no JSON and left out".
            location: the file, and the line.
        """
        self._locations.setdefault((singular, plural), []).append(location)

    def add_sentence(self, sentence: str) -> None:
        """Note a sentence as it is."""
        self._sentences.append(sentence)

    def sentences(self) -> list[str]:
        """All of it, for `Dataset.problems`."""
        problems = [
            Problem(counted(len(locations), singular, plural), locations)
            for (singular, plural), locations in self._locations.items()
        ]
        return [*self._sentences, *problems]
