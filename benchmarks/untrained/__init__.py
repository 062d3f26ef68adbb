"""Models of networks that were not trained, whose speed is that of trained ones."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras

import suite
from suite.prediction.loading import save_pipeline


def untrained_run(folder: Path, task: str, builder_name: str, **options: Any) -> Path:
    """Save a model with random weights, built for the sample of its task, as that of a run.

    Args:
        folder: of the run; made.
        task: its name.
        builder_name: of the model builder.
        options: of the builder.

    Returns:
        The folder.
    """
    host = suite.Host()
    builder = host.builder(builder_name, task)
    dataset = host.task(task).sample()
    keras.utils.set_random_seed(0)
    pipeline = builder.item.build(dataset, builder.item.options(**options))
    save_pipeline(
        folder / "model",
        task=task,
        builder=f"{builder.plugin}:{builder_name}",
        codec=pipeline.codec,
        network=pipeline.network,
        facts=dataset.facts,
    )
    return folder
