"""What the declarations of classification tasks share: metrics and addresses. Importing it costs nothing."""

from __future__ import annotations

import suite

METRICS = {
    "accuracy": suite.Metric(label="accuracy", share=True),
    "top5_accuracy": suite.Metric(label="top-5 accuracy", share=True, optional=True),
    "balanced_accuracy": suite.Metric(label="balanced accuracy", share=True),
    "micro_f1": suite.Metric(label="micro F1", share=True, optional=True),
    "macro_f1": suite.Metric(label="macro F1", share=True),
    "hamming_loss": suite.Metric(label="hamming loss", higher_is_better=False, share=True, optional=True),
    "log_loss": suite.Metric(label="log loss", higher_is_better=False),
    "calibration_error": suite.Metric(label="calibration error", higher_is_better=False),
    "roc_auc": suite.Metric(label="ROC AUC"),
    "average_precision": suite.Metric(label="average precision"),
}
"""The numbers that `suite_classification.evaluator.evaluation` gives."""

BASELINE = suite.lazy("suite_classification.baseline:most_frequent")
CHECK = suite.lazy("suite_classification.contract:check")
FACTS = suite.lazy("suite_classification.contract:facts")
PERFECT = suite.lazy("suite_classification.baseline:perfect")
PREDICTION = suite.lazy("suite_classification.types:Classification")
