"""Measure encoders on labelled collections of many kinds, for development and for testing."""
