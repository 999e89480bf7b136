"""Recipes that make the packaged encoder; never imported by the library."""
