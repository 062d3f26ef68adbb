"""What `benchmarks/fuzz.py` runs: made-up data, mutations of it, and what is done with them."""
