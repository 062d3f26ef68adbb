"""Training a pipeline so that it can be resumed exactly."""
