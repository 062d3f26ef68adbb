"""Consoles of rich that show control characters in what they print, and obey only their own."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import Any

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

from suite.cli.streams import obeying, visible


class VisibleConsole(Console):
    """A console on the standard output or the error stream of the command.

    Args:
        stderr: whether it is the error stream.
        settings: as for rich's.
    """

    def __init__(self, *, stderr: bool, **settings: Any) -> None:
        super().__init__(file=obeying(sys.stderr if stderr else sys.stdout), **settings)

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """What is printed: the control characters of texts are escaped, those of rich itself are not."""
        for segment in super().render(renderable, options):
            yield segment if segment.control else Segment(visible(segment.text), segment.style)
