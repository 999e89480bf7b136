"""Modules under the names that they had in the last release.

Each imports from the new place and warns. They go in the next release.
"""
