"""A server with canned predictions for every kind of widget, for tests of the page and of the client.

It keeps to the HTTP contract of `suite serve`, and is quick: there is no model behind it.
"""

from __future__ import annotations

import asyncio
import base64
import json
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Any

import msgspec
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

import suite
from suite.serving.page import routes

TOKEN = "a-token"
FILES = {"image": [".jpg", ".png"], "audio": [".wav", ".flac"], "table": []}
STORY = ["Once", " upon", " a", " time", " there was a <b>model</b>."]


def forecast(name: str = "sales") -> dict[str, Any]:
    """A forecast of four days."""
    median = [14.0, 15.5, 15.0, 17.0]
    spread = (-4.0, -1.5, 0.0, 1.5, 4.0)
    return {
        "name": name,
        "start": "2026-01-09T00:00:00",
        "frequency": "D",
        "levels": [0.05, 0.25, 0.5, 0.75, 0.95],
        "values": [[value + width * (1 + step / 4) for step, value in enumerate(median)] for width in spread],
    }


PREDICTIONS: dict[str, Any] = {
    "image-classification": {
        "label": "tabby cat",
        "scores": {
            "tabby cat": 0.871,
            "tiger": 0.063,
            "lynx": 0.041,
            "dog": 0.015,
            "fox": 0.008,
            "owl": 0.002,
        },
    },
    "object-detection": {
        "boxes": [[30.0, 40.0, 150.0, 200.0], [180.5, 60.0, 300.0, 220.0], [100.0, 10.0, 140.0, 45.0]],
        "labels": ["cat", "dog", "cat"],
        "scores": [0.97, 0.88, 0.41],
    },
    "speech-recognition": {
        "text": "seven three <i>one</i>",
        "words": [
            {"text": "seven", "start": 0.1, "end": 0.4, "confidence": 0.98},
            {"text": "three", "start": 0.5, "end": 0.8, "confidence": 0.91},
            {"text": "<i>one</i>", "start": 0.9, "end": 1.2, "confidence": 0.4},
        ],
        "confidence": 0.76,
        "seconds": 1.4,
    },
    "text-classification": {
        "label": ["praise", "food"],
        "scores": {"praise": 0.93, "food": 0.71, "price": 0.04},
    },
    "translation": {"text": "Guten Morgen, Welt.", "score": -0.1, "unknown": 0},
    "text-generation": {
        "text": "".join(STORY),
        "bits": 12.5,
        "tokens": 4,
        "ended": True,
        "written": [1, 2, 3],
    },
    "forecasting": forecast(),
}
"""By task."""


def described(task: str) -> dict[str, Any]:
    """What the server says of the model of a task."""
    widgets = suite.Host().task(task).widgets
    assert widgets is not None
    shown = msgspec.to_builtins(widgets)
    kind = shown["input"]["kind"]
    streams = {"table": [".csv", ".tsv"], "text": [".txt"]}.get(kind, [])
    return {
        "name": task,
        "task": task,
        "builder": "suite-made-up:canned",
        "ready": True,
        "inputs": {
            "files": FILES.get(kind, []),
            "streams": streams,
            "text": kind == "text",
            "array_axes": None,
        },
        "widgets": shown,
        "classes": list(PREDICTIONS[task]["scores"])
        if kind == "image" and "label" in PREDICTIONS[task]
        else None,
        "can_stream": task == "text-generation",
        "limits": {},
    }


class FakeServer:
    """The application, and what was asked of it.

    Args:
        models: as `/v1/models` lists them.
        token: that requests must bring; None: none.

    Attributes:
        requests: the inputs of each request: texts, or (name, bytes).
    """

    def __init__(self, models: list[dict[str, Any]], token: str | None = None) -> None:
        self.models = {model["name"]: model for model in models}
        self.requests: list[list[Any]] = []
        self.token = token
        self.url = ""
        self.application = Starlette(
            routes=[
                *routes(),
                Route("/v1/models", self._list),
                Route("/v1/models/{name}", self._describe),
                Route("/v1/models/{name}/predict", self._predict, methods=["POST"]),
            ]
        )

    def _refused(self, request: Request) -> Response | None:
        if self.token and request.headers.get("authorization") != f"Bearer {self.token}":
            return error(401, "unauthorized", "this server needs a token")
        return None

    async def _list(self, request: Request) -> Response:
        return self._refused(request) or JSONResponse({"models": list(self.models.values())})

    async def _describe(self, request: Request) -> Response:
        return self._refused(request) or JSONResponse(self.models[request.path_params["name"]])

    async def _predict(self, request: Request) -> Response:
        refused = self._refused(request)
        if refused:
            return refused
        inputs = await inputs_of(request)
        self.requests.append(inputs)
        model = self.models[request.path_params["name"]]
        if request.query_params.get("stream"):
            return StreamingResponse(streamed(model["task"], inputs), media_type="application/x-ndjson")
        lines = [line_of(model["task"], item, index) for index, item in enumerate(inputs)]
        failed = all("error" in line for line in lines)
        return JSONResponse({"model": model["name"], "predictions": lines}, 422 if failed else 200)


def error(status: int, code: str, message: str) -> Response:
    """An error as the contract has it."""
    return JSONResponse({"error": {"code": code, "message": message}}, status)


def line_of(task: str, item: Any, index: int) -> dict[str, Any]:
    """The prediction of an input; an error if `bad` is in its name."""
    name = item if isinstance(item, str) else item[0] if isinstance(item, tuple) else str(index)
    if "bad" in name:
        return {"name": name, "error": "this is no <b>image</b> that can be read"}
    return {"name": name, "prediction": PREDICTIONS[task]}


async def streamed(task: str, inputs: list[Any]) -> AsyncIterator[str]:
    """Lines as they come, slowly."""
    for index, item in enumerate(inputs):
        line = {"index": index, **line_of(task, item, index)}
        if "error" not in line:
            for count in range(1, len(STORY)):
                part = {**line, "prediction": {"text": "".join(STORY[:count])}, "final": False}
                yield json.dumps(part) + "\n"
                await asyncio.sleep(0.5 if "slow" in str(item) else 0.03)
            line["final"] = True
        yield json.dumps(line) + "\n"


async def inputs_of(request: Request) -> list[Any]:
    """The inputs of a request: texts, arrays as they are, and (name, bytes)."""
    if request.headers["content-type"].startswith("multipart/"):
        form = await request.form()
        return [(file.filename, await file.read()) for file in form.getlist("file")]
    inputs = json.loads(await request.body())["inputs"]
    return [
        (value.get("name", ""), base64.b64decode(value["base64"]))
        if isinstance(value, dict) and "base64" in value
        else value
        for value in inputs
    ]


@contextmanager
def running(application: Any) -> Iterator[str]:
    """The address at which an application answers within the block."""
    server = uvicorn.Server(
        uvicorn.Config(
            application, host="127.0.0.1", port=0, log_level="warning", timeout_graceful_shutdown=1
        )
    )
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        thread.join(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(5)


if __name__ == "__main__":
    uvicorn.run(FakeServer([described(task) for task in PREDICTIONS]).application, port=8701)
