"""The page on how good a model is."""
