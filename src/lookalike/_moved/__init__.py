"""Modules under the names that they had in the last release; each warns, and goes in the next."""
