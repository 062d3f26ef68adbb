"""What is installed only by those who train, inspect or score."""

TRAIN = "suite-speech-recognition[train]"
