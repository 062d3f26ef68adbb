"""What a server allows and how it works: everything that `suite serve` has an option for."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

Positive = Annotated[float, Meta(gt=0, le=1e9)]
Count = Annotated[int, Meta(ge=1, le=1_000_000)]

MB = 10**6

MULTIPROCESS = "PROMETHEUS_MULTIPROC_DIR"
"""The variable by which prometheus_client knows the folder that several processes share."""


class ServerSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How a server works.

    Attributes:
        max_body_mb: megabytes of one request's body.
        max_pending_mb: megabytes of the bodies of all requests that are under way.
        max_inputs: inputs in one request.
        max_results: predictions for one request: a video has one for each frame.
        max_characters: of a text.
        max_connections: that are open at once.
        max_tensor_side: of a tensor, along axes that a network takes of any length.
        queue: inputs for one model that are under way; more are refused with 429.
        batch_size: inputs in one forward pass; None takes what `suite bench` found, else 32.
        max_wait_ms: how long an input may wait for others to share a forward pass with.
        header_seconds: in which the head of a request must have come.
        body_seconds: in which its body must have come.
        answer_seconds: in which it must be answered.
        send_seconds: in which a client must have taken each part of an answer.
        shutdown_seconds: that accepted requests get to end when the server is stopped.
        max_input_gb: of memory for one input when it is decoded.
        max_input_hours: that a recording may last.
        max_unpacked_gb: that a packed file may unpack to.
        token: that every request must bear; None for none.
        origins: of pages on other addresses that may call the server: "https://example.org", or "*".
        hosts: by which it may be called (without a port); empty: by any.
        request_options: whether requests may set options of the prediction.
        access_log: a file for a line of JSON for each request, "-" for the standard output; None for none.
    """

    max_body_mb: Positive = 64.0
    max_pending_mb: Positive = 512.0
    max_inputs: Count = 64
    max_results: Count = 10_000
    max_characters: Annotated[int, Meta(ge=1, le=10**9)] = 100_000
    max_connections: Count = 1000
    max_tensor_side: Annotated[int, Meta(ge=1, le=10**9)] = 4096
    queue: Count = 256
    batch_size: Annotated[int, Meta(ge=1, le=65_536)] | None = None
    max_wait_ms: Annotated[float, Meta(ge=0, le=60_000)] = 2.0
    header_seconds: Positive = 10.0
    body_seconds: Positive = 60.0
    answer_seconds: Positive = 120.0
    send_seconds: Positive = 60.0
    shutdown_seconds: Positive = 60.0
    max_input_gb: Positive = 0.5
    max_input_hours: Positive = 4.0
    max_unpacked_gb: Positive = 1.0
    token: str | None = None
    origins: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    access_log: str | None = None
    request_options: bool = True

    @property
    def max_body(self) -> int:
        """Bytes of one request's body."""
        return int(self.max_body_mb * MB)

    @property
    def limits(self) -> dict[str, float]:
        """What one input may take, as `suite.limited` has it."""
        return {
            "max_input_gb": self.max_input_gb,
            "max_input_hours": self.max_input_hours,
            "max_unpacked_gb": self.max_unpacked_gb,
        }

    def shown(self) -> dict[str, float]:
        """The limits that clients should know, by their names in `GET /v1/models`."""
        names = ("max_body_mb", "max_inputs", "max_characters", "answer_seconds")
        return {**{name: getattr(self, name) for name in names}, **self.limits}
