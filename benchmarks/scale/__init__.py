"""Measure and estimate what a gallery costs as it grows."""
