"""Pictures that are no files by themselves, over HTTP."""

from __future__ import annotations

import zipfile
from pathlib import Path

from lookalike import Client

from ..conftest import save
from ..sources.conftest import Web
from .conftest import Server, serving


def archive(folder: Path) -> tuple[Path, bytes]:
    data = save(folder / "one" / "x.jpg", 77).read_bytes()
    with zipfile.ZipFile(folder / "a.zip", "w") as file:
        file.writestr("in/x.jpg", data)
    return folder / "a.zip", data


def test_a_member_is_indexed_shown_and_given_out(own: Server, tmp_path: Path) -> None:
    path, data = archive(tmp_path)
    with Client(own.url) as client:
        assert client.index(path).added == 1
        hit = client.search(data)[0]
        assert (hit.kind, hit.path) == ("exact", f"{path}!/in/x.jpg")
        answer = own.get(f"/pictures/{hit.id}/file")
        assert answer.content == data
        assert answer.headers["content-length"] == str(len(data))
        assert own.get(f"/pictures/{hit.id}/thumbnail", params={"size": 160}).status_code == 200
        path.unlink()
        assert own.get(f"/pictures/{hit.id}/file").json()["code"] == "offline"
        with zipfile.ZipFile(path, "w") as file:
            file.writestr("in/x.jpg", save(tmp_path / "one" / "y.jpg", 78).read_bytes())
        assert own.get(f"/pictures/{hit.id}/file").json()["code"] == "picture"
        assert client.remove(path) == 1


def test_metadata_come_over_http(own: Server, tmp_path: Path) -> None:
    _, data = archive(tmp_path)
    (tmp_path / "l.csv").write_text("path,caption\none/x.jpg,a ship\n")
    with Client(own.url) as client:
        client.index(tmp_path / "l.csv")
        hit = client.search(data)[0]
        assert hit.metadata == {"caption": "a ship"}
        entry = client.get(hit.id)
        assert entry is not None
        assert entry.metadata == {"caption": "a ship"}
        assert own.get(f"/pictures/{hit.id}/file").content == data


def test_a_client_can_not_make_the_server_ask_its_own_network(tmp_path: Path) -> None:
    web = Web()
    url = web.put("/a.jpg", archive(tmp_path)[1])
    try:
        with serving(tmp_path / "gallery") as server:
            for body in ({"paths": [url]}, {"paths": [url.replace("127.0.0.1", "localhost")]}):
                job = server.post("/index", json=body).json()
                assert server.job(job["id"])["report"]["offline"] == body["paths"]
            assert not web.asked
            answer = server.post("/index", json={"paths": ["relative.jpg"]})
            assert answer.json()["code"] == "argument"
            job = server.post("/index", json={"paths": ["ftp://host/a.jpg"]}).json()
            assert server.job(job["id"])["error"]["code"] == "argument"
        with serving(tmp_path / "gallery", "--allow-private-urls") as server:
            job = server.post("/index", json={"paths": [url]}).json()
            report = server.job(job["id"])["report"]
            assert report["added"] == 1
            found = server.get("/pictures").json()["pictures"][0]
            assert server.get(f"/pictures/{found['id']}/file").status_code == 200
    finally:
        web.server.shutdown()
        web.server.server_close()
