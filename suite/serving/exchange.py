"""What is known of one request and its response, for the log and the metrics."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Exchange:
    """A request and its response.

    Attributes:
        model: that it was for; empty for none.
        status: of the response; 0 before it began.
        received: bytes of the body.
        sent: bytes of the response.
        inputs: how many the request had.
        failed: how many of them have no prediction.
        code: of the problem that it was refused with; empty for none.
        gone: whether the client has gone before the end.
    """

    model: str = ""
    status: int = 0
    received: int = 0
    sent: int = 0
    inputs: int = 0
    failed: int = 0
    code: str = ""
    gone: bool = False
