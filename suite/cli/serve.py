"""`suite serve RUN|EXPORT...`: trained models behind HTTP."""

from __future__ import annotations

import argparse
import gc
import re
import sys
from contextlib import nullcontext, suppress
from typing import TYPE_CHECKING, Any

from suite.cli.main import host_from
from suite.cli.runtimes import RUNTIME_HELP
from suite.cli.tokens import token_of
from suite.cli.unknown_options import keys_of_model
from suite.errors import UserError, unimportable

if TYPE_CHECKING:
    from pathlib import Path

    from suite.serving.models import ServedModel
    from suite.serving.settings import ServerSettings

_LOCAL = ("127.0.0.1", "localhost", "::1")

_EVERY = "0.0.0.0"  # noqa: S104 - only compared with what the user gave

_MAX_WORKERS = 256

_ORIGIN = re.compile(r"(null|[a-z][a-z0-9+.-]*://[^/?#@\s]+)", re.ASCII)

_NEEDED = ("httptools", "prometheus_client", "python_multipart", "starlette", "uvicorn")

_LIMITS: dict[str, tuple[type, str]] = {
    "max_body_mb": (float, "megabytes of one request"),
    "max_inputs": (int, "inputs in one request"),
    "max_characters": (int, "characters of a text"),
    "max_tensor_side": (int, "of a tensor (/v2), along axes that a network takes of any length"),
    "max_connections": (int, "connections at once"),
    "queue": (int, "inputs for one model under way at once; more get 429"),
    "max_wait_ms": (float, "milliseconds that an input may wait for others to share a forward pass with"),
    "header_seconds": (float, "in which the head of a request must come"),
    "body_seconds": (float, "in which its body must come"),
    "answer_seconds": (float, "in which it must be answered"),
    "shutdown_seconds": (float, "that accepted requests get when the server is stopped"),
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The words and options of the command."""
    parser.add_argument(
        "models",
        metavar="RUN|EXPORT",
        nargs="+",
        help="runs, or folders that 'suite export' wrote; NAME=PATH calls a model otherwise than its folder",
    )
    parser.add_argument(
        "--host",
        dest="address",
        default="127.0.0.1",
        metavar="ADDRESS",
        help="the address to listen on (127.0.0.1)",
    )
    parser.add_argument("--port", type=int, default=8000, help="the port (8000); 0: any that is free")
    parser.add_argument(
        "--token-file",
        metavar="FILE",
        help="a file with the token that requests must bear; else SUITE_TOKEN of the environment",
    )
    parser.add_argument(
        "--allow-origin",
        metavar="ORIGIN",
        action="append",
        default=[],
        help="let pages of this origin call the server, https://example.org, say (repeatable)",
    )
    parser.add_argument(
        "--allow-host",
        metavar="NAME",
        action="append",
        default=[],
        help="one more name by which the server may be called (repeatable)",
    )
    parser.add_argument(
        "--no-options", action="store_true", help="let no request set options of the prediction"
    )
    parser.add_argument(
        "--access-log", metavar="FILE", help="write a line of JSON for each request; '-': standard output"
    )
    parser.add_argument(
        "--batch-size",
        type=int,
        metavar="N",
        help="inputs in one forward pass at most (what 'suite bench --save' found, else 32)",
    )
    parser.add_argument(
        "--workers", type=int, default=1, metavar="N", help="processes, each with all models (1)"
    )
    parser.add_argument("--threads", type=int, metavar="N", help="of one forward pass of an exported network")
    parser.add_argument(
        "--set",
        metavar="OPTION=VALUE",
        action="append",
        default=[],
        help="an option of the prediction; 'suite show TASK MODEL' lists them; or a limit,"
        " runtime.max_input_gb=... (repeatable)",
    )
    parser.add_argument("--backend", default="auto", help="tensorflow, jax or torch, for a network of Keras")
    parser.add_argument("--device", default="auto", help="cpu, gpu or gpu:N, for a network of Keras")
    parser.add_argument("--runtime", help=RUNTIME_HELP)
    from suite.serving.settings import ServerSettings

    defaults = ServerSettings()
    limits = parser.add_argument_group("limits")
    for name, (kind, help_text) in _LIMITS.items():
        shown = f"{help_text} ({getattr(defaults, name):,g})"
        limits.add_argument(f"--{name.replace('_', '-')}", type=kind, metavar="N", help=shown)


settable = keys_of_model
"""What `--set` takes, for the message about an option that there is not."""


def run(arguments: argparse.Namespace) -> int:
    """Serve until the process is told to end."""
    from suite.serving.workers import counted_together

    with nullcontext() if arguments.workers == 1 else counted_together() as counts:
        check_installed()
        return _serve(arguments, counts)


def _serve(arguments: argparse.Namespace, counts: Path | None) -> int:
    from suite.configuration import option_settings, take_limits
    from suite.limits import set_limits
    from suite.pipeline.manifest import unfinished_note
    from suite.prediction.loading import describe
    from suite.serving.asgi import application_of
    from suite.serving.loading import load_models, named_models
    from suite.serving.server import Server, bound_socket, raise_file_limit
    from suite.serving.workers import Workers

    host = host_from(arguments)
    options = option_settings(arguments.set)
    keys = set(options)
    limits = take_limits(options)
    set_limits(limits)
    given = {key.removeprefix("runtime.") for key in keys - set(options)}
    settings = _settings(arguments, {name: getattr(limits, name) for name in given})
    named = named_models(arguments.models)
    for path in named.values():  # what is wrong with the words is said before anything is loaded
        note = unfinished_note(describe(path, host=host, options=options).manifest, path)
        if note:
            print(f"suite: note: {note}", file=sys.stderr)
    sock = bound_socket(arguments.address, arguments.port)
    raise_file_limit(2 * settings.max_connections + 256)

    def serve(first: bool) -> None:
        models = load_models(
            named,
            settings,
            host=host,
            options=options,
            backend=arguments.backend,
            device=arguments.device,
            threads=arguments.threads,
            runtime=arguments.runtime or "auto",
        )

        def greet() -> None:
            if first:
                _greet(arguments.address, sock.getsockname()[1], models, settings)

        gc.collect()
        gc.freeze()  # models stay: looking through them again and again would hold up requests
        Server(application_of(models, settings), settings, greet).run(sockets=[sock])

    if arguments.workers > 1:
        return Workers(arguments.workers, serve, counts).run()
    serve(True)
    return 0


def check_installed() -> None:
    """Refuse to serve without the packages that it needs.

    Raises:
        UserError: saying how to get them.
    """
    from importlib import import_module

    for package in _NEEDED:
        try:
            import_module(package)
        except ImportError as error:
            missing = f"suite serve needs {package}, which is not installed: pip install 'keras-suite[serve]'"
            raise unimportable(error, package, missing) from None


def _settings(arguments: argparse.Namespace, limits: dict[str, float]) -> ServerSettings:
    import msgspec

    from suite.serving.settings import ServerSettings

    given: dict[str, Any] = {
        name: value for name in _LIMITS if (value := getattr(arguments, name)) is not None
    }
    known = ServerSettings.__struct_fields__
    given |= {name: value for name, value in limits.items() if name in known}
    if arguments.batch_size is not None:
        given["batch_size"] = arguments.batch_size
    local = arguments.address in _LOCAL
    hosts = {*arguments.allow_host, *(_LOCAL if local else ())} if local or arguments.allow_host else ()
    if not 1 <= arguments.workers <= _MAX_WORKERS:
        raise UserError(f"--workers {arguments.workers} is not allowed: 1 to {_MAX_WORKERS}")
    if not 0 <= arguments.port <= 65535:
        raise UserError(f"--port {arguments.port} is not allowed: 0 to 65535")
    for origin in arguments.allow_origin:
        if origin != "*" and not _ORIGIN.fullmatch(origin):
            raise UserError(
                f"--allow-origin {origin} is no origin: give it as browsers send it, such as"
                " https://example.org, or '*'"
            )
    try:
        return msgspec.convert(
            {
                **given,
                "token": token_of(arguments.token_file),
                "origins": tuple(arguments.allow_origin),
                "hosts": tuple(sorted(hosts)),
                "access_log": arguments.access_log,
                "request_options": not arguments.no_options,
            },
            ServerSettings,
        )
    except msgspec.ValidationError as error:
        sentence, _, path = str(error).partition(" - at `$.")
        name = path.rstrip("`").replace("_", "-")
        raise UserError(f"--{name} is not allowed: {sentence[:1].lower()}{sentence[1:]}") from None


def _greet(host: str, port: int, models: dict[str, ServedModel], settings: ServerSettings) -> None:
    """Say where the server is, what it serves, and how to try it."""
    shown = {"::": "[::1]", "::1": "[::1]", "": "127.0.0.1"}.get(host, host)
    shown = "127.0.0.1" if shown == _EVERY else shown
    address = f"http://{shown}:{port}"
    bearer = ' -H "Authorization: Bearer $SUITE_TOKEN"' if settings.token else ""
    lines = [f"suite: serving on {address} (Ctrl-C ends)"]
    lines += [
        f"  {name}  {model.description.task}  {address}/v1/models/{name}" for name, model in models.items()
    ]
    name, model = next(iter(models.items()))
    lines.append(f"try it: curl{bearer} {_example(model)} {address}/v1/models/{name}/predict")
    with suppress(BrokenPipeError):  # whoever reads it may have read enough
        print("\n".join(lines), flush=True)
    if host not in _LOCAL and settings.token is None:
        print(
            f"suite: warning: whoever reaches {host}:{port} may use these models: ask for a token"
            " (--token-file FILE, or SUITE_TOKEN)",
            file=sys.stderr,
            flush=True,
        )


def _example(model: ServedModel) -> str:
    inputs = model.description.inputs
    if inputs.text:
        return """--json '{"inputs": ["a text"]}'"""
    suffix = next(iter([*inputs.files, *inputs.streams]), "")
    return f"-F file=@FILE{suffix}" if suffix else """--json '{"inputs": [[1, 2, 3]]}'"""
