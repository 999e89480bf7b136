"""`python -m lookalike` runs the command `lookalike`."""

from .cli.main import main

if __name__ == "__main__":
    main()
