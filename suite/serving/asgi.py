"""The ASGI application: routes, what they share, and what is started and ended with it."""

from __future__ import annotations

import functools
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.routing import BaseRoute, Route

from suite.errors import UserError, nearest
from suite.host import Host
from suite.serving import open_inference
from suite.serving.access_log import AccessLog
from suite.serving.bodies import PendingBodies
from suite.serving.documentation import Documentation
from suite.serving.guard import Guard
from suite.serving.loading import load_models
from suite.serving.metrics import Metrics
from suite.serving.models import ServedModel, Threads
from suite.serving.openapi import openapi
from suite.serving.predicting import Predict
from suite.serving.problems import RequestError
from suite.serving.responses import JsonPage
from suite.serving.settings import MB, ServerSettings


def application(
    models: Mapping[str, str | Path],
    *,
    host: Host | None = None,
    options: Mapping[str, Any] | None = None,
    backend: str = "auto",
    device: str = "auto",
    threads: int | None = None,
    runtime: str = "auto",
    **settings: Any,
) -> Starlette:
    """The ASGI application that serves trained models, for any ASGI server or to be mounted in another one.

        app = suite.serving.application({"birds": "shipped/birds"}, max_body_mb=16)

    A server of one's own has to bring deadlines for the heads of requests, which `suite serve` has.

    Args:
        models: runs, model folders or exports, by the names by which they are called.
        host: has the plugins; None takes those that are installed.
        options: of prediction, for every model.
        backend: for networks of Keras: "tensorflow", "jax" or "torch".
        device: for networks of Keras: "cpu", "gpu" or "gpu:N".
        threads: of one forward pass of an exported network.
        runtime: that runs the networks, as for `suite.load`.
        settings: those of `suite.serving.ServerSettings`.

    Raises:
        UserError: if a model cannot be loaded, or a setting is not allowed.
    """
    import msgspec

    try:
        chosen = msgspec.convert(settings, ServerSettings, strict=False)
    except msgspec.ValidationError as error:
        raise UserError(f"a setting of the server is not allowed: {error}") from None
    known = ServerSettings.__struct_fields__
    for name in settings:
        if name not in known:
            raise UserError(f"the server has no setting '{name}': {nearest(name, known)}")
    loaded = load_models(
        models,
        chosen,
        host=host,
        options=options,
        backend=backend,
        device=device,
        threads=threads,
        runtime=runtime,
    )
    return application_of(loaded, chosen)


def application_of(models: Mapping[str, ServedModel], settings: ServerSettings) -> Starlette:
    """The application that serves models which are loaded.

    Args:
        models: by their names.
        settings: of the server.
    """
    started: list[Threads] = []

    def start() -> None:
        """With the application, or with the first request if it is mounted in another one."""
        if not started:
            started.append(Threads.started(len(models), settings.limits))
            for model in models.values():
                model.start(started[0])

    def find(name: str) -> ServedModel:
        start()
        model = models.get(name)
        if model is None:
            raise RequestError(
                404, "unknown_model", f"there is no model '{name[:100]}': {nearest(name, models)}"
            )
        return model

    def ready() -> tuple[int, Any]:
        start()
        is_ready = all(model.ready for model in models.values())
        return (200 if is_ready else 503), {"ready": is_ready}

    @functools.cache
    def described() -> dict[str, Any]:
        return openapi(models, settings)

    def listed() -> dict[str, Any]:
        start()
        return {"models": [model.shown() for model in models.values()]}

    def detailed(name: str) -> dict[str, Any]:
        model = find(name)
        return {**model.description.to_json(), **model.shown(), "facts": dict(model.pipeline.facts)}

    metrics = Metrics(models)
    observers = [metrics.observe]
    if settings.access_log is not None:
        observers.append(AccessLog(settings.access_log).observe)
    bodies = PendingBodies(settings.max_pending_mb * MB)
    routes: list[BaseRoute] = [
        # The first one is found the soonest.
        Route("/v1/models/{name}/predict", Predict(find, settings, bodies), methods=["POST"]),
        Route("/healthz", JsonPage(lambda: {"alive": True}), methods=["GET"]),
        Route("/readyz", JsonPage(ready), methods=["GET"]),
        Route(
            "/v1/models",
            JsonPage(listed),
            methods=["GET"],
        ),
        Route("/v1/models/{name}", JsonPage(detailed), methods=["GET"]),
        *open_inference.routes(find, ready, open_inference.Infer(find, settings, bodies), models),
        Route("/metrics", metrics, methods=["GET"]),
        Route("/openapi.json", JsonPage(described), methods=["GET"]),
        Route("/docs", Documentation(models, settings, described), methods=["GET"]),
        *_page_routes(),
    ]

    @asynccontextmanager
    async def lifespan(app: Any) -> AsyncIterator[None]:
        start()
        try:
            yield
        finally:
            started[0].close()

    served = Starlette(
        routes=routes,
        middleware=[Middleware(Guard, settings=settings, observers=observers)],
        exception_handlers={HTTPException: _no_route},
        lifespan=lifespan,
    )
    served.router.redirect_slashes = False  # it would redirect to whatever name the client calls the server
    return served


def _page_routes() -> list[BaseRoute]:
    """The page to try models on."""
    page = import_module("suite.serving.page") if find_spec("suite.serving.page") else None
    return [] if page is None else list(page.routes())


async def _no_route(request: Any, error: Any) -> Any:
    """What starlette refuses by itself: an address that there is not, a method that it does not take."""
    if error.status_code == 405:
        raise RequestError(
            405,
            "method",
            f"{request.method} is not for {request.url.path}",
            tuple((key.lower().encode(), value.encode()) for key, value in (error.headers or {}).items()),
        )
    raise RequestError(404, "not_found", f"there is nothing at {request.url.path[:200]}: see /docs")
