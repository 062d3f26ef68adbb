"""Training batches: what is read once of an image with boxes, and what is random."""
