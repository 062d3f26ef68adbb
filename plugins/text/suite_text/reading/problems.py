"""What loaders leave out or find odd, gathered by kind with all locations."""

from __future__ import annotations

from suite.data import Problem
from suite.kit import ProblemLog
from suite_language.encodings import Decoded


class Problems(ProblemLog):
    """A log that knows what can be odd about files of texts."""

    def say(self, sentence: str, *, wrong: bool = True) -> None:
        """Add a sentence that stays as it is.

        Args:
            sentence: the whole of it.
            wrong: whether it should be put right; else it is only worth a look.
        """
        self.add_sentence(Problem(sentence, wrong=wrong))

    def note_unused(self, name: str) -> None:
        """Add that the file `name` is of no split."""
        self.add("file is of no split and left out", "files are of no split and left out", name)

    def note_decoding(self, content: Decoded, name: str) -> None:
        """Add what was odd about the bytes of the file `name`."""
        if content.unusual:
            self.note_guess(content.encoding, name)
        for line in content.broken:
            self.note_broken(content.encoding, f"{name}, line {line}")
        for line in content.nul:
            self.note_nul(f"{name}, line {line}")

    def note_guess(self, encoding: str, name: str) -> None:
        """Add that the encoding of the file `name` was guessed."""
        self.say(
            f"{name} is not UTF-8 and was read as {encoding}, by what its bytes look like:"
            " if that is wrong, name another with --set loader.encoding=NAME",
            wrong=False,
        )

    def note_broken(self, encoding: str, location: str) -> None:
        """Add a line that is not all of an encoding."""
        self.add(
            f"line is not all {encoding}: what is not is read as U+FFFD",
            f"lines are not all {encoding}: what is not is read as U+FFFD",
            location,
        )

    def note_nul(self, location: str) -> None:
        """Add a line with NUL characters."""
        self.add("line has NUL characters", "lines have NUL characters", location)
