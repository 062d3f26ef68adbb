"""Predictions for many inputs on a Ray cluster, in the order of the inputs."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

from suite.errors import RunError, first_line
from suite.prediction.parallel import MAX_LOSSES, AwaitedParts
from suite.prediction.part_worker import PartPredictor
from suite.prediction.parts import Parts
from suite.processes import error_told, told
from suite.ray_machines import RayPlaces


class PartActor:
    """Predicts parts in a process of the cluster.

    Args:
        job: what `suite predict` sends.
    """

    def __init__(self, job: Mapping[str, Any]) -> None:
        self._job = job
        self._predictor: PartPredictor | None = None

    def predict(self, index: int) -> tuple[str, str] | None:
        """Predict a part; what went wrong, as `suite.processes.told` says it."""
        try:
            self._predictor = self._predictor or PartPredictor(self._job)
            self._predictor.predict(index)
        except Exception as error:  # noqa: BLE001 - told to the program
            return told(error)
        return None


class RayPartWorkers(AwaitedParts):
    """Actors of a Ray cluster that predict the parts of some inputs which are not there yet.

    A context manager, at whose end they are gone. A part whose actor is lost is predicted by another one.

    Args:
        ray: connected to the cluster.
        parts: is open for as long as they work, on a disk that all machines share.
        job: what they get.
        places: how many there are, and what each has.
    """

    def __init__(self, ray: Any, parts: Parts, job: Mapping[str, Any], places: RayPlaces) -> None:
        super().__init__(parts)
        waiting = [index for index in range(parts.count) if not parts.is_there(index)]
        actor = ray.remote(
            num_cpus=places.cores, num_gpus=places.gpus, max_restarts=-1, max_task_retries=MAX_LOSSES
        )(PartActor)
        count = min(places.workers.most or 1, len(waiting))
        self._ray = ray
        self._waiting = waiting
        self._actors = [actor.remote({**job, "cores": []}) for _ in range(count)]
        self._thread = threading.Thread(target=self._serve, name="ray", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._is_over = True
        for actor in self._actors:
            self._ray.kill(actor)

    def _serve(self) -> None:
        from ray.util import ActorPool

        pool = ActorPool(self._actors)
        try:
            for answer in pool.map_unordered(lambda actor, index: actor.predict.remote(index), self._waiting):
                if answer is not None:
                    self._fail(error_told(*answer))
                    return
                with self._changed:
                    self._changed.notify_all()
        except Exception as error:  # noqa: BLE001 - of Ray, which has no common class for them
            if not self._is_over:
                self._fail(
                    RunError(
                        f"Ray gave the prediction up ({first_line(error)[:300]}); the same command goes on"
                    )
                )
