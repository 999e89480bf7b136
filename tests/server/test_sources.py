"""Pictures in archives, in lists and on the web, over HTTP."""

from __future__ import annotations

import zipfile
from pathlib import Path

from lookalike import Client

from ..conftest import save
from ..servers import Server
from ..sources.conftest import Web


def archive(folder: Path) -> tuple[Path, bytes]:
    data = save(folder / "one" / "x.jpg", 77).read_bytes()
    with zipfile.ZipFile(folder / "a.zip", "w") as file:
        file.writestr("in/x.jpg", data)
    return folder / "a.zip", data


def test_a_member_of_an_archive_is_indexed_and_shown(own: Server, tmp_path: Path) -> None:
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


def test_metadata_of_a_list(own: Server, tmp_path: Path) -> None:
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


def test_a_client_can_not_make_the_server_ask_its_own_network(
    own: Server, trusting: Server, tmp_path: Path
) -> None:
    web = Web()
    data = archive(tmp_path)[1]
    url = web.put("/a.jpg", data)
    try:
        for path in (url, url.replace("127.0.0.1", "localhost")):
            assert own.index(path)["report"]["offline"] == [path]
        assert not web.asked
        answer = own.post("/index", json={"paths": ["relative.jpg"]})
        assert answer.json()["code"] == "argument"
        assert own.index("ftp://host/a.jpg")["error"]["code"] == "argument"
        assert trusting.index(url)["report"]["added"] == 1
        hit = trusting.search(data, top=1).json()["hits"][0]
        assert (hit["kind"], hit["path"]) == ("exact", url)
        assert trusting.get(f"/pictures/{hit['id']}/file").content == data
    finally:
        web.server.shutdown()
        web.server.server_close()
