"""The command `search`, in real processes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image

from lookalike.sources import content_hash

from ..conftest import run


def test_search_prints_json_paths_or_plain_lines(pictures: Path, indexed: Path) -> None:
    query = pictures / "a" / "0003.jpg"
    answer = json.loads(run("search", query, "--json", "--top", 4, gallery=indexed).stdout)
    assert set(answer) == {"query", "hits", "took_ms"}
    assert answer["query"] == str(query)
    assert [hit["rank"] for hit in answer["hits"]] == [1, 2, 3, 4]
    assert answer["hits"][0]["score"] > 0.999
    assert answer["hits"][0] | {"score": 1} == {
        "rank": 1,
        "path": str(query),
        "score": 1,
        "width": 160,
        "height": 120,
        "kind": "exact",
        "match": answer["hits"][0]["match"],
        "id": content_hash(query.read_bytes()).hex(),
        "size": query.stat().st_size,
        "mtime_ns": query.stat().st_mtime_ns,
        "places": [
            {
                "path": str(query),
                "size": query.stat().st_size,
                "mtime_ns": query.stat().st_mtime_ns,
            }
        ],
    }
    assert answer["hits"][0]["match"]["transform"][2] == pytest.approx([0, 0, 1], abs=1e-3)
    assert answer["hits"][3]["kind"] == "similar"
    assert "match" not in answer["hits"][3]
    unproved = run("search", query, "--no-copies", "--json", "--top", 4, gallery=indexed).stdout
    assert not any("match" in hit for hit in json.loads(unproved)["hits"])
    paths = run("search", query, "--paths", "--top", 2, gallery=indexed).stdout.splitlines()
    assert paths == [hit["path"] for hit in answer["hits"][:2]]
    plain = run("search", query, "--top", 1, gallery=indexed).stdout
    assert plain == f"1\texact\t1.0000\t160x120\t{query}\n"


def test_search_reads_a_picture_from_stdin(pictures: Path, indexed: Path) -> None:
    data = (pictures / "a" / "0003.jpg").read_bytes()
    done = run("search", "-", "--json", gallery=indexed, input=data, text=False)
    answer = json.loads(done.stdout)
    assert answer["query"] == "-"
    assert answer["hits"][0]["path"] == str(pictures / "a" / "0003.jpg")


def test_search_min_score_and_sheet(tmp_path: Path, pictures: Path, indexed: Path) -> None:
    query = pictures / "a" / "0003.jpg"
    options = ("--min-score", 0.9999, "--paths", "--sheet", tmp_path / "s.jpg")
    done = run("search", query, *options, gallery=indexed)
    assert done.stdout.splitlines() == [str(query)]
    assert f"Contact sheet: {tmp_path / 's.jpg'}" in done.stderr
    with Image.open(tmp_path / "s.jpg") as sheet:
        assert sheet.format == "JPEG"
    flat = tmp_path / "flat.png"
    Image.new("RGB", (60, 60), "red").save(flat)
    done = run("search", flat, "--min-score", 0.999, gallery=indexed)
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr == "No picture reaches --min-score 0.999; lower it.\n"


def test_an_answer_without_hits_says_what_is_true(pictures: Path, indexed: Path) -> None:
    query, nowhere = pictures / "a" / "0003.jpg", pictures / "nowhere"
    for options, said in (
        (("--label", "nosuch"), "has no picture with --label nosuch; relax the filters."),
        (("--folder", nowhere), f"has no picture with --folder {nowhere}; relax the filters."),
        (
            ("--label", "a", "--min-width", 4000, "--min-score", 0.5),
            "has no picture with all of --label a, --min-width 4000; relax the filters.",
        ),
        (
            ("--label", "b", "--min-score", 0.9999),
            "No picture that the filters allow reaches --min-score 0.9999; lower it.",
        ),
    ):
        done = run("search", query, *options, gallery=indexed)
        assert (done.returncode, done.stdout) == (0, "")
        assert done.stderr.rstrip().endswith(said)
