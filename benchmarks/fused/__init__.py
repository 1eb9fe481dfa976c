"""Several repeats of a variant trained in one graph: a spike, and what it is worth."""
