"""Image classification: which class, or which classes, an image shows. Importing it imports nothing heavy."""

from __future__ import annotations

from suite_image_classification.declaration import (
    CODEC,
    TASK,
    suite_data_loaders,
    suite_evaluators,
    suite_model_builders,
    suite_tasks,
)

__all__ = ["CODEC", "TASK", "suite_data_loaders", "suite_evaluators", "suite_model_builders", "suite_tasks"]
