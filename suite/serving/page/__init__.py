"""The page that tries models: `routes()` serves it at `/` and its files at `/page/NAME`.

The page is plain HTML, CSS and JavaScript modules; it asks nothing of any other host, and its policy lets it
ask nothing. What a task's inputs and predictions look like, `Task.widgets` says; see `suite.widgets`.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from starlette.responses import Response
from starlette.routing import Route

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.routing import BaseRoute

_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' blob:;"
    " media-src blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""Nothing but the server's own files and what the user gave; no code or style within the page."""

_HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "microphone=(self), camera=(), geolocation=()",
    "Cache-Control": "no-cache",
}


def routes() -> list[BaseRoute]:
    """The routes of the page. Its files are read once, here; no request names a file of the machine."""
    folder = Path(__file__).parent
    files = {path.name: path for path in sorted(folder.iterdir()) if path.suffix in _TYPES}
    page = files.pop("index.html")
    return [
        Route("/", _File(page).answer, methods=["GET"]),
        *(Route(f"/page/{name}", _File(path).answer, methods=["GET"]) for name, path in files.items()),
    ]


class _File:
    """A file that is given; a browser that has it already is told so."""

    def __init__(self, path: Path) -> None:
        self._content = path.read_bytes()
        self._headers = {**_HEADERS, "ETag": f'"{hashlib.sha256(self._content).hexdigest()[:32]}"'}
        self._type = _TYPES[path.suffix]

    async def answer(self, request: Request) -> Response:
        if self._headers["ETag"] in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=self._headers)
        return Response(self._content, media_type=self._type, headers=self._headers)
