"""The command line: parse, call `Gallery`, present, choose the exit code."""

import sys
import warnings
from typing import Annotated

import typer

from ..errors import ArgumentError, LookalikeError
from .check import check
from .compare import compare
from .duplicates import duplicates
from .encoders import dataset, evaluate, finetune
from .exit_codes import DONE, INTERRUPTED, NOTHING_USABLE, WRONG_USAGE
from .gallery import export, import_, info, prune, refused, relocate, remove
from .help import PanelCommand, PanelGroup
from .index import index
from .search import search
from .serve import serve

# In the order in which people need them.
PANELS = {
    "Search": (index, search, compare, duplicates),
    "Gallery": (info, refused, prune, remove, check, relocate, export, import_),
    "Encoders": (evaluate, finetune, dataset),
    "Server": (serve,),
}

app = typer.Typer(
    cls=PanelGroup,
    no_args_is_help=True,
    rich_markup_mode=None,  # `help` draws the pages
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["--help", "-h"]},
)
for panel, commands in PANELS.items():
    for command in commands:
        name = command.__name__.rstrip("_")
        app.command(name, cls=PanelCommand, rich_help_panel=panel)(command)


@app.callback(invoke_without_command=True)
def lookalike(
    *,
    version: Annotated[bool, typer.Option("--version", help="Show the version and exit.")] = False,
) -> None:
    """Find a picture in your collection, even if it was edited, and similar ones."""
    if version:
        from importlib.metadata import version as version_of

        from .terminal import say

        say(f"lookalike {version_of('lookalike')}")
        raise typer.Exit


def main() -> None:
    """Run the command line."""
    from .streams import OutputError, finish_streams, prepare_streams
    from .terminal import say

    prepare_streams()
    # Decoders warn of damage that they repair; what they can't repair is refused with a reason.
    warnings.filterwarnings("ignore", module="PIL|pillow_heif")
    code = DONE
    try:
        try:
            code = _run()
        finally:
            finish_streams()
    except OutputError as error:
        if not error.is_closed:
            say(str(error), error=True)
            code = NOTHING_USABLE
    sys.exit(code)


def _run() -> int:
    """Run a command, and return its exit code."""
    from .terminal import say

    try:
        app()
    except ArgumentError as error:
        say(str(error), error=True)
        return WRONG_USAGE
    except LookalikeError as error:
        say(str(error), error=True)
        return NOTHING_USABLE
    except KeyboardInterrupt:  # before Typer could take it
        return INTERRUPTED
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else DONE
    return DONE
