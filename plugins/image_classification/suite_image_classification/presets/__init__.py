"""keras-hub presets as classifiers: the network and its model builder."""
