"""The prediction for an input, or the error in its place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from suite.errors import InputError, UserError


@dataclass(frozen=True)
class Result:
    """The prediction for an input, or why there is none.

    Attributes:
        input: the input itself.
        name: how a message calls it: its path or name, its text, or its number.
        prediction: of the task's prediction type; None if `error` is set.
        error: why there is no prediction, else None.
    """

    input: Any
    name: str
    prediction: Any = None
    error: str | None = None

    @property
    def failure(self) -> InputError | None:
        """The error with the input's name, as `LoadedPipeline.predict` raises or returns it; else None."""
        return None if self.error is None else InputError(self.name, self.error)


OnError = Literal["raise", "return"]
"""What to do with the error of an input that cannot be read."""


def prediction_of(result: Result, on_error: OnError) -> Any:
    """The prediction of a result; else its error, raised or returned."""
    failure = result.failure
    if failure is None:
        return result.prediction
    if on_error == "return":
        return failure
    raise failure


def check_on_error(on_error: str) -> None:
    """Refuse anything else than "raise" and "return"."""
    if on_error not in ("raise", "return"):
        raise UserError(f"on_error is 'raise' or 'return', not {on_error!r}")
