"""Help pages as panels, drawn with Rich.

Typer can draw them, too, but for that it imports a Markdown parser and a highlighter of code,
which takes longer than all the rest of `lookalike --help`.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from typer.core import TyperArgument, TyperCommand, TyperGroup

if TYPE_CHECKING:
    from rich.text import Text
    from typer.core import TyperOption

MAX_SINGLE_PANEL_OPTIONS = 6  # a command with so few lists them in one panel


class _PanelPage:
    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Print the help page."""
        del formatter
        _print_page(ctx)


class PanelCommand(_PanelPage, TyperCommand):
    """A command with a help page of panels."""

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        """List what follows the command's name in its usage line, without Typer's braces."""
        pieces = super().collect_usage_pieces(ctx)
        return [piece.replace("{", "").replace("}", "") for piece in pieces]


class PanelGroup(_PanelPage, TyperGroup):
    """A group of commands with a help page of panels."""


def _print_page(ctx: Any) -> None:
    from rich.console import Console
    from rich.padding import Padding
    from rich.panel import Panel
    from rich.table import Table
    from rich.text import Text

    panels = _panels(ctx)
    width = max(len(name) for rows in panels.values() for name, _ in rows)
    console = Console(highlight=False, markup=False, emoji=False)
    usage = " ".join([ctx.command_path, *ctx.command.collect_usage_pieces(ctx)])
    text = Text.assemble(("Usage: ", "bold"), usage, "\n\n", ctx.command.help)
    console.print(Padding(text, 1))
    for title, rows in panels.items():
        table = Table(
            box=None, show_header=False, expand=True, padding=(0, 2, 0, 0), pad_edge=False
        )
        table.add_column(width=width, style="bold cyan", overflow="fold")
        table.add_column(ratio=1, overflow="fold")
        for row in rows:
            table.add_row(*row)
        console.print(Panel(table, title=Text(title), title_align="left", border_style="dim"))


def _panels(ctx: Any) -> dict[str, list[tuple[str, Text]]]:
    """Sort what a page lists into its panels: commands, arguments, options."""
    from rich.text import Text

    panels = defaultdict[str, list[tuple[str, Text]]](list)
    for name, command in getattr(ctx.command, "commands", {}).items():
        summary = command.help.partition("\n\n")[0]
        panels[command.rich_help_panel].append((name, Text(summary)))
    parameters = ctx.command.get_params(ctx)
    arguments = [parameter for parameter in parameters if isinstance(parameter, TyperArgument)]
    options = [parameter for parameter in parameters if parameter not in arguments]
    for argument in arguments:
        panels["Arguments"].append((_argument_name(argument), _description(argument)))
    is_long = len(options) > MAX_SINGLE_PANEL_OPTIONS
    for option in options:
        panel = (is_long and getattr(option, "rich_help_panel", None)) or "Options"
        panels[panel].append((_option_name(option), _description(option)))
    return panels


def _argument_name(argument: TyperArgument) -> str:
    return f"{argument.metavar}{'...' if argument.nargs == -1 else ''}"


def _option_name(option: TyperOption) -> str:
    names = ", ".join(sorted(option.opts, key=len))
    value = "" if option.is_flag else f" {option.metavar}"
    return " / ".join([names, *option.secondary_opts]) + value


def _description(parameter: TyperArgument | TyperOption) -> Text:
    from rich.text import Text

    text = Text(parameter.help or "")
    if parameter.required:
        text.append(" [required]", "dim red")
    elif getattr(parameter, "show_default", False) and type(parameter.default) in {str, int, float}:
        text.append(f" [default: {parameter.default}]", "dim")
    return text
