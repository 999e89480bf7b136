"""How well edited copies find their originals, and how often different pictures pass for copies."""
