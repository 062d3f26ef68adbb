"""The formats of data, a file for each; `detection` tells which one a folder is of."""
