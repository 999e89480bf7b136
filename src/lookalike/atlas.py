"""A 2-D map of embeddings."""
