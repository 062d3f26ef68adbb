"""Presets of keras-hub's BERT family as classifiers."""
