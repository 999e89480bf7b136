"""Weights that `lookalike --encoder caltech101` and `--encoder lookalike-3-large` find here."""
