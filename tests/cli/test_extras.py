"""What needs an extra that is not installed: one sentence with its `pip` line, no traceback."""

from __future__ import annotations

from pathlib import Path

from ..conftest import run_commands

WITHOUT = "import sys; sys.modules.update({'obstore': None})\n"


def test_every_command_names_the_extra_of_a_gallery_in_an_object_store(tmp_path: Path) -> None:
    place = ("--gallery", "s3://bucket/name")
    found = run_commands(
        ("index", tmp_path, *place),
        ("search", tmp_path / "a.jpg", *place),
        ("search", "--text", "a cat", *place),
        ("duplicates", *place),
        ("info", *place),
        ("refused", *place),
        ("prune", *place),
        ("remove", tmp_path, *place),
        ("relocate", tmp_path, tmp_path / "new", *place),
        ("export", tmp_path / "out.parquet", *place),
        ("import", tmp_path / "out.parquet", *place),
        ("serve", *place),
        prelude=WITHOUT,
    )
    for done in found:
        assert (done.returncode, done.stdout, done.stderr) == (
            1,
            "",
            "s3://bucket/name needs a library; install it with: pip install 'lookalike[remote]'\n",
        ), done.args
