"""Whisper and Moonshine of keras-hub: their options, codec, network and batches."""
