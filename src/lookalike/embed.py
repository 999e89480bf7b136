"""Many picture files to one matrix of embeddings."""
