"""What the server offers as OpenAPI 3.1, made from the types that tasks declare."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

import suite
from suite.serving.inputs import ArrayInput, Base64Input
from suite.serving.models import ServedModel
from suite.serving.settings import ServerSettings

_ERRORS = {
    "400": "the request cannot be read",
    "401": "the token is missing or wrong",
    "403": "a page of another origin may not call",
    "404": "there is no such model or address",
    "405": "the address does not take this method",
    "408": "the request came too slowly",
    "413": "the request is too large",
    "415": "the body is of a kind that is not read",
    "421": "the server is not called by this name",
    "422": "nothing of the request can be predicted for",
    "429": "too much is under way: come again after Retry-After seconds",
    "500": "a defect, which the server has logged",
    "503": "there was no answer in time",
}

_ERROR = {
    "type": "object",
    "properties": {
        "error": {
            "type": "object",
            "properties": {"code": {"type": "string"}, "message": {"type": "string"}},
            "required": ["code", "message"],
        }
    },
    "required": ["error"],
}


def openapi(models: Mapping[str, ServedModel], settings: ServerSettings) -> dict[str, Any]:
    """The description of a server.

    Args:
        models: by their names.
        settings: of the server.
    """
    (base64, array), components = msgspec.json.schema_components(
        [Base64Input, ArrayInput], ref_template="#/components/schemas/{name}"
    )
    schemas: dict[str, Any] = {**components, "Error": _ERROR}
    described = {"type": "object", "properties": {"name": {"type": "string"}, "task": {"type": "string"}}}
    paths: dict[str, Any] = {
        "/healthz": _get("whether the process lives", {"type": "object"}),
        "/readyz": _get("whether all models answer", {"type": "object"}),
        "/v1/models": _get(
            "the models",
            {"type": "object", "properties": {"models": {"type": "array", "items": described}}},
        ),
        "/v2": _get("the server, as the Open Inference Protocol has it", {"type": "object"}),
        "/v2/health/live": _get("whether the process lives", {"type": "object"}),
        "/v2/health/ready": _get("whether all models answer", {"type": "object"}),
    }
    for name, model in models.items():
        schemas |= _of_predictions(name, model)
        paths[f"/v1/models/{name}"] = _get(f"what {name} is, reads and writes", described)
        paths[f"/v1/models/{name}/predict"] = {"post": _predict(name, model, settings, base64, array)}
        paths[f"/v2/models/{name}"] = _get(f"the tensors of {name}", {"type": "object"})
        paths[f"/v2/models/{name}/ready"] = _get(f"whether {name} answers", {"type": "object"})
        paths[f"/v2/models/{name}/infer"] = {"post": _infer(name)}
    document: dict[str, Any] = {
        "openapi": "3.1.0",
        "info": {"title": "suite", "version": suite.__version__},
        "paths": paths,
        "components": {"schemas": schemas},
    }
    if settings.token is not None:
        document["components"]["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
        document["security"] = [{"token": []}]
    plain: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(document))
    return plain


def _of_predictions(name: str, model: ServedModel) -> dict[str, Any]:
    """The schemas of a model's predictions, each under a name of its own."""
    schema = model.description.output_schema
    prefix = f"{name}."
    definitions = {f"{prefix}{key}": value for key, value in schema.get("$defs", {}).items()}
    definitions[f"{prefix}prediction"] = schema["oneOf"][0]["properties"]["prediction"]
    return {key: _moved(value, prefix) for key, value in definitions.items()}


def _moved(schema: Any, prefix: str) -> Any:
    """A schema whose references are to the components of the document."""
    if isinstance(schema, dict):
        return {
            key: value.replace("#/$defs/", f"#/components/schemas/{prefix}")
            if key == "$ref" and isinstance(value, str)
            else _moved(value, prefix)
            for key, value in schema.items()
        }
    return [_moved(each, prefix) for each in schema] if isinstance(schema, list) else schema


def _get(summary: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {
        "get": {"summary": summary, "responses": {"200": _json("the answer", schema), **_refusals("404")}}
    }


def _json(description: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"description": description, "content": {"application/json": {"schema": schema}}}


def _refusals(*statuses: str) -> dict[str, Any]:
    wanted = statuses or tuple(_ERRORS)
    both = {"401", "403", "405", "421"} | set(wanted)
    error = {"$ref": "#/components/schemas/Error"}
    return {status: _json(text, error) for status, text in _ERRORS.items() if status in both}


def _predict(name: str, model: ServedModel, settings: ServerSettings, base64: Any, array: Any) -> Any:
    inputs = model.description.inputs
    kinds: list[Any] = []
    if inputs.text:
        kinds.append({"type": "string", "maxLength": settings.max_characters, "description": "a text"})
    kinds += [base64, array, {"type": "array", "description": "an array as nested lists"}]
    request = {
        "type": "object",
        "properties": {
            "inputs": {
                "type": "array", "items": {"anyOf": kinds}, "minItems": 1, "maxItems": settings.max_inputs,
            },
            "options": {
                "type": "object",
                "description": "options of the prediction",
                "properties": {
                    option.name: {"description": f"{option.help} ({option.type})", "default": option.value}
                    for option in model.description.options
                },
                "additionalProperties": False,
            },
        },
        "required": ["inputs"],
        "additionalProperties": False,
    }  # fmt: skip
    prediction = {"$ref": f"#/components/schemas/{name}.prediction"}
    predictions = {
        "type": "object",
        "properties": {
            "model": {"const": name},
            "predictions": {
                "type": "array",
                "items": {
                    "type": "object",
                    "properties": {
                        "name": {"type": "string"},
                        "prediction": prediction,
                        "error": {"type": "string"},
                    },
                    "required": ["name"],
                },
            },
        },
        "required": ["model", "predictions"],
    }
    content: dict[str, Any] = {"application/json": {"schema": request}}
    if inputs.files or inputs.streams:
        file = {"type": "string", "contentMediaType": "application/octet-stream"}
        content["multipart/form-data"] = {
            "schema": {
                "type": "object",
                "properties": {"file": {"type": "array", "items": file}},
                "required": ["file"],
            }
        }
        content["application/octet-stream"] = {"schema": {"type": "string", "format": "binary"}}
    return {
        "summary": f"predict with {name}: {model.description.summary}",
        "operationId": f"predict-{name}",
        "parameters": [
            {
                "name": "stream",
                "in": "query",
                "description": "lines of JSON as they come",
                "schema": {"type": "boolean", "default": False},
            },
            {
                "name": "name",
                "in": "query",
                "description": "of a file that is the body",
                "schema": {"type": "string"},
            },
        ],
        "requestBody": {"required": True, "content": content},
        "responses": {
            "200": {
                "description": "a prediction or an error for each input",
                "content": {
                    "application/json": {"schema": predictions},
                    "application/x-ndjson": {"schema": {"type": "string"}},
                },
            },
            **_refusals(),
            "422": _json(_ERRORS["422"], {"anyOf": [predictions, {"$ref": "#/components/schemas/Error"}]}),
        },
    }


def _infer(name: str) -> Any:
    tensor = {
        "type": "object",
        "properties": {
            "name": {"type": "string"},
            "shape": {"type": "array", "items": {"type": "integer"}},
            "datatype": {"type": "string"},
            "data": {"type": "array"},
            "parameters": {"type": "object"},
        },
        "required": ["name", "shape", "datatype"],
    }
    schema = {
        "type": "object",
        "properties": {
            "id": {"type": "string"},
            "inputs": {"type": "array", "items": tensor, "minItems": 1},
            "outputs": {
                "type": "array",
                "items": {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]},
            },
            "parameters": {"type": "object"},
        },
        "required": ["inputs"],
    }  # fmt: skip
    sentence = {"type": "object", "properties": {"error": {"type": "string"}}, "required": ["error"]}
    return {
        "summary": f"the outputs of the network of {name} (Open Inference Protocol)",
        "operationId": f"infer-{name}",
        "requestBody": {"required": True, "content": {"application/json": {"schema": schema}}},
        "responses": {
            "200": _json("the outputs", {"type": "object", "required": ["model_name", "outputs"]}),
            **{status: _json(text, sentence) for status, text in _ERRORS.items()},
        },
    }
