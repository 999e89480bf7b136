"""A labelled folder in, an encoder of your own out."""
