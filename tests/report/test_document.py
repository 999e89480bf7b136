from __future__ import annotations

from pathlib import Path

import pytest

from lookalike.errors import ArgumentError
from lookalike.report.document import escape, write_document


def test_a_document_is_written_whole(tmp_path: Path) -> None:
    size = write_document(tmp_path / "x.html", title="T", style="p {}", body="<p>caf\u00e9")
    text = (tmp_path / "x.html").read_text("utf-8")
    assert size == len(text.encode())
    assert "<title>T</title>\n<style>p {}</style>" in text
    assert "default-src 'none'; img-src data:; style-src 'unsafe-inline'\"" in text
    assert "<p>caf\u00e9</body>" in text
    with pytest.raises(ArgumentError, match="can't be written"):
        write_document(tmp_path, title="", style="", body="")


def test_text_is_escaped() -> None:
    assert escape("<a & 'b'>") == "&lt;a &amp; &#x27;b&#x27;&gt;"
    assert escape("a\nb\udce9") == "a\N{REPLACEMENT CHARACTER}b?"
