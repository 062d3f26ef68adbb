"""Text that is printed while it is being written."""

from __future__ import annotations

from typing import IO

_NOT_YET_A_CHARACTER = "\N{REPLACEMENT CHARACTER}"


class GrowingText:
    """Prints what is new of a text each time it has grown, but not what has changed.

    Args:
        file: where it is printed.
    """

    def __init__(self, file: IO[str]) -> None:
        self._file = file
        self._printed = ""

    def grow(self, text: str) -> None:
        """Print what is new; half a character at the end, or a text that changed, waits for what follows."""
        settled = text.rstrip(_NOT_YET_A_CHARACTER)
        if len(settled) > len(self._printed) and settled.startswith(self._printed):
            print(settled[len(self._printed) :], end="", file=self._file, flush=True)
            self._printed = settled

    def complete(self, text: str) -> None:
        """Print the rest and end the line; if what is printed has changed after all, print all of it."""
        if not text.startswith(self._printed):
            self.break_off()
        print(text[len(self._printed) :], file=self._file, flush=True)
        self._printed = ""

    def break_off(self) -> None:
        """End the line after what there is, so that what follows begins a new one."""
        if self._printed:
            print(file=self._file, flush=True)
        self._printed = ""
