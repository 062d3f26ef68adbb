"""The forms in which forecasts are written: a module for each."""
