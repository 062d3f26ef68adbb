"""`-`: the recording that another program writes to the standard input."""

from __future__ import annotations

import sys
import tempfile
import weakref
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from suite import UserError
from suite.kit import reason
from suite.sources import FileSource, copy_stream
from suite_speech_recognition.audio.recordings import Recording, describe

NAME = "standard input"


@dataclass(frozen=True)
class SpooledSource(FileSource):
    """A temporary file that goes by another name, and goes away with the last mention of this object."""

    def __post_init__(self) -> None:
        weakref.finalize(self, self.path.unlink, missing_ok=True)

    @property
    def name(self) -> str:
        """What it is for people, not the path."""
        return NAME


class StandardInput:
    """The one recording on the standard input, as a `suite.pipeline.Stream`.

    It is copied to a temporary file up to its end, in little memory however long it is: most formats cannot
    be read without going back and forth.

    Attributes:
        name: "standard input".
        total: 1.
        live: False: a recording that is complete.
    """

    name = NAME
    total: int | None = 1
    live = False

    def __iter__(self) -> Iterator[Recording]:
        """The recording.

        Raises:
            suite.UserError: if nothing comes, it is no recording, or there is no room for it.
        """
        if sys.stdin is None or sys.stdin.isatty():
            raise UserError(
                "the standard input is no recording: write one to it, as in suite predict RUN - < talk.wav"
            )
        try:
            with tempfile.NamedTemporaryFile(prefix="suite-", suffix=".audio", delete=False) as file:
                source = SpooledSource(Path(file.name))
                copy_stream(sys.stdin.buffer, file, NAME)
        except OSError as error:
            raise UserError(f"the standard input cannot be read: {reason(error)}") from None
        if source.size == 0:
            raise UserError(
                "the standard input is empty: the program that should write a recording wrote none"
            )
        recording = Recording(source)
        try:
            describe(recording)
        except UserError as error:
            raise UserError(
                str(error).replace(str(source.path), "what came from the standard input")
            ) from None
        yield recording
