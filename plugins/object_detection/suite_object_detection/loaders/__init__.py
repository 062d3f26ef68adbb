"""A module per format, each with `detect` and `load`, and what they share: annotations, files, cleaning."""
