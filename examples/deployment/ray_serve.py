"""A trained model under Ray Serve: the application of `suite serve`, in as many replicas as one likes.

    MODELS='{"birds": "/models/birds"}' serve run examples.deployment.ray_serve:deployment

or, without the command `serve`, `python examples/deployment/ray_serve.py`. Ray balances requests between the
replicas, and refuses with 503 what more than `max_queued_requests` of a proxy wait for; a replica refuses
with 429 what more than its own queue wait for. It needs `pip install 'ray[serve]' 'keras-suite[onnx,serve]'`
and the plugin of the model's task.
"""

from __future__ import annotations

import json
import os

from ray import serve
from starlette.applications import Starlette

import suite.serving


def application() -> Starlette:
    """What a replica runs; it is built in the replica, which opens the models itself."""
    models = json.loads(os.environ["MODELS"])
    return suite.serving.application(models, threads=1)


@serve.deployment(
    num_replicas=int(os.environ.get("REPLICAS", "2")),
    max_ongoing_requests=64,
    max_queued_requests=256,
    ray_actor_options={"num_cpus": 1},
)
@serve.ingress(application)
class Models:
    """The routes are those of the application."""


deployment = Models.bind()  # type: ignore[attr-defined]

if __name__ == "__main__":
    serve.run(deployment, blocking=True)
