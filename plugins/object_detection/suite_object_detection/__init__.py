"""Object detection: the declaration of what this plugin contributes. It imports nothing heavy."""
