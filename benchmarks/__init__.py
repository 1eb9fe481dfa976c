"""How fast this project is against what a person would use instead: `python -m benchmarks`."""
