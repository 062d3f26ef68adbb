"""The networks, and what they share; Keras only."""
