"""Help pages: what they list, that nothing is cut, and what they import."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib.metadata import version

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from lookalike.cli.main import app

COMMANDS = get_command(app).commands  # type: ignore[attr-defined]
PANELS = {
    "Search": ["index", "search", "compare", "duplicates"],
    "Gallery": ["info", "refused", "prune", "remove", "check", "relocate", "export", "import"],
    "Encoders": ["evaluate", "finetune", "dataset"],
    "Server": ["serve"],
}


def page(*arguments: str, width: int = 80) -> str:
    done = CliRunner().invoke(app, [*arguments, "--help"], env={"COLUMNS": str(width)})
    assert done.exit_code == 0
    return done.stdout


def panels(text: str) -> dict[str, str]:
    return dict(re.findall(r"^╭─ (.*?) ─+╮\n(.*?)^╰", text, re.MULTILINE | re.DOTALL))


def first_words(panel: str) -> list[str]:
    return re.findall(r"^│ (\S+)", panel, re.MULTILINE)


@pytest.mark.parametrize("width", [80, 100])
@pytest.mark.parametrize("name", ["", *COMMANDS])
def test_nothing_is_cut_and_flags_have_no_type(name: str, width: int) -> None:
    text = page(*filter(None, [name]), width=width)
    assert max(map(len, text.splitlines())) <= width
    for mark in ("…", "<", "BOOLEAN", "{", "None"):
        assert mark not in text, mark


@pytest.mark.parametrize("width", [80, 100])
def test_commands_stand_in_panels_in_the_order_people_need_them(width: int) -> None:
    shown = panels(page(width=width))
    assert list(shown) == [*PANELS, "Options"]
    assert {name: first_words(shown[name]) for name in PANELS} == PANELS
    assert [name for names in PANELS.values() for name in names] == list(COMMANDS)
    for name, names in PANELS.items():  # each command takes one line
        assert len(shown[name].splitlines()) == len(names)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_is_on_its_page_with_help(name: str) -> None:
    shown = panels(page(name, width=100))
    options = "".join(text for title, text in shown.items() if title != "Arguments")
    for parameter in COMMANDS[name].params:
        assert parameter.help
        for option in parameter.opts:
            if option.startswith("-"):
                assert re.search(rf"│ {option}\b", options), option


def test_options_of_search_are_grouped() -> None:
    shown = panels(page("search"))
    assert list(shown) == ["Arguments", "Options", "Filters", "Output", "Encoder"]
    assert first_words(shown["Filters"])[:3] == ["--folder", "--label", "--min-width"]
    assert first_words(shown["Output"]) == [
        "--json",
        "--paths",
        "--print0",
        "--all-places",
        "--sheet",
    ]
    assert "--copies / --no-copies" in shown["Options"]
    assert "[default: 10]" in shown["Options"]
    assert list(panels(page("compare"))) == ["Arguments", "Options"]  # few need no groups


def test_without_arguments_the_help_page_is_shown() -> None:
    done = CliRunner().invoke(app, [], env={"COLUMNS": "80"})
    assert done.exit_code == 2
    assert done.stdout.strip() == page().strip()


def test_the_version() -> None:
    done = CliRunner().invoke(app, ["--version"])
    assert (done.exit_code, done.stdout) == (0, f"lookalike {version('lookalike')}\n")


def test_help_imports_no_more_than_it_needs() -> None:
    code = (
        "import sys; sys.argv = ['lookalike', '--help']\n"
        "from lookalike.cli.main import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "print(*sys.modules, file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "duplicates" in done.stdout
    modules = set(done.stderr.split())
    ours = {name for name in modules if name.split(".")[0] == "lookalike"}
    assert {name for name in ours if not name.startswith("lookalike.cli")} == {
        "lookalike",
        "lookalike.errors",
    }
    slow = {"contact_sheet", "progress"}
    assert not ours & {f"lookalike.cli.{name}" for name in slow}
    assert not modules & {
        *("numpy", "PIL", "cv2", "lance", "pyarrow", "onnxruntime", "fastapi", "httpx"),
        *("urllib.request", "http.client", "ssl", "asyncio"),
        *("rich.markdown", "markdown_it", "pygments", "rich.progress", "typer.rich_utils"),
    }
