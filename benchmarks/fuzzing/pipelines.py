"""Pipelines of each task that need no training: a codec and a network that computes nothing."""

from __future__ import annotations

from functools import cache, partial
from typing import Any

import msgspec
import numpy as np

from suite import Host
from suite.prediction.predictor import LoadedPipeline
from suite_text.tokens.vocabulary import Vocabulary


@cache
def host() -> Host:
    """With all plugins that are installed."""
    return Host()


@cache
def pipeline(task: str) -> LoadedPipeline:
    """The codec of the task's own model, and a network that computes nothing."""
    builder = host().builder(host().task(task).builder, task)
    return LoadedPipeline(task, builder.full_name, builder.item.codec(_codec(task)), partial(_outputs, task))


@cache
def _codec(task: str) -> dict[str, Any]:
    """What `pipeline.json` holds of the codec of the task's own model."""
    classes = ["a", "b", "c"]
    match task:
        case "image-classification":
            return {"classes": classes, "size": [24, 24]}
        case "object-detection":
            return {"classes": classes, "size": [32, 32], "strides": [8, 16, 32], "bins": 16}
        case "speech-recognition":
            alphabet = {"symbols": [" ", *"ehlou"]}
            return {"rate": 8000, "lengths": [1600, 3200], "frame_samples": 320, "alphabet": alphabet}
        case "forecasting":
            return {"context": 14, "horizon": 7, "levels": [0.1, 0.5, 0.9], "frequency": "D", "season": 7}
    learned = Vocabulary.learn(["when does Ann see the lamp ?"], "characters", 40)
    vocabulary = msgspec.to_builtins(learned)
    match task:
        case "text-classification":
            return {
                "classes": classes,
                "reader": {"type": "tokens", "vocabulary": vocabulary, "lengths": [8, 32]},
            }
        case "translation":
            return {"vocabulary": vocabulary, "lengths": [8, 32], "source": "en", "beam": 2, "max_beam": 4}
        case _:
            return {"vocabulary": vocabulary, "lengths": [40, 60], "tokens_per_pass": 16}


def _outputs(task: str, inputs: Any) -> Any:
    """What an untrained network might give for a batch."""
    count = len(inputs if isinstance(inputs, np.ndarray) else next(iter(inputs.values())))
    match task:
        case "image-classification" | "text-classification":
            return np.zeros((count, 3), np.float32)
        case "object-detection":
            return np.zeros((count, 21, 67), np.float32)
        case "speech-recognition":
            return np.full((count, inputs["audio"].shape[1] // 320, 7), -2, np.float32)
        case "forecasting":
            return np.zeros((count, 7, 3), np.float32)
        case "translation":
            return np.full((count, 8, 2), 3, np.float32)
        case _:
            scores = np.full(inputs["tokens"].shape, -1, np.float32)
            return {"log_probabilities": scores, "written": np.full((count, 16, 2), 3, np.float32)}
