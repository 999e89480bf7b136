"""Compare lookalike with other programs."""
