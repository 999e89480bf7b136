from __future__ import annotations

import os
from pathlib import Path

import pytest

from lookalike.errors import ArgumentError
from lookalike.sources import addresses


def test_addresses_become_absolute() -> None:
    here = os.getcwd()
    for place, whole in {
        "a.jpg": os.path.join(here, "a.jpg"),
        "a.zip!/b/c.jpg": os.path.join(here, "a.zip") + "!/b/c.jpg",
        "S3://Bucket/a/": "s3://Bucket/a",
        "https://Host:80/A.jpg?b=c#d": "https://host:80/A.jpg?b=c",
        "http://host": "http://host/",
        Path(here).as_uri(): here,
    }.items():
        assert addresses.absolute(place) == whole
        assert addresses.absolute(whole) == whole
    for wrong in ("s3:///key", "https://me:secret@host/a.jpg", "file://other/a.jpg"):
        with pytest.raises(ArgumentError):
            addresses.absolute(wrong)


def test_a_drive_is_no_scheme() -> None:
    assert addresses.scheme_of("C:\\a.jpg") == ""
    assert addresses.scheme_of("c://a.jpg") == ""
    assert addresses.scheme_of("s3://a/b") == "s3"
    assert addresses.is_local("C:\\a.jpg")


def test_a_member_follows_the_first_archive() -> None:
    split = addresses.split_member
    assert split("/a/b.zip!/c/d.jpg") == ("/a/b.zip", "c/d.jpg")
    assert split("s3://b/x.TAR.gz!/c.tar!/d.jpg") == ("s3://b/x.TAR.gz", "c.tar!/d.jpg")
    assert split("/wow!/a.jpg") == ("/wow!/a.jpg", "")
    assert not addresses.is_local("/a/b.zip!/c.jpg")


def test_addresses_below_a_root() -> None:
    a = os.path.abspath("a")
    archive = os.path.join(a, "b.zip")
    assert addresses.is_under(f"{archive}!/c.jpg", archive)
    assert addresses.is_under(f"{archive}!/c.jpg", a)
    assert addresses.is_under(f"{archive}!/c/d.jpg", f"{archive}!/c")
    assert not addresses.is_under(f"{archive}!/cd.jpg", f"{archive}!/c")
    assert addresses.is_under("s3://b/a/c.jpg", "s3://b/a")
    assert addresses.is_under("s3://b/a/c.jpg", "s3://b")
    assert not addresses.is_under("s3://b/ab.jpg", "s3://b/a")
    assert not addresses.is_under(os.path.abspath("a!/b.jpg"), a)
