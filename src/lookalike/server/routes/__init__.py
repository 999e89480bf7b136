"""The addresses of the server, each with what stands behind it."""
