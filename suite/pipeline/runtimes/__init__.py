"""The runtimes that run networks: which there are, which file each reads, and a module for each of them."""
