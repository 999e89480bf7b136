"""Recipes for the packaged encoder and for the constants of copy detection."""
