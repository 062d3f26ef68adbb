"""What loaders leave out or find odd, gathered by kind with all places."""

from __future__ import annotations

from suite.data import Problem
from suite.kit import counted
from suite_text.encodings import Decoded


class Problems:
    """Places by what is wrong with them, in the order in which each kind was met first."""

    def __init__(self) -> None:
        self._places: dict[tuple[str, str], list[str]] = {}
        self._sentences: list[str] = []

    def note(self, one: str, many: str, place: str) -> None:
        """Something at a place.

        Args:
            one: what follows the number 1 in a sentence: "row is no JSON and left out".
            many: what follows other numbers: "rows are no JSON and left out".
            place: the file, and the line.
        """
        self._places.setdefault((one, many), []).append(place)

    def say(self, sentence: str) -> None:
        """Something that is said as it is."""
        self._sentences.append(sentence)

    def note_decoding(self, found: Decoded, name: str) -> None:
        """What was odd about the bytes of the file `name`."""
        if found.unusual:
            self.say(
                f"{name} is not UTF-8 and was read as {found.encoding}, by what its bytes look like:"
                " if that is wrong, name another with --set loader.encoding=NAME"
            )
        for line in found.broken:
            self.note(
                f"line is not all {found.encoding}: what is not is read as U+FFFD",
                f"lines are not all {found.encoding}: what is not is read as U+FFFD",
                f"{name}, line {line}",
            )
        for line in found.nul:
            self.note("line has NUL characters", "lines have NUL characters", f"{name}, line {line}")

    def sentences(self) -> list[str]:
        """All of it, for `Dataset.problems`."""
        return [
            *self._sentences,
            *(
                Problem(counted(len(places), one, many), places)
                for (one, many), places in self._places.items()
            ),
        ]
