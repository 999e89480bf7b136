"""The weights of `lookalike --encoder lookalike-3-large`."""
