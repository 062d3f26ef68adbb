"""The networks, as functions that build them."""
