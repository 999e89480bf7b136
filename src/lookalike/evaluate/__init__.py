"""How good is the retrieval: protocols, metrics, report."""
