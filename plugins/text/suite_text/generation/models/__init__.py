"""The networks of text generation."""
