"""keras-hub's detectors: their codec, builder, networks and losses."""
