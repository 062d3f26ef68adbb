"""What a server counts, for Prometheus: requests, inputs, batches and queues."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import partial
from typing import Any

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)

from suite.serving.exchange import Exchange
from suite.serving.models import ServedModel
from suite.serving.responses import respond
from suite.serving.settings import MULTIPROCESS

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120)
_SIZES = (1, 2, 4, 8, 16, 32, 64, 128, 256)


class Metrics:
    """The numbers of one application, in a registry of its own.

    Args:
        models: by their names.
    """

    def __init__(self, models: Mapping[str, ServedModel]) -> None:
        self._registry = registry = CollectorRegistry()
        self._requests = Counter(
            "suite_requests", "Requests by model and status", ["model", "status"], registry=registry
        )
        self._refused = Counter("suite_refused", "Refused requests by reason", ["code"], registry=registry)
        self._gone = Counter("suite_clients_gone", "Clients that went before the end", registry=registry)
        self._seconds = Histogram(
            "suite_request_seconds",
            "Seconds from the head of a request to the end of its response",
            ["model"],
            registry=registry,
            buckets=_SECONDS,
        )
        self._inputs = Counter(
            "suite_inputs", "Inputs of requests, by whether there is a prediction", ["model", "outcome"],
            registry=registry,
        )  # fmt: skip
        batches = Histogram(
            "suite_batch_size", "Inputs in a forward pass", ["model"], registry=registry, buckets=_SIZES
        )
        under_way = Gauge(
            "suite_inputs_under_way", "Inputs that are accepted and not answered", ["model"],
            registry=registry, multiprocess_mode="livesum",
        )  # fmt: skip
        # Looking up a labeled one costs more than counting.
        self._of_model: dict[tuple[str, int], Any] = {}
        self._seconds_of = {name: self._seconds.labels(name) for name in models}
        self._inputs_of = {
            (name, outcome): self._inputs.labels(name, outcome)
            for name in models
            for outcome in ("predicted", "failed")
        }
        self._under_way_of = {name: under_way.labels(name) for name in models}
        self._models = models
        for name, model in models.items():
            model.on_batch = batches.labels(name).observe
            if MULTIPROCESS not in os.environ:
                self._under_way_of[name].set_function(partial(getattr, model, "accepted"))

    def observe(self, scope: Any, exchange: Exchange, seconds: float) -> None:
        """Count a request that has ended."""
        key = exchange.model, exchange.status
        counter = self._of_model.get(key)
        if counter is None:
            counter = self._of_model[key] = self._requests.labels(exchange.model, str(exchange.status))
        counter.inc()
        if exchange.gone:
            self._gone.inc()
        if exchange.code:
            self._refused.labels(exchange.code).inc()
        if exchange.model:
            self._seconds_of[exchange.model].observe(seconds)
            if exchange.inputs and exchange.status in (200, 422, 500):
                failed = min(exchange.failed, exchange.inputs)
                if failed < exchange.inputs:
                    self._inputs_of[exchange.model, "predicted"].inc(exchange.inputs - failed)
                if failed:
                    self._inputs_of[exchange.model, "failed"].inc(failed)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """`GET /metrics`."""
        registry = self._registry
        if MULTIPROCESS in os.environ:
            from prometheus_client.multiprocess import MultiProcessCollector

            for name, model in self._models.items():
                self._under_way_of[name].set(model.accepted)
            registry = CollectorRegistry()
            MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        await respond(send, 200, generate_latest(registry), CONTENT_TYPE_LATEST.encode())
