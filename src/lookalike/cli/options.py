"""Options that several commands share, and the panels of their help pages."""

from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import ArgumentError

if TYPE_CHECKING:
    from pathlib import Path

# A page with many options groups them in panels.
encoder_option = partial(typer.Option, rich_help_panel="Encoder")
filter_option = partial(typer.Option, rich_help_panel="Filters")
output_option = partial(typer.Option, rich_help_panel="Output")

GalleryOption = Annotated[
    str | None,
    typer.Option(
        "--gallery",
        metavar="DIR|URL",
        help="The gallery: a folder, s3://bucket/name, or a server's URL. By default "
        "$LOOKALIKE_GALLERY, or a gallery in your data folder.",
    ),
]
EncoderOption = Annotated[
    str | None,
    encoder_option(
        "--encoder",
        metavar="NAME",
        help="lookalike-3, an .onnx file, or hf:owner/name. By default the gallery's own.",
    ),
]
DeviceOption = Annotated[
    str | None,
    encoder_option(
        "--device",
        metavar="NAME",
        help="Where the encoder runs: auto (a GPU if possible), cpu or cuda. By default "
        "$LOOKALIKE_DEVICE, or auto.",
    ),
]
JsonOption = Annotated[bool, output_option("--json", help="Print one JSON object.")]


def check_output_folder(path: "Path") -> None:
    """Check that a file can be written beside others, before hours of work.

    Raises:
        ArgumentError: its folder does not exist.
    """
    folder = path.absolute().parent
    if not folder.is_dir():
        raise ArgumentError(f"{folder} is not a folder; choose an existing one for {path.name}.")
