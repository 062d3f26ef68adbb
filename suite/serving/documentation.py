"""A page that documents the server, made of what it serves; it needs no script and nothing from outside."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from html import escape
from typing import Any

from suite.serving.models import ServedModel
from suite.serving.responses import respond
from suite.serving.settings import ServerSettings

_STYLE = """
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
code, pre { font: 14px/1.45 ui-monospace, monospace; }
pre { padding: .8rem; overflow-x: auto; border: 1px solid #8886; border-radius: 6px; }
table { border-collapse: collapse; width: 100%; }
td, th { text-align: left; vertical-align: top; padding: .3rem .8rem .3rem 0; }
td, th { border-bottom: 1px solid #8883; }
summary { cursor: pointer; }
"""

_POLICY = b"default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'"


class Documentation:
    """`GET /docs`.

    Args:
        models: by their names.
        settings: of the server.
        described: gives its OpenAPI document.
    """

    def __init__(
        self,
        models: Mapping[str, ServedModel],
        settings: ServerSettings,
        described: Callable[[], dict[str, Any]],
    ) -> None:
        self._models = models
        self._settings = settings
        self._described = described

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        host = dict(scope["headers"]).get(b"host", b"127.0.0.1:8000").decode("latin-1")
        page = _page(
            self._models, self._settings, self._described(), f"{scope.get('scheme', 'http')}://{host}"
        )
        headers = ((b"content-security-policy", _POLICY), (b"x-frame-options", b"DENY"))
        await respond(send, 200, page.encode(), b"text/html; charset=utf-8", headers)


def _page(
    models: Mapping[str, ServedModel], settings: ServerSettings, document: dict[str, Any], address: str
) -> str:
    bearer = ' -H "Authorization: Bearer $SUITE_TOKEN"' if settings.token else ""
    sections = [_model(name, model, address, bearer) for name, model in models.items()]
    rows = "".join(
        f"<tr><td><code>{method.upper()}</code></td><td><code>{escape(path)}</code></td>"
        f"<td>{escape(operation['summary'])}</td></tr>"
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
    )
    limits = "".join(
        f"<tr><td><code>{escape(name)}</code></td><td>{value:,g}</td></tr>"
        for name, value in settings.shown().items()
    )
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width"><title>suite serve</title>'
        f"<style>{_STYLE}</style></head><body><h1>What this server offers</h1>"
        '<p><a href="/openapi.json">openapi.json</a> (OpenAPI 3.1) says the same for programs.</p>'
        f"{''.join(sections)}<h2>Addresses</h2><table>{rows}</table>"
        f"<h2>Limits</h2><table>{limits}</table></body></html>\n"
    )


def _model(name: str, model: ServedModel, address: str, bearer: str) -> str:
    predict = f"{address}/v1/models/{name}/predict"
    inputs = model.description.inputs
    lines = []
    suffix = next(iter([*inputs.files, *inputs.streams]), "")
    if inputs.text:
        lines.append(f"""curl{bearer} --json '{{"inputs": ["a text"]}}' {predict}""")
    if suffix:
        lines.append(f"curl{bearer} -F file=@FILE{suffix} {predict}")
    if not lines:
        lines.append(f"""curl{bearer} --json '{{"inputs": [[1, 2, 3]]}}' {predict}""")
    options = "".join(
        f"<tr><td><code>{escape(option.name)}</code></td><td>{escape(option.type)}</td>"
        f"<td>{escape(option.help)}</td></tr>"
        for option in model.description.options
    )
    schema = json.dumps(model.description.output_schema["oneOf"][0]["properties"], indent=2)
    definitions = json.dumps(model.description.output_schema.get("$defs", {}), indent=2)
    description = model.description
    return (
        f"<h2>{escape(name)}</h2><p>{escape(description.summary)} ({escape(description.task)})</p>"
        f"<pre>{escape(chr(10).join(lines))}</pre>"
        + (f"<details><summary>Options</summary><table>{options}</table></details>" if options else "")
        + "<details><summary>Predictions</summary>"
        + f"<pre>{escape(schema)}\n{escape(definitions)}</pre></details>"
    )
