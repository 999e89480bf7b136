"""Measure the server and its page under load."""
