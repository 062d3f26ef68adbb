"""Predictions of a server, as those of `suite.load` are made: `suite.connect(url).predict(...)`."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from contextvars import copy_context
from typing import Any, Self

import msgspec

from suite.errors import UserError, nearest
from suite.host import Host
from suite.prediction.results import OnError, Result, check_on_error, prediction_of
from suite.serving.connection import Server, path_of
from suite.serving.remote_model import Predictions, RemoteModel
from suite.serving.sending import Sent, body_of, is_single, requests_of, sent_inputs

_AT_ONCE = 4
"""Requests that are under way, so that reading, sending and predicting overlap."""


class Client:
    """The models of a server, which `suite.connect` gives. Threads may share one.

    Args:
        server: the connections.
        host: has the types of predictions; None takes the installed plugins.
    """

    def __init__(self, server: Server, host: Host | None = None) -> None:
        self._server = server
        self._host = host if host is not None else Host()
        self._models = self._asked()

    @property
    def url(self) -> str:
        """The address of the server."""
        return self._server.url

    def models(self) -> list[RemoteModel]:
        """The models that the server has now."""
        self._models = self._asked()
        return list(self._models.values())

    def model(self, name: str | None = None) -> RemoteModel:
        """The model of a name; without one the only one that there is.

        Raises:
            UserError: if there is none, or several and no name.
        """
        names = list(self._models)
        if name is None and len(names) == 1:
            name = names[0]
        if name is None:
            have = f"the models {', '.join(names)}: say which" if names else "no model"
            raise UserError(f"the server at {self.url} has {have}")
        if name not in self._models:
            known = nearest(name, names) if names else "it has none"
            raise UserError(f"the server at {self.url} has no model '{name}': {known}")
        return self._models[name]

    def describe(self, model: str | None = None) -> dict[str, Any]:
        """All that the server says of a model: classes, options, the JSON Schema of predictions, and more."""
        described = self._server.get(path_of(self.model(model).name))
        if not isinstance(described, dict) or not isinstance(described.get("facts", {}), dict):
            raise UserError(f"what answers at {self.url} is no server of suite")
        return described

    def predict(
        self,
        x: Any,
        model: str | None = None,
        *,
        options: Mapping[str, Any] | None = None,
        on_error: OnError = "raise",
    ) -> Any:
        """Predict a raw input, or each of several, on the server.

        Args:
            x: a path, whose file is read here and sent; bytes, a `Source`, an open file; a string, if the
                model takes texts; an array. Or a list, a tuple or an iterator of such inputs.
            model: its name; None if the server has only one.
            options: of the prediction, by name.
            on_error: what to do with an input that cannot be read: "raise" its error, or "return" it in the
                place of its prediction.

        Returns:
            The prediction, or a list of them in the order of `x`: of the task's prediction type if its plugin
            is installed here, else plain JSON values. With `on_error="return"`, a `suite.InputError` for an
            input without one.

        Raises:
            suite.InputError: if an input cannot be read, unless such errors are returned; also for a file
                that holds many inputs, for which there is `predict_each`.
            UserError: if the server refuses, or is none.
            RunError: if it is busy, failed, or did not answer in time.
        """
        check_on_error(on_error)
        chosen = self.model(model)
        raws = x if self._is_several(x, chosen) else [x]
        found: list[Any] = []
        with closing(self._exchanged(raws, chosen, options)) as exchanges:
            for sent, results in exchanges:
                found.append(prediction_of(_only(sent, results), on_error))
        return found if raws is x else found[0]

    def predict_each(
        self,
        raws: Iterable[Any],
        model: str | None = None,
        *,
        options: Mapping[str, Any] | None = None,
        on_partial: Callable[[Result], None] | None = None,
    ) -> Generator[Result, None, None]:
        """Predict a stream of raw inputs in their order, a few requests at a time.

        An input that cannot be read gives a result with `error`, and the others go on. A file that holds many
        inputs (a video, a table of series, lines of text) gives a result for each.

        Args:
            raws: as for `predict`.
            model: as for `predict`.
            options: as for `predict`.
            on_partial: called with predictions that are not complete, if the model makes such; inputs are
                then predicted one by one.
        """
        chosen = self.model(model)
        if on_partial is not None and chosen.can_stream:
            predictions = Predictions(chosen, self._host)
            for sent in sent_inputs(raws, chosen):
                for result, final in self._streamed(sent, chosen, predictions, options):
                    if final:
                        yield result
                    else:
                        on_partial(result)
            return
        with closing(self._exchanged(raws, chosen, options)) as exchanges:
            for _, results in exchanges:
                yield from results

    def stream(
        self,
        raw: Any,
        model: str | None = None,
        *,
        options: Mapping[str, Any] | None = None,
        on_error: OnError = "raise",
    ) -> Iterator[Any]:
        """Predict a raw input: the prediction as far as it has come, again and again.

        There is only one if the model does not make partial predictions. Arguments and errors as for
        `predict`.
        """
        check_on_error(on_error)
        chosen = self.model(model)
        (sent,) = sent_inputs([raw], chosen)
        for result, _ in self._streamed(sent, chosen, Predictions(chosen, self._host), options):
            yield prediction_of(result, on_error)

    def close(self) -> None:
        """Close the connections."""
        self._server.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        self.close()

    def _asked(self) -> dict[str, RemoteModel]:
        found = self._server.get("/v1/models")
        try:
            models = msgspec.convert(found["models"], list[RemoteModel])
        except (KeyError, TypeError, msgspec.ValidationError):
            raise UserError(f"what answers at {self.url} is no server of suite") from None
        return {model.name: model for model in models}

    def _is_several(self, x: Any, model: RemoteModel) -> bool:
        axes = getattr(x, "ndim", None)
        if axes is not None and hasattr(x, "dtype"):
            most = model.inputs.array_axes
            return bool(x.dtype == object or (most is not None and axes == most + 1))
        if hasattr(x, "read") or isinstance(x, Mapping):
            return False
        return isinstance(x, list | tuple | Iterator) and not is_single(x, model)

    def _exchanged(
        self, raws: Iterable[Any], model: RemoteModel, options: Mapping[str, Any] | None
    ) -> Generator[tuple[Sent, list[Result]], None, None]:
        """Each input with its results, in their order; a few requests are under way at a time."""
        predictions = Predictions(model, self._host)
        groups = requests_of(sent_inputs(raws, model), model)
        waiting: deque[Any] = deque()
        threads = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="suite-client")
        try:
            while True:
                while len(waiting) < _AT_ONCE and (group := next(groups, None)) is not None:
                    work = threads.submit(
                        copy_context().run, self._exchange, group, model, predictions, options or {}
                    )
                    waiting.append((group, work))
                if not waiting:
                    return
                group, work = waiting.popleft()
                yield from zip(group, work.result(), strict=True)
        finally:
            threads.shutdown(wait=True, cancel_futures=True)

    def _exchange(
        self,
        group: list[Sent],
        model: RemoteModel,
        predictions: Predictions,
        options: Mapping[str, Any],
    ) -> list[list[Result]]:
        """The results of each input of a request."""
        first = group[0]
        if first.error is not None:
            return [[Result(first.raw, first.name, error=first.error)]]
        if first.many:
            found = self._streamed(first, model, predictions, options)
            return [[result for result, final in found if final]]
        body, content_type = body_of(group, options)
        answer = self._server.post(path_of(model.name) + "/predict", body, content_type, also=(422,))
        lines = answer.get("predictions") if isinstance(answer, dict) else None
        if not isinstance(lines, list):
            said = answer.get("error", {}) if isinstance(answer, dict) else {}
            message = said.get("message") if isinstance(said, dict) else None
            raise UserError(f"the server at {self.url} refuses: {message or 'it gives no predictions'}")
        if len(lines) != len(group):
            raise UserError(
                f"the server at {self.url} gives {len(lines)} predictions for {len(group)} inputs"
            )
        return [[_result(sent, line, predictions)] for sent, line in zip(group, lines, strict=True)]

    def _streamed(
        self,
        sent: Sent,
        model: RemoteModel,
        predictions: Predictions,
        options: Mapping[str, Any] | None,
    ) -> Iterator[tuple[Result, bool]]:
        """Results as they come, and whether they are complete."""
        if sent.error is not None:
            yield Result(sent.raw, sent.name, error=sent.error), True
            return
        body, content_type = body_of([sent], options or {})
        lines = self._server.lines(path_of(model.name) + "/predict?stream=true", body, content_type)
        with closing(lines):  # type: ignore[type-var]
            for line in lines:
                yield _result(sent, line, predictions), bool(line.get("final") or "error" in line)


def _result(sent: Sent, line: Any, predictions: Predictions) -> Result:
    """The result that a line of an answer is; inputs of a file are called by the name of the file here."""
    if not isinstance(line, dict):
        raise UserError("the server gives something else than predictions: is it one of suite?")
    name, given = sent.name, line.get("name")
    if sent.many and isinstance(given, str) and given != sent.filename:
        # Names become names of files, and this one is a stranger's.
        outside = given.startswith(("/", "\\")) or ".." in given
        name = given if not outside else sent.name
        if given.startswith(sent.filename):
            name = sent.name + given.removeprefix(sent.filename).replace("/", "_")
    if "error" in line:
        error = line["error"]
        return Result(sent.raw, name, error=error if isinstance(error, str) else "the server gives no reason")
    return Result(sent.raw, name, prediction=predictions.of(line.get("prediction")))


def _only(sent: Sent, results: list[Result]) -> Result:
    if len(results) == 1:
        return results[0]
    count = f"{len(results):,} inputs" if results else "nothing that could be predicted for"
    advice = ": predict_each() gives a result for each" if results else ""
    return Result(sent.raw, sent.name, error=f"it holds {count}{advice}")


def connect(url: str, token: str | None = None, *, timeout: float = 60.0, host: Host | None = None) -> Client:
    """Connect to a server of models that `suite serve` runs.

        server = suite.connect("http://127.0.0.1:8000")
        server.predict("photo.jpg", model="birds")

    Files are read here and sent; nothing on the server is named by a path. Only the standard library is
    needed. Environment variables for proxies are not looked at, and redirections are not followed.

    Args:
        url: its address, `http://HOST:PORT` or `https://...`.
        token: if the server asks for one.
        timeout: seconds that the server may be silent, and that are waited for a server that is busy.
        host: has the types of predictions; None takes the installed plugins.

    Raises:
        UserError: if no server of suite answers there, or it refuses the token.
    """
    return Client(Server(url, token, float(timeout)), host)
