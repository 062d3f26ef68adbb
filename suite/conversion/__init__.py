"""Networks for runtimes without Keras."""
