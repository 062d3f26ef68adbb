"""Scores from predictions, never from models."""

from __future__ import annotations

from typing import TYPE_CHECKING

from suite.lazy_exports import lazy_exports

if TYPE_CHECKING:
    from suite.evaluation.prediction_files import PREDICTIONS_FILE as PREDICTIONS_FILE
    from suite.evaluation.types import Details as Details
    from suite.evaluation.types import Evaluation as Evaluation
    from suite.evaluation.types import Pairs as Pairs
    from suite.evaluation.types import PredictionWriter as PredictionWriter

if not TYPE_CHECKING:
    __getattr__, __dir__, __all__ = lazy_exports(
        __name__,
        {
            "Details": "suite.evaluation.types",
            "Evaluation": "suite.evaluation.types",
            "PREDICTIONS_FILE": "suite.evaluation.prediction_files",
            "Pairs": "suite.evaluation.types",
            "PredictionWriter": "suite.evaluation.types",
        },
    )
