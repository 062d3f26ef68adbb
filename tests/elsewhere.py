"""A web server on this machine that does what its tests ask for: breaks off, answers late or refuses."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from suite.sources import mirrors


class Site:
    """Files by their paths, and what goes wrong with them.

    Attributes:
        files: content by path, with its query if it has one.
        statuses: what requests of a path are answered with, one after the other, before it is given.
        cuts: how often the content of a path breaks off in its middle.
        moved: another path by path.
        types: the type of the content, by path.
        with_tags: whether files have an ETag.
        gets: the paths of all files that were given.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.files: dict[str, bytes] = {}
        self.statuses: dict[str, list[int]] = {}
        self.cuts: dict[str, int] = {}
        self.moved: dict[str, str] = {}
        self.types: dict[str, str] = {}
        self.with_tags = True
        self.gets: list[str] = []


class _Handler(BaseHTTPRequestHandler):
    site: Site
    protocol_version = "HTTP/1.1"

    def do_HEAD(self) -> None:
        self._answer(with_content=False)

    def do_GET(self) -> None:
        self._answer(with_content=True)

    def log_message(self, *_: Any) -> None:
        pass

    def _answer(self, *, with_content: bool) -> None:
        site, path = self.site, unquote(self.path)
        status = 302 if path in site.moved else 200 if path in site.files else 404
        if site.statuses.get(path):
            status = site.statuses[path].pop(0)
        content = site.files.get(path, b"") if status == 200 else b""
        first, last = 0, len(content)
        if status == 200 and "Range" in self.headers:
            first, last = map(int, self.headers["Range"].removeprefix("bytes=").split("-"))
            last, status = min(last + 1, len(content)), 206
        self.send_response(status)
        if status == 302:
            self.send_header("Location", site.moved[path])
        if site.with_tags:
            self.send_header("ETag", f'"tag-{hash(site.files.get(path))}"')
        self.send_header("Content-Type", site.types.get(path, "application/octet-stream"))
        self.send_header("Content-Length", str(last - first))
        self.end_headers()
        if with_content and status in (200, 206):
            site.gets.append(path)
            if site.cuts.get(path):
                site.cuts[path] -= 1
                self.wfile.write(content[first : (first + last) // 2])
                self.wfile.flush()
                self.connection.close()
                self.close_connection = True
                return
            self.wfile.write(content[first:last])


@contextmanager
def web_server() -> Iterator[Site]:
    """A server, and the files that it gives."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {}))
    server.daemon_threads = True
    site = Site(f"http://127.0.0.1:{server.server_address[1]}")
    server.RequestHandlerClass.site = site  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield site
    finally:
        server.shutdown()
        server.server_close()


def fresh_cache(folder: Path, monkeypatch: Any) -> Path:
    """A cache of a test's own, where nothing is yet; addresses are listed again, and tried again at once."""
    monkeypatch.setenv("SUITE_CACHE", str(folder / "cache"))
    monkeypatch.setattr("suite.sources.remote.FIRST_PAUSE", 0.001)
    mirrors.look_again()
    return folder / "cache"
