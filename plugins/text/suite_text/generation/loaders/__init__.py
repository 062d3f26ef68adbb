"""The format of plain text."""
