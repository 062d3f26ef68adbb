"""The networks of translation."""
