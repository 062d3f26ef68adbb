"""What is sent back: JSON in one piece, lines as they come."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from suite.serving.bodies import ClientGoneError

Headers = Sequence[tuple[bytes, bytes]]

JSON = b"application/json"
LINES = b"application/x-ndjson"

encoder = msgspec.json.Encoder()


async def respond(
    send: Any, status: int, body: bytes, content_type: bytes = JSON, headers: Headers = ()
) -> None:
    """Send a whole response."""
    await send(
        {
            "type": "http.response.start",
            "status": status,
            "headers": [
                (b"content-type", content_type),
                (b"content-length", str(len(body)).encode()),
                *headers,
            ],
        }
    )
    await send({"type": "http.response.body", "body": body})


async def respond_json(send: Any, status: int, value: Any) -> None:
    """Send a value as JSON. Numbers that are none (NaN) become null."""
    await respond(send, status, encoder.encode(value))


class JsonPage:
    """An endpoint that gives JSON made by a function of the parts of the path.

    Args:
        make: raises `RequestError` if there is nothing; gives the value, or the status and the value.
    """

    def __init__(self, make: Any) -> None:
        self._make = make

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        made = self._make(**scope.get("path_params", {}))
        status, value = made if isinstance(made, tuple) else (200, made)
        await respond_json(send, status, value)


async def until_gone(receive: Any) -> None:
    """Wait until the client has closed the connection; its body has been read by then."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def answer_or_gone(work: Any, receive: Any, seconds: float, soon: float = 0.1) -> Any:
    """The result of a coroutine, unless the client goes away before or the time is over.

    Args:
        work: is cancelled if nobody waits for it any more.
        receive: of the request.
        seconds: that it may take.
        soon: seconds after which it is looked whether the client is still there. Most answers are quicker,
            and looking costs more than they do.

    Raises:
        TimeoutError: if it took too long.
        ClientGoneError: if nobody waits.
    """
    task = asyncio.ensure_future(work)
    watcher = None
    try:
        done, _ = await asyncio.wait({task}, timeout=min(soon, seconds))
        if not done:
            watcher = asyncio.ensure_future(until_gone(receive))
            done, _ = await asyncio.wait(
                {task, watcher}, timeout=max(0.0, seconds - soon), return_when=asyncio.FIRST_COMPLETED
            )
        if task in done:
            return task.result()
        if done:
            raise ClientGoneError
        raise TimeoutError
    finally:
        for each in (task, watcher):
            if each is not None and not each.done():
                each.cancel()


def line_of(values: Mapping[str, Any]) -> bytes:
    """A line of JSON."""
    return encoder.encode(values) + b"\n"
