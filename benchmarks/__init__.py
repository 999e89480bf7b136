"""Measure every figure in the docs; README.md lists the commands."""
