"""Presets of keras-hub that write text."""
