"""What is installed only by those who train or score."""

TRAIN = "suite-text[train]"
