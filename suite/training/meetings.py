"""The steps after which the processes of a group hear from the first one how the training goes on.

Only it knows whether somebody wants to stop, and what validation gave. The others could not stop after the
same step by themselves, and a step that not all do never ends.
"""

from __future__ import annotations

from suite.process_group import ProcessGroup

SECONDS_BETWEEN = 0.25
"""About how long a group trains between two meetings, and so how long a wish to stop waits."""


class Meetings:
    """When the group meets next. A process that trains alone "meets" after every step.

    Args:
        group: None for a process alone.
        first: the global step after which the group meets first.
    """

    def __init__(self, group: ProcessGroup | None, first: int) -> None:
        self._group = group
        self._next = first

    @property
    def of_several(self) -> bool:
        """Whether there is somebody to meet."""
        return self._group is not None

    def is_due(self, step: int, *, ends_epoch: bool) -> bool:
        """Whether the group meets after a step, as it always does at the end of an epoch."""
        return self._group is None or ends_epoch or step >= self._next

    def tell(self, step: int, then: int, *, stops: bool, finished: bool) -> None:
        """Say how the training goes on.

        Args:
            step: after which the group meets now.
            then: after which it meets next.
            stops: whether the training is to stop here.
            finished: whether it has come to its end.
        """
        self._next = then
        if self._group is not None:
            self._group.tell(f"step/{step}", {"next": then, "stops": stops, "finished": finished})

    def hear(self, step: int) -> tuple[bool, bool]:
        """Whether the training stops here, and whether it has come to its end."""
        assert self._group is not None
        heard = self._group.hear(f"step/{step}")
        self._next = heard["next"]
        return heard["stops"], heard["finished"]
