"""The formats of translations."""
