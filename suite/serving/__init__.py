"""Trained models behind HTTP: the server, its page, and the client."""

from __future__ import annotations

from typing import TYPE_CHECKING

from suite.lazy_exports import lazy_exports

if TYPE_CHECKING:
    from suite.serving.asgi import application as application
    from suite.serving.settings import ServerSettings as ServerSettings

if not TYPE_CHECKING:
    __getattr__, __dir__, __all__ = lazy_exports(
        __name__,
        {
            "ServerSettings": "suite.serving.settings",
            "application": "suite.serving.asgi",
        },
    )
