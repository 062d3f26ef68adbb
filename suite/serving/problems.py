"""What a request is refused with: a status, a code for programs and a sentence for people."""

from __future__ import annotations

import msgspec

from suite.wording import shortened

_LONGEST = 1000


CLOSE = (b"connection", b"close")


class RequestError(Exception):
    """A request that gets no answer but a reason.

    Attributes:
        status: of HTTP, 400 or more.
        code: for programs: `queue_full`, say. It stays what it is from version to version.
        message: a sentence for people.
        headers: of the response besides.
    """

    def __init__(
        self, status: int, code: str, message: str, headers: tuple[tuple[bytes, bytes], ...] = ()
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = shortened(message, _LONGEST)
        self.headers = headers

    def body(self, path: str) -> bytes:
        """The JSON of the response; below `/v2` as the Open Inference Protocol has it."""
        if path.startswith("/v2"):
            return msgspec.json.encode({"error": self.message})
        return msgspec.json.encode({"error": {"code": self.code, "message": self.message}})


def busy(code: str, message: str, seconds: int = 1) -> RequestError:
    """Too much is under way: the client is to come again.

    Args:
        code: for programs.
        message: for people.
        seconds: after which it may try again.
    """
    return RequestError(429, code, message, ((b"retry-after", str(seconds).encode()),))


def internal(what: str) -> RequestError:
    """A defect, which the server has written to its own log."""
    return RequestError(500, "internal", f"{what}: a defect, which the server has logged")


def too_slow(seconds: float) -> RequestError:
    """There was no answer in time.

    Args:
        seconds: that the request had.
    """
    return RequestError(
        503,
        "too_slow",
        f"there was no answer within {seconds:g} seconds: send less at once",
        ((b"retry-after", b"5"),),
    )
