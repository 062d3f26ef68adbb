"""The use cases on a run directory: train, resume, evaluate, export."""
