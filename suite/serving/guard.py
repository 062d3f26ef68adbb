"""Around every request: who may call, what is refused, and what becomes of errors; log and metrics."""

from __future__ import annotations

import asyncio
import hmac
import logging
import time
from collections.abc import Callable, Sequence
from typing import Any

from suite.serving.bodies import ClientGoneError
from suite.serving.exchange import Exchange
from suite.serving.problems import CLOSE, RequestError, internal
from suite.serving.responses import respond
from suite.serving.settings import ServerSettings

logger = logging.getLogger("suite.serving")

OPEN = ("/", "/healthz", "/readyz", "/v2/health/live", "/v2/health/ready")
"""What needs no token: the page, which holds nothing secret, and whether the server is there."""

OPEN_BELOW = ("/page/",)

Observer = Callable[[Any, Exchange, float], None]


class Guard:
    """An ASGI middleware.

    Args:
        app: what answers.
        settings: of the server.
        observers: are told of each request when it has ended, and of its seconds.
    """

    def __init__(self, app: Any, settings: ServerSettings, observers: Sequence[Observer] = ()) -> None:
        self._app = app
        self._observers = tuple(observers)
        self._token = None if settings.token is None else settings.token.encode()
        self._origins = frozenset(origin.encode() for origin in settings.origins)
        self._hosts = frozenset(host.lower().encode() for host in settings.hosts)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        start = time.perf_counter()
        exchange = scope["suite.exchange"] = Exchange()
        headers = dict(scope["headers"])
        of_origin = self._origin_headers(headers)

        async def sending(message: Any) -> None:
            if message["type"] == "http.response.start":
                exchange.status = message["status"]
                given = message.get("headers", ())
                message["headers"] = [*given, *(each for each in _ALWAYS if each not in given), *of_origin]
            else:
                exchange.sent += len(message.get("body", b""))
            await send(message)

        unread = _Unread(receive)
        try:
            self._check(scope, headers)
            if scope["method"] == "OPTIONS" and of_origin:
                await respond(sending, 204, b"", headers=_PREFLIGHT)
            else:
                await self._app(scope, unread.receive, sending)
        except ClientGoneError:
            exchange.gone = True
            exchange.status = exchange.status or 499
        except RequestError as problem:
            await self._refuse(problem, scope, exchange, sending, unread)
        except Exception:
            logger.exception("%s %s failed", scope["method"], scope["path"])
            defect = internal("the request could not be answered")
            await self._refuse(defect, scope, exchange, sending, unread)
        finally:
            seconds = time.perf_counter() - start
            for observe in self._observers:
                observe(scope, exchange, seconds)

    async def _refuse(
        self, problem: RequestError, scope: Any, exchange: Exchange, send: Any, unread: _Unread
    ) -> None:
        exchange.code = problem.code
        if exchange.status:  # the response has begun: breaking it off is all that can be said
            return
        slow = problem.status == 408
        more = () if not slow and await unread.taken(scope) else (CLOSE,)
        headers = (*(each for each in problem.headers if each != CLOSE), *more)
        await respond(send, problem.status, problem.body(scope["path"]), headers=headers)

    def _check(self, scope: Any, headers: dict[bytes, bytes]) -> None:
        host = headers.get(b"host", b"").lower()
        if self._hosts and _without_port(host) not in self._hosts:
            raise RequestError(
                421,
                "host",
                "the server is not called by this name (Host): --allow-host NAME allows one more",
            )
        origin = headers.get(b"origin")
        if origin is not None and not self._may_call(origin, host):
            raise RequestError(
                403,
                "origin",
                "a page of another origin may not call this server: --allow-origin ORIGIN allows it",
            )
        path = scope["path"]
        if self._token is None or path in OPEN or path.startswith(OPEN_BELOW) or scope["method"] == "OPTIONS":
            return
        scheme, _, given = headers.get(b"authorization", b"").partition(b" ")
        if scheme.lower() != b"bearer" or not hmac.compare_digest(given.strip(), self._token):
            raise RequestError(
                401,
                "unauthorized",
                "this server needs a token: Authorization: Bearer TOKEN",
                ((b"www-authenticate", b"Bearer"),),
            )

    def _may_call(self, origin: bytes, host: bytes) -> bool:
        """Whether a page of an origin may call: its own server's, or one that was allowed."""
        if b"*" in self._origins or origin in self._origins:
            return True
        return origin.partition(b"://")[2].lower() == host

    def _origin_headers(self, headers: dict[bytes, bytes]) -> list[tuple[bytes, bytes]]:
        origin = headers.get(b"origin")
        if origin is None or not (b"*" in self._origins or origin in self._origins):
            return []
        return [(b"access-control-allow-origin", origin), (b"vary", b"origin")]


class _Unread:
    """What a client still sends when its request has been refused.

    Many clients send all of a body before they look for an answer, and find a broken connection if it was
    closed by then: so what is left of a body is read, unless it is much or comes slowly.

    Args:
        receive: of the request.
    """

    def __init__(self, receive: Any) -> None:
        self._receive = receive
        self._done = False

    async def receive(self) -> Any:
        """What the application gets."""
        message = await self._receive()
        self._done = not message.get("more_body", False)
        return message

    async def taken(self, scope: Any) -> bool:
        """Read the rest; whether there is none any more, so that the connection may be used again."""
        declared = dict(scope["headers"]).get(b"content-length", b"0")
        if self._done or (declared.isdigit() and int(declared) > _MAX_UNREAD):
            return self._done
        left = _MAX_UNREAD
        try:
            async with asyncio.timeout(_UNREAD_SECONDS):
                while not self._done and left > 0:
                    left -= len((await self.receive()).get("body", b""))
        except TimeoutError:
            return False
        return self._done


_MAX_UNREAD = 16 << 20
_UNREAD_SECONDS = 1.0

_ALWAYS = ((b"x-content-type-options", b"nosniff"),)

_PREFLIGHT = (
    (b"access-control-allow-methods", b"GET, POST"),
    (b"access-control-allow-headers", b"authorization, content-type, inference-header-content-length"),
    (b"access-control-max-age", b"600"),
)


def _without_port(host: bytes) -> bytes:
    if host.startswith(b"["):
        return host.partition(b"]")[0][1:]
    return host.partition(b":")[0]
