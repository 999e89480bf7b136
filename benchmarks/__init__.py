"""How every figure in the docs is measured; README.md lists the commands."""
