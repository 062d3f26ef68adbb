"""A line of JSON for each request."""

from __future__ import annotations

import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from suite.errors import UserError, reason
from suite.serving.exchange import Exchange


class AccessLog:
    """Writes the lines; nothing of what was predicted, and no token, is in them.

    Args:
        where: a file, to whose end they are written, or "-" for the standard output.

    Raises:
        UserError: if the file cannot be written.
    """

    def __init__(self, where: str) -> None:
        self._encoder = msgspec.json.Encoder()
        self._file: BinaryIO = sys.stdout.buffer
        try:
            if where != "-":
                self._file = Path(where).open("ab", buffering=0)  # noqa: SIM115 - open as long as the server
        except OSError as error:
            raise UserError(f"--access-log {where} cannot be written: {reason(error)}") from None
        self._flush = where == "-"

    def observe(self, scope: Any, exchange: Exchange, seconds: float) -> None:
        """Write the line of a request that has ended."""
        client = scope.get("client")
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(time.time(), UTC).isoformat(timespec="milliseconds"),
            "client": client[0] if client else None,
            "method": scope["method"],
            "path": scope["path"][:1000].encode("utf-8", "backslashreplace").decode(),
            "status": exchange.status,
            "ms": round(seconds * 1000, 3),
            "received": exchange.received,
            "sent": exchange.sent,
        }
        if exchange.model:
            line |= {"model": exchange.model, "inputs": exchange.inputs, "failed": exchange.failed}
        if exchange.code:
            line["code"] = exchange.code
        if exchange.gone:
            line["client_gone"] = True
        try:
            self._file.write(self._encoder.encode(line) + b"\n")
            if self._flush:
                self._file.flush()
        except OSError:  # a full disk is no reason not to answer
            return
