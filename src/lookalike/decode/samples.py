"""The other pages and frames of a file: counted, and a few of them decoded small."""

from __future__ import annotations

MAX_SAMPLES = 8
