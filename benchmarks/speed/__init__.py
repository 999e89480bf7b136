"""Measure the speed of indexing and of searching on one machine."""
