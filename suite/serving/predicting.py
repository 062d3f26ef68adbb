"""`POST /v1/models/NAME/predict`."""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import parse_qs

from suite.prediction.predictor import LoadedPipeline
from suite.serving.bodies import ClientGoneError, PendingBodies, read_apart
from suite.serving.exchange import Exchange
from suite.serving.inputs import Given, Parsed, parsed_request
from suite.serving.models import ServedModel
from suite.serving.problems import RequestError, too_slow
from suite.serving.responses import LINES, answer_or_gone, encoder, line_of, respond
from suite.serving.settings import ServerSettings


class Predict:
    """The endpoint that predicts.

    Args:
        find: the model of a name, or raises `RequestError`.
        settings: of the server.
        bodies: counts what is held.
    """

    def __init__(self, find: Any, settings: ServerSettings, bodies: PendingBodies) -> None:
        self._find = find
        self._settings = settings
        self._bodies = bodies

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        exchange: Exchange = scope["suite.exchange"]
        model: ServedModel = self._find(scope["path_params"]["name"])
        exchange.model = model.name
        query = _query(scope["query_string"])
        with self._bodies.of_request() as body:
            content = await body.read(scope, receive, self._settings)
            exchange.received = len(content)
            parsed = await self._parsed(scope, content, query.get("name", [""])[-1], model)
            del content
            exchange.inputs = len(parsed.inputs)
            pipeline = await model.with_options(parsed.options)
            with model.under_way(len(parsed.inputs)):
                if query.get("stream", ["false"])[-1].lower() in ("true", "1", ""):
                    await self._stream(model, pipeline, parsed.inputs, receive, send, exchange)
                else:
                    await self._answer(model, pipeline, parsed.inputs, receive, send, exchange)

    async def _parsed(self, scope: Any, body: bytes, name: str, model: ServedModel) -> Parsed:
        content_type = ""
        for header, value in scope["headers"]:
            if header == b"content-type":
                content_type = value.decode("latin-1")
        arguments = (content_type, body, name, model.pipeline.codec, self._settings)
        return await read_apart(len(body), parsed_request, *arguments)

    async def _answer(
        self,
        model: ServedModel,
        pipeline: LoadedPipeline,
        inputs: list[Given],
        receive: Any,
        send: Any,
        exchange: Exchange,
    ) -> None:
        try:
            lines = await answer_or_gone(
                model.predict(pipeline, inputs), receive, self._settings.answer_seconds
            )
        except TimeoutError:
            raise too_slow(self._settings.answer_seconds) from None
        flat = [line for of_input in lines for line in of_input]
        exchange.failed = sum(line.error is not None for line in flat)
        status = 200
        if exchange.failed == len(flat):
            status = 500 if all(line.defect for line in flat) else 422
        values = [
            {"name": line.name, "prediction": line.prediction}
            if line.error is None
            else {"name": line.name, "error": line.error}
            for line in flat
        ]
        await respond(send, status, encoder.encode({"model": model.name, "predictions": values}))

    async def _stream(
        self,
        model: ServedModel,
        pipeline: LoadedPipeline,
        inputs: list[Given],
        receive: Any,
        send: Any,
        exchange: Exchange,
    ) -> None:
        async def lines() -> None:
            async for index, line in model.stream(pipeline, inputs):
                if line.error is not None:
                    exchange.failed += 1
                    values = {"index": index, "name": line.name, "error": line.error}
                else:
                    values = {
                        "index": index,
                        "name": line.name,
                        "prediction": line.prediction,
                        "final": line.final,
                    }
                body = {"type": "http.response.body", "body": line_of(values), "more_body": True}
                async with asyncio.timeout(self._settings.send_seconds):
                    await send(body)

        await send(
            {
                "type": "http.response.start",
                "status": 200,
                "headers": [
                    (b"content-type", LINES),
                    (b"cache-control", b"no-store"),
                    (b"x-accel-buffering", b"no"),
                ],
            }
        )
        try:
            await answer_or_gone(lines(), receive, self._settings.answer_seconds, soon=0)
        except TimeoutError:
            exchange.failed += 1
            sentence = too_slow(self._settings.answer_seconds).message
            await send(
                {"type": "http.response.body", "body": line_of({"error": sentence}), "more_body": True}
            )
        except ClientGoneError:
            exchange.gone = True
            return
        await send({"type": "http.response.body", "body": b""})


def _query(text: bytes) -> dict[str, list[str]]:
    if not text:
        return {}
    try:
        return parse_qs(text.decode("latin-1"), keep_blank_values=True, max_num_fields=10)
    except ValueError:
        raise RequestError(
            400, "query", "the address has more parameters than there are: stream, name"
        ) from None
