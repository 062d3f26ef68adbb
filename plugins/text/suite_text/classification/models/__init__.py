"""The networks of text classification."""
