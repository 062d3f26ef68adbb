"""The Open Inference Protocol (version 2), as KServe and Triton have it, with binary tensors.

The tensors of a model are those of its network, as they are for the exported file in any other server. A
request whose only input is of BYTES goes the way of people's inputs: each element is a file, or a text
if the model reads texts, and the output `predictions` has the JSON of each prediction.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np
from starlette.routing import BaseRoute, Route

import suite
from suite.pipeline.codec import ArraySpec, ArraySpecs, Encoded
from suite.prediction.encoding import NO_CONTEXT
from suite.serving.binary_tensors import (
    DATATYPES,
    RequestTensor,
    read_tensors,
    refused,
    to_bytes,
    to_json,
)
from suite.serving.bodies import PendingBodies, read_apart
from suite.serving.exchange import Exchange
from suite.serving.inputs import check_count, check_elements, given_file_or_text
from suite.serving.models import ServedModel
from suite.serving.problems import RequestError, too_slow
from suite.serving.responses import JsonPage, answer_or_gone, encoder, respond
from suite.serving.running import Item
from suite.serving.settings import ServerSettings

VERSION = "1"
_HEADER = b"inference-header-content-length"
PREDICTIONS = "predictions"

Find = Callable[[str], ServedModel]


class RequestedOutput(msgspec.Struct):
    """An output that a request wants.

    Attributes:
        name: of the output.
        parameters: `binary_data`, whether it is to come as bytes.
    """

    name: str
    parameters: dict[str, Any] = {}


class InferenceRequest(msgspec.Struct):
    """The JSON of a request.

    Attributes:
        inputs: its tensors.
        id: comes back with the response.
        parameters: `binary_data_output`, whether outputs are to come as bytes.
        outputs: those that are wanted; empty: all.
    """

    inputs: list[RequestTensor]
    id: str | None = None
    parameters: dict[str, Any] = {}
    outputs: list[RequestedOutput] = []


_decoder = msgspec.json.Decoder(InferenceRequest)


@dataclass(frozen=True, slots=True)
class Tensors:
    """What a request holds: what it wants, and its arrays by name."""

    request: InferenceRequest
    arrays: dict[str, Any]


def routes(find: Find, ready: Callable[[], tuple[int, Any]], infer: Infer, models: Any) -> list[BaseRoute]:
    """The routes below `/v2`.

    Args:
        find: the model of a name, or raises `RequestError`.
        ready: the status of the server, and what to say.
        infer: the endpoint that predicts.
        models: all of them by name.
    """

    def of_version(version: str) -> None:
        if version != VERSION:
            raise RequestError(404, "unknown_model", f"there is only version {VERSION} of a model")

    def metadata(name: str, version: str = VERSION) -> dict[str, Any]:
        of_version(version)
        model = find(name)
        signature = model.pipeline.network.signature
        return {
            "name": model.name,
            "versions": [VERSION],
            "platform": f"suite_{model.description.network.rpartition('.')[2]}",
            "inputs": _described(signature.inputs, "input"),
            "outputs": _described(signature.outputs, "output"),
        }

    def model_ready(name: str, version: str = VERSION) -> tuple[int, Any]:
        of_version(version)
        model = find(name)
        return (200 if model.ready else 503), {"name": model.name, "ready": model.ready}

    def index() -> list[dict[str, str]]:
        return [{"name": name, "version": VERSION, "state": "READY"} for name in models]

    about = {"name": "suite", "version": suite.__version__, "extensions": ["binary_tensor_data"]}
    made: list[BaseRoute] = [
        Route("/v2", JsonPage(lambda: about), methods=["GET"]),
        Route("/v2/health/live", JsonPage(lambda: {"live": True}), methods=["GET"]),
        Route("/v2/health/ready", JsonPage(ready), methods=["GET"]),
        Route("/v2/repository/index", JsonPage(index), methods=["POST"]),
    ]
    for prefix in ("/v2/models/{name}", "/v2/models/{name}/versions/{version}"):
        made += [
            Route(prefix, JsonPage(metadata), methods=["GET"]),
            Route(f"{prefix}/ready", JsonPage(model_ready), methods=["GET"]),
            Route(f"{prefix}/infer", infer, methods=["POST"]),
        ]
    return made


class Infer:
    """`POST /v2/models/NAME/infer`.

    Args:
        find: the model of a name, or raises `RequestError`.
        settings: of the server.
        bodies: counts what is held.
    """

    def __init__(self, find: Find, settings: ServerSettings, bodies: PendingBodies) -> None:
        self._find = find
        self._settings = settings
        self._bodies = bodies

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        exchange: Exchange = scope["suite.exchange"]
        parts = scope["path_params"]
        if parts.get("version", VERSION) != VERSION:
            raise RequestError(404, "unknown_model", f"there is only version {VERSION} of a model")
        model = self._find(parts["name"])
        exchange.model = model.name
        with self._bodies.of_request() as body:
            content = await body.read(scope, receive, self._settings)
            exchange.received = len(content)
            headers = dict(scope["headers"])
            tensors = await read_apart(len(content), read_request, content, headers.get(_HEADER))
            del content
            try:
                outputs = await answer_or_gone(
                    self._outputs(model, tensors, exchange), receive, self._settings.answer_seconds
                )
            except TimeoutError:
                raise too_slow(self._settings.answer_seconds) from None
        await _respond(send, model.name, tensors.request, outputs)

    async def _outputs(self, model: ServedModel, tensors: Tensors, exchange: Exchange) -> dict[str, Any]:
        values = list(tensors.arrays.values())
        if len(values) == 1 and isinstance(values[0], list):
            return await self._predictions(model, values[0], exchange)
        rows = _rows(tensors.arrays, model.pipeline.network.signature.inputs, self._settings)
        exchange.inputs = len(rows)
        check_count(len(rows), self._settings)
        items = [
            Item(model.pipeline.codec, encoded=Encoded(row, NO_CONTEXT), outputs_only=True) for row in rows
        ]
        with model.under_way(len(items)):
            await model.run(items)
        for item in items:
            if item.error is not None:
                exchange.failed += 1
        for item in items:
            if item.error is not None:
                raise RequestError(500 if item.defect else 422, "prediction", item.error)
        first = items[0].prediction
        if isinstance(first, dict):
            return {name: np.concatenate([item.prediction[name] for item in items]) for name in first}
        specs = model.pipeline.network.signature.outputs
        name = next(iter(specs)) if isinstance(specs, Mapping) and len(specs) == 1 else "output"
        return {name: np.concatenate([item.prediction for item in items])}

    async def _predictions(
        self, model: ServedModel, elements: list[bytes], exchange: Exchange
    ) -> dict[str, Any]:
        """Files or texts, predicted as those of people."""
        exchange.inputs = len(elements)
        check_count(len(elements), self._settings)
        codec = model.pipeline.codec
        inputs = [
            given_file_or_text(content, index, codec, self._settings)
            for index, content in enumerate(elements)
        ]
        with model.under_way(len(inputs)):
            lines = [of_input[-1] for of_input in await model.predict(model.pipeline, inputs)]
        failed = [line for line in lines if line.error is not None]
        exchange.failed = len(failed)
        if len(failed) == len(lines):
            defect = all(line.defect for line in lines)
            raise RequestError(500 if defect else 422, "prediction", str(lines[0].error))
        return {
            PREDICTIONS: [
                encoder.encode(line.prediction if line.error is None else {"error": line.error})
                for line in lines
            ]
        }


def read_request(body: bytes, header: bytes | None) -> Tensors:
    """What the body of a request holds.

    Args:
        body: all of it.
        header: `Inference-Header-Content-Length`, if there is one.

    Raises:
        RequestError: if it cannot be read.
    """
    end = len(body)
    if header is not None:
        if not header.isdigit() or len(header) > 12 or int(header) > len(body):
            raise refused("Inference-Header-Content-Length is not the length of the body's JSON")
        end = int(header)
    check_elements(memoryview(body)[:end])
    try:
        request = _decoder.decode(memoryview(body)[:end])
    except msgspec.ValidationError as error:
        raise refused(f"the request is not one of the Open Inference Protocol: {error}") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise refused(f"the request is no JSON that can be read: {error}") from None
    if not request.inputs:
        raise refused("the request has no inputs")
    return Tensors(request, read_tensors(request.inputs, body[end:]))


def _rows(arrays: dict[str, Any], specs: ArraySpecs | None, settings: ServerSettings) -> list[Any]:
    """The examples of a batch, as the network takes one."""
    if specs is None:
        raise refused("this network does not say what tensors it takes: send one input of BYTES, see /docs")
    named = specs if isinstance(specs, Mapping) else {"input": specs}
    for name in arrays:
        if name not in named:
            raise refused(f"the model has no input '{name[:100]}': it has {', '.join(named)}")
    for name in named:
        if name not in arrays:
            raise refused(f"the input '{name}' is missing")
    for name, array in arrays.items():
        _check(name, array, named[name], settings.max_tensor_side)
    counts = {len(array) for array in arrays.values()}
    if len(counts) != 1:
        raise refused(f"the inputs have several batch sizes: {', '.join(map(str, sorted(counts)))}")
    count = counts.pop()
    if isinstance(specs, ArraySpec):
        return list(arrays["input"])
    return [{name: np.asarray(arrays[name][row]) for name in named} for row in range(count)]


def _check(name: str, array: Any, spec: ArraySpec, max_side: int) -> None:
    wanted = _datatype(spec)
    given = "BYTES" if isinstance(array, list) else DATATYPES[array.dtype.name]
    if given != wanted:
        raise refused(f"input '{name}' is of {given}, and the model takes {wanted}")
    sides = array.shape[1:]
    fits = len(sides) == len(spec.shape) and all(
        own in (None, side) for own, side in zip(spec.shape, sides, strict=True)
    )
    if not fits:
        shape = [-1, *(-1 if side is None else side for side in spec.shape)]
        raise refused(f"input '{name}' has the shape {list(array.shape)}, and the model takes {shape}")
    for own, side in zip(spec.shape, sides, strict=True):
        if own is None and side > max_side:
            raise refused(
                f"input '{name}' has a side of {side:,}, more than the limit of {max_side:,}"
                " (--max-tensor-side)"
            )


def _described(specs: ArraySpecs | None, alone: str) -> list[dict[str, Any]]:
    if specs is None:
        return []
    named = specs if isinstance(specs, Mapping) else {alone: specs}
    return [
        {
            "name": name,
            "datatype": _datatype(spec),
            "shape": [-1, *(-1 if side is None else side for side in spec.shape)],
        }
        for name, spec in named.items()
    ]


def _datatype(spec: ArraySpec) -> str:
    return DATATYPES.get(spec.dtype, "FP32")


async def _respond(send: Any, model: str, request: InferenceRequest, outputs: dict[str, Any]) -> None:
    all_binary = request.parameters.get("binary_data_output") is True
    wanted = {output.name: output for output in request.outputs}
    for name in wanted:
        if name not in outputs:
            raise refused(f"the model has no output '{name[:100]}': it has {', '.join(outputs)}")
    described: list[dict[str, Any]] = []
    binary: list[bytes] = []
    for name, value in outputs.items():
        if wanted and name not in wanted:
            continue
        parameters = wanted[name].parameters if name in wanted else {}
        is_list = isinstance(value, list)
        output: dict[str, Any] = {
            "name": name,
            "datatype": "BYTES" if is_list else DATATYPES[value.dtype.name],
            "shape": [len(value)] if is_list else list(value.shape),
        }
        if parameters.get("binary_data", all_binary) is True:
            content = to_bytes(value)
            binary.append(content)
            output["parameters"] = {"binary_data_size": len(content)}
        else:
            output["data"] = to_json(value)
        described.append(output)
    answer = {"model_name": model, "model_version": VERSION, "outputs": described}
    head = encoder.encode({"id": request.id, **answer} if request.id is not None else answer)
    if not binary:
        await respond(send, 200, head)
        return
    length = (_HEADER, str(len(head)).encode())
    await respond(send, 200, b"".join([head, *binary]), b"application/octet-stream", (length,))
