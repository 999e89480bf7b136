"""How fast pictures go in and queries are answered, on one machine."""
