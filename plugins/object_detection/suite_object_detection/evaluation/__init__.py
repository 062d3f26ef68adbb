"""Scores and figures from predictions: the evaluator above figures, figures above metrics."""
