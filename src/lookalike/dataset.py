"""Bring a public data set onto this machine, safely."""
