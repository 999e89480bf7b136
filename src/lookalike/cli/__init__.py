"""The command line: parses, calls the verbs of `Gallery`, prints. Only `main` ends the process.

One module a command or family of commands. Nothing outside this package imports from it.
"""
