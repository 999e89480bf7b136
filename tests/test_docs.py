"""The documentation: complete, short enough to read, and without a broken link."""

from __future__ import annotations

import ast
import html
import importlib
import importlib.util
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
import typer.main

import lookalike
from lookalike import Gallery, errors
from lookalike.cli import main
from lookalike.client import ERROR_CODES

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
SAMPLES = ROOT / "samples"
PAGES = sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md"), *ROOT.glob("[bst]*/README.md")])
# What users import: `docs/reference/api.md` has all that these packages export.
PUBLIC = ("", ".dataset", ".duplicates", ".edits", ".encoders", ".evaluate", ".finetune")
# Exported for other packages of lookalike, not for users.
INTERNAL = {
    "lookalike.duplicates": {
        *("Marks", "check_folders", "contents_of", "decisions_version", "protect"),
        *("read_marks", "read_rules", "write_marks", "write_rules"),
        *("GOES", "STAYS", "UNCHECKED", "Journal", "Trash", "VerdictCache"),
        *("check_groups", "known_verdicts"),
    },
    "lookalike.encoders": {
        *("DEFAULT_ENCODER", "HUB_PREFIX", "METADATA_KEY"),
        *("check_device", "likely_device", "load_torch", "packaged_file", "successor"),
    },
}
MAX_COLUMNS = 7  # of a table
MAX_LINE = 100
MAX_PARAGRAPH = 5  # lines
MAX_README = 120  # lines
# Examples that need a server, minutes of training, or the map of a report.
SLOW = r"https?://|finetune\(|write_report\("


def read(name: str) -> str:
    return (ROOT / name).read_text("utf-8")


def prose(path: Path) -> Iterator[tuple[int, str]]:
    """Number the lines of a page that are not code; those of code blocks are empty."""
    fenced = False
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        fence = line.startswith("```")
        fenced ^= fence
        yield number, "" if fenced or fence or line.startswith("    ") else line


def code_blocks(path: Path, language: str) -> list[str]:
    text = path.read_text("utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def shell_commands(path: Path) -> Iterator[str]:
    """List the commands in indented blocks, lines that end in a backslash joined."""
    text = path.read_text("utf-8").replace("\\\n", " ")
    for line in re.findall(r"^    (\S.*)$", text, re.MULTILINE):
        yield from re.split(r"\s(?:\||&&)\s", line)


def cli_commands() -> dict[str, Any]:
    return typer.main.get_command(main.app).commands  # type: ignore[attr-defined]


def names(path: Path) -> str:
    return str(path.relative_to(ROOT))


every_page = pytest.mark.parametrize("page", PAGES, ids=names)


@every_page
def test_lines_and_paragraphs_are_short(page: Path) -> None:
    lines = 0
    for number, line in prose(page):
        longest_word = max((len(word) for word in line.split()), default=0)
        assert len(line) <= MAX_LINE or line[0] == "|" or longest_word > MAX_LINE - 20, number
        starts = re.match(r"\s*(?:- |\d+\. |[|#])", line)
        lines = 0 if not line.strip() or line.startswith(("|", "#", ":::")) else lines + 1
        lines = 1 if starts and lines else lines
        assert lines <= MAX_PARAGRAPH, f"{names(page)}:{number}"


@every_page
def test_tables_fit_a_page(page: Path) -> None:
    for number, line in prose(page):
        if line.startswith("|"):
            cells = re.sub(r"`[^`]*`", "", line).strip().strip("|").split("|")
            assert len(cells) <= MAX_COLUMNS, f"{names(page)}:{number}"


def test_the_readme_is_short() -> None:
    assert len(read("README.md").splitlines()) <= MAX_README


@every_page
def test_links_and_pictures_resolve(page: Path) -> None:
    """Links between pages of the site; `mkdocs build --strict` also checks their anchors."""
    text = "\n".join(line for _, line in prose(page))
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if not re.match(r"https?:|#", target):
            path, _, anchor = target.partition("#")
            assert (page.parent / path).exists(), target
            if anchor:
                headings = re.findall(
                    r"^#+ (.*)$", (page.parent / path).read_text("utf-8"), re.MULTILINE
                )
                slugs = {
                    re.sub(r"[^\w\- ]", "", one.lower()).strip().replace(" ", "-")
                    for one in headings
                }
                assert anchor in slugs, target


def test_pictures_are_used_and_small() -> None:
    text = "".join(page.read_text("utf-8") for page in PAGES)
    for picture in (DOCS / "images").iterdir():
        assert f"images/{picture.name}" in text, picture
        assert picture.stat().st_size <= 300_000, picture


@every_page
def test_files_that_a_page_names_exist(page: Path) -> None:
    text = page.read_text("utf-8")
    folders = "benchmarks|docs|samples|tests|training"
    for path in re.findall(rf"(?<![\w/.(])(?:{folders})/[\w/.-]+\.\w+", text):
        assert (ROOT / path).exists(), path


@every_page
def test_modules_and_extras_that_a_page_names_exist(page: Path) -> None:
    text = page.read_text("utf-8")
    for name in re.findall(r"python -m ((?:benchmarks|training)[\w.]*)", text):
        place = ROOT.joinpath(*name.split("."))
        assert place.with_suffix(".py").exists() or (place / "__main__.py").exists(), name
    extras = re.findall(
        r"^(\w+) = \[", read("pyproject.toml").split("optional-dependencies")[1], re.MULTILINE
    )
    for name in re.findall(r"'(?:lookalike|\.)\[(\w+)\]'", text):
        assert name in extras


def test_the_architecture_lists_every_package() -> None:
    text = read("ARCHITECTURE.md")
    for package in (ROOT / "src" / "lookalike").glob("*/__init__.py"):
        assert f"\n      {package.parent.name}/ " in text, package.parent.name


def test_pages_that_the_code_names_exist() -> None:
    folders = ("src", "benchmarks", "training", "samples", "tests")
    for path in (one for folder in folders for one in (ROOT / folder).rglob("*")):
        if path.suffix in {".py", ".md"}:
            for page in re.findall(r"\bdocs/[\w/-]+\.md", path.read_text("utf-8")):
                assert (ROOT / page).exists(), f"{path}: {page}"


def test_every_command_and_option_is_documented() -> None:
    text = read("docs/reference/commands.md")
    commands = cli_commands()
    for name, command in commands.items():
        part = re.search(
            rf"^### `lookalike {name}\b.*?(?=^##?#? |\Z)", text, re.MULTILINE | re.DOTALL
        )
        assert part, f"docs/reference/commands.md has no part on {name}"
        for parameter in command.params:
            for option in (*parameter.opts, *parameter.secondary_opts):
                if option.startswith("--") and option != "--help":
                    assert re.search(rf"`{option}[` ]", part[0]), f"{name} {option}"
    assert set(re.findall(r"^### `lookalike (\w+)", text, re.MULTILINE)) == set(commands)


@every_page
def test_commands_on_a_page_can_be_typed(page: Path) -> None:
    for line in shell_commands(page):
        if re.match(r"(?:\w+=\S+ )?lookalike \w", line):
            name, *arguments = shlex.split(line, comments=True)[("=" in line.split()[0]) + 1 :]
            cli_commands()[name].make_context(name, arguments)


@every_page
def test_python_on_a_page_imports_what_exists(page: Path) -> None:
    for block in code_blocks(page, "python"):
        for node in ast.walk(ast.parse(block)):
            if isinstance(node, ast.ImportFrom) and node.module:
                module = importlib.import_module(node.module)
                assert all(hasattr(module, one.name) for one in node.names), block


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as a reader has it: photos/, a gallery of them, and query.jpg."""
    folder = tmp_path_factory.mktemp("docs") / "home"
    for label in ("motorbikes", "sunflower"):
        shutil.copytree(SAMPLES / "pictures" / label, folder / "photos" / label)
    shutil.copy(SAMPLES / "queries" / "sunflower.jpg", folder / "query.jpg")
    Gallery.open(folder / "gallery").index(folder / "photos")
    return folder


@pytest.mark.parametrize(
    "block",
    [
        pytest.param(block, id=f"{names(page)}-{number}")
        for page in PAGES
        for number, block in enumerate(code_blocks(page, "python"))
        if not re.search(SLOW, block)
    ],
)
def test_python_on_a_page_runs(block: str, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(home)
    exec(compile(block, "block", "exec"), {})


def test_every_error_is_documented() -> None:
    text = read("docs/reference/errors.md")
    for name, kind in vars(errors).items():
        if isinstance(kind, type):
            assert f"| `{name}` |" in text, name
            assert f"::: lookalike.errors.{name}\n" in text, name


def test_every_error_that_a_server_sends_is_documented() -> None:
    """Routes and the other codes are compared in `tests/server/test_api.py`."""
    text = read("docs/reference/rest.md")
    for error, status, code in ERROR_CODES:
        assert re.search(
            rf"^\| `{code}` \| {status} \|.*`{error.__name__}` \|$", text, re.MULTILINE
        ), code


def test_every_public_name_is_on_the_api_page() -> None:
    page = set(re.findall(r"^::: lookalike\.(\S+)", read("docs/reference/api.md"), re.MULTILINE))
    documented = {name.split(".")[-1] for name in page}
    for part in PUBLIC:
        module = importlib.import_module(f"lookalike{part}")
        public = set(module.__all__) - INTERNAL.get(module.__name__, set())
        known = {name for name in public if issubclass(_kind(module, name), errors.LookalikeError)}
        assert public - known <= documented, part  # errors have a page of their own


def _kind(module: object, name: str) -> type:
    value = getattr(module, name)
    return value if isinstance(value, type) else object


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built strictly: a broken link, anchor or name is an error."""
    if importlib.util.find_spec("mkdocs") is None:
        pytest.skip("MkDocs is not installed")
    folder = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
    )
    assert done.returncode == 0, done.stderr
    return folder


def test_the_site_describes_every_public_name(site: Path) -> None:
    """A name without a docstring is not on the page."""
    page = (site / "reference" / "api.html").read_text("utf-8")
    written = set(re.findall(r'id="(lookalike\.[\w.]+)"', page))
    for name in re.findall(r"^::: (\S+)", read("docs/reference/api.md"), re.MULTILINE):
        assert name in written
    for name in ("Gallery", "Client"):
        kind = getattr(lookalike, name)
        for member in (one for one in dir(kind) if not one.startswith("_")):
            if callable(getattr(kind, member)):
                assert f"lookalike.{name}.{member}" in written


def test_the_site_loads_nothing_from_other_hosts(site: Path) -> None:
    for page in site.rglob("*.html"):
        text = html.unescape(page.read_text("utf-8"))
        loaded = re.findall(r"<(?:script|img|iframe)[^>]+src=\"?(https?:[^\"> ]+)", text)
        loaded += re.findall(r"<link[^>]+href=\"?(https?:[^\"> ]+)", text)
        assert not loaded, page
