"""Makes the packaged encoder, lookalike-3; README.md in the folder above explains how."""
