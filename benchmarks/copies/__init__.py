"""How often edited copies find their originals, and different pictures are taken for copies."""
