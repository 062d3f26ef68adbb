"""The forms in which predictions are written: a module for each."""
