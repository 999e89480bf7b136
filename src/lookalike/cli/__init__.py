"""The command line: parses, calls the verbs of `Gallery`, prints. `main` chooses the exit code.

One module per command or family of commands. Nothing outside this package imports from it.
Modules of commands don't postpone annotations: Typer would evaluate each of them several times.
"""
