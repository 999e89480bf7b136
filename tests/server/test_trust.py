"""Attacks on a server, and how it responds."""

from __future__ import annotations

import io
import os
import socket
import subprocess
import sys
import zlib
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from PIL import Image

from lookalike.server.access import session_cookie

from ..conftest import draw, save
from ..servers import TOKEN, Server


def raw(server: Server, data: bytes, *, seconds: float = 30) -> bytes:
    """Send raw bytes, and return all bytes until the connection is closed."""
    parts = urlsplit(server.url)
    with socket.create_connection((parts.hostname, parts.port), timeout=seconds) as connection:
        connection.sendall(data)
        found = b""
        while piece := connection.recv(65_536):
            found += piece
    return found


def jpeg(seed: int, **options: Any) -> bytes:
    out = io.BytesIO()
    draw(seed).save(out, "JPEG", **options)
    return out.getvalue()


# Where it listens


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1"])
def test_an_address_others_reach_needs_a_token(tmp_path: Path, host: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "lookalike", "serve", "--host", host, "--gallery", tmp_path],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={k: v for k, v in os.environ.items() if k != "LOOKALIKE_TOKEN"},
    )
    assert done.returncode == 2
    assert "--token" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_short_token_and_a_port_in_use(tmp_path: Path, server: Server) -> None:
    port = str(urlsplit(server.url).port)
    for options, message in ((["--token", "short"], "too short"), (["--port", port], "--port")):
        done = subprocess.run(
            [sys.executable, "-m", "lookalike", "serve", "--gallery", tmp_path, *options],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 2
        assert message in done.stderr


# Names, origins, other pages


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost", 200),
        ("localhost:9999", 200),
        ("127.0.0.1:8000", 200),
        ("[::1]:8000", 200),
        ("evil.example", 403),
        ("127.0.0.1.evil.example", 403),
        ("localhost.evil.example:8000", 403),
        ("evil.example@localhost", 403),
        ("localhost/evil.example", 403),
        ("", 403),
    ],
)
@pytest.mark.parametrize("path", ["/", "/api/v1/info", "/healthz"])
def test_only_its_own_host_names_are_accepted(
    server: Server, host: str, status: int, path: str
) -> None:
    answer = httpx.get(f"{server.url}{path}", headers={"Host": host}, trust_env=False)
    assert answer.status_code == status
    if status == 403:
        assert answer.json()["code"] == "wrong_host"


def test_two_hosts_or_none_are_refused(server: Server) -> None:
    for hosts in (b"", b"Host: localhost\r\nHost: evil.example\r\n"):
        answer = raw(
            server, b"GET /api/v1/info HTTP/1.1\r\n" + hosts + b"Connection: close\r\n\r\n"
        )
        assert answer.split()[1] in {b"400", b"403"}


@pytest.mark.parametrize(
    "origin",
    ["https://evil.example", "null", "http://localhost:1", "file://", "http://127.0.0.1", "x", ""],
)
def test_other_web_pages_are_rejected(server: Server, collection: Path, origin: str) -> None:
    before = server.get("/info").json()["pictures"]
    for method, path in (
        ("POST", "/index"),
        ("POST", "/remove"),
        ("POST", "/prune"),
        ("POST", "/duplicates/trash"),
        ("DELETE", "/pictures/" + "0" * 32),
        ("GET", "/info"),
        ("OPTIONS", "/index"),
    ):
        answer = server.ask(
            method, path, headers={"Origin": origin, "Content-Type": "application/json"}
        )
        assert (answer.status_code, answer.json()["code"]) == (403, "other_origin")
        assert not any(name.startswith("access-control") for name in answer.headers)
    form = server.post("/search", files={"image": ("a.jpg", jpeg(1))}, headers={"Origin": origin})
    assert form.json()["code"] == "other_origin"
    assert server.get("/info").json()["pictures"] == before


@pytest.mark.parametrize(
    ("host", "origin", "status"),
    [
        ("localhost:443", "https://localhost", 200),
        ("localhost", "https://localhost:443", 200),
        ("LOCALHOST:80", "http://localhost", 200),
        ("[::1]:443", "https://[::1]", 200),
        ("localhost:80", "https://localhost", 403),
        ("localhost:443", "http://localhost", 403),
        ("localhost:8443", "https://localhost", 403),
        ("localhost", "https://me@localhost", 403),
        ("localhost", "http://[", 403),
    ],
)
def test_a_default_port_may_be_left_out(
    server: Server, host: str, origin: str, status: int
) -> None:
    assert server.get("/info", headers={"Host": host, "Origin": origin}).status_code == status


def test_two_origins_are_refused(server: Server) -> None:
    host = urlsplit(server.url).netloc.encode()
    for other in (b"https://evil.example", b"http://" + host):
        lines = (b"Host: " + host, b"Origin: http://" + host, b"Origin: " + other)
        request = (b"GET /api/v1/info HTTP/1.1", *lines, b"Connection: close", b"", b"")
        assert raw(server, b"\r\n".join(request)).split()[1] == b"403"


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_fetch_metadata_of_other_sites_is_rejected(server: Server, site: str) -> None:
    """An <img> or a <form> on another page sends no Origin with GET."""
    for path in ("/api/v1/info", "/metrics", "/openapi.json", "/api/v1/map/points"):
        for mode, kind in (("no-cors", "image"), ("navigate", "document"), ("cors", "empty")):
            headers = {"Sec-Fetch-Site": site, "Sec-Fetch-Mode": mode, "Sec-Fetch-Dest": kind}
            answer = httpx.get(f"{server.url}{path}", headers=headers, trust_env=False)
            assert answer.json()["code"] == "other_origin"
    link = {"Sec-Fetch-Site": site, "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
    assert httpx.get(f"{server.url}/", headers=link, trust_env=False).status_code == 200
    framed = {**link, "Sec-Fetch-Dest": "iframe"}
    assert httpx.get(f"{server.url}/", headers=framed, trust_env=False).status_code == 403


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "", "application/jsonp"]
)
def test_the_body_of_a_simple_form_is_rejected(server: Server, kind: str) -> None:
    for path in ("/index", "/remove", "/prune", "/search", "/pictures", "/compare"):
        headers = {"Content-Type": kind} if kind else {}
        answer = server.post(path, content=b'{"paths": ["/"], "dry_run": false}', headers=headers)
        assert answer.status_code in {415, 422}, path


def test_every_response_has_security_headers(server: Server, collection: Path) -> None:
    one = server.get("/pictures", params={"top": 1}).json()["pictures"][0]["id"]
    for path in (
        "/",
        "/docs",
        "/docs/docs.js",
        "/nothing",
        "/healthz",
        "/metrics",
        "/openapi.json",
        "/api/v1/info",
        "/api/v1/nothing",
        f"/api/v1/pictures/{one}/file",
        f"/api/v1/pictures/{one}/thumbnail",
    ):
        answer = httpx.get(f"{server.url}{path}", trust_env=False)
        policy = answer.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'")
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["cross-origin-opener-policy"] == "same-origin"
        assert answer.headers["cross-origin-resource-policy"] == "same-origin"
        assert "server" not in answer.headers
    assert (
        "sandbox"
        in httpx.get(f"{server.url}/api/v1/info", trust_env=False).headers[
            "content-security-policy"
        ]
    )


# The token


def test_without_the_token_nothing_is_revealed(locked: Server) -> None:
    wrong: list[dict[str, str]] = [
        {},
        {"Authorization": "Bearer"},
        {"Authorization": f"Bearer {TOKEN}x"},
        {"Authorization": f"Bearer {TOKEN[:-1]}"},
        {"Authorization": f"Basic {TOKEN}"},
        {"Authorization": "Bearer \u00e9\u00e9"},
        {"Cookie": f"lookalike_session={TOKEN}"},
        {"Cookie": "lookalike_session=" + session_cookie("another token")},
        {"Cookie": 'lookalike_session="'},
    ]
    for path in (
        "/api/v1/info",
        "/api/v1/pictures",
        "/metrics",
        "/openapi.json",
        "/api/v1/nothing",
    ):
        for headers in wrong:
            coded = {name: value.encode("latin-1") for name, value in headers.items()}
            answer = httpx.get(f"{locked.url}{path}", headers=coded, trust_env=False)
            assert (answer.status_code, answer.json()["code"]) == (401, "token_needed")
            assert answer.headers["www-authenticate"] == "Bearer"
    assert (
        httpx.get(f"{locked.url}/", trust_env=False).status_code == 200
    )  # the page asks for the token
    assert httpx.get(f"{locked.url}/healthz", trust_env=False).json() == {"status": "ok"}
    assert httpx.get(f"{locked.url}/api/v1/info?token={TOKEN}", trust_env=False).status_code == 401


def test_the_token_opens_and_so_does_the_cookie(locked: Server) -> None:
    headers = {"Authorization": f"Bearer {TOKEN}"}
    assert locked.get("/info", headers=headers).status_code == 200
    with httpx.Client(base_url=locked.url, trust_env=False) as browser:
        wrong = browser.post("/api/v1/session", json={"token": "not this one"})
        assert wrong.json()["code"] == "token_needed"
        assert not browser.cookies
        right = browser.post("/api/v1/session", json={"token": TOKEN})
        assert right.status_code == 204
        cookie = right.headers["set-cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=strict" in cookie
        assert TOKEN not in cookie
        assert browser.get("/api/v1/info").status_code == 200


# Files


@pytest.mark.parametrize(
    "path",
    [
        "/static/../app.py",
        "/static/%2e%2e/app.py",
        "/static/..%2fapp.py",
        "/static//etc/passwd",
        "/static/%2Fetc%2Fpasswd",
        "/docs/..%2f..%2f__init__.py",
        "/static/index.html%00.js",
        "/api/v1/pictures/..%2f..%2fetc%2fpasswd/file",
        "/api/v1/queries/..%2f..%2fgallery.json/image",
        "/api/v1/pictures/%00/file",
    ],
)
def test_no_path_leaves_its_folder(server: Server, path: str) -> None:
    host = urlsplit(server.url).netloc.encode()
    answer = raw(
        server,
        b"GET " + path.encode() + b" HTTP/1.1\r\nHost: " + host + b"\r\nConnection: close\r\n\r\n",
    )
    assert answer.split()[1] in {b"404", b"422", b"400"}
    assert b"root:" not in answer
    assert b"import" not in answer


@pytest.mark.skipif(os.name != "posix", reason="links need rights elsewhere")
def test_swapped_files_and_links_are_not_served(own: Server, tmp_path: Path) -> None:
    pictures = tmp_path / "pictures"
    secret = save(tmp_path / "secret" / "0.png", 99)
    ids = {n: own.picture(f"000{n}.jpg") for n in range(8)}

    def swap(n: int, target: str | Path) -> None:
        (pictures / f"000{n}.jpg").unlink()
        (pictures / f"000{n}.jpg").symlink_to(target)

    swap(0, "/etc/passwd")
    swap(1, secret)
    moved = tmp_path / "elsewhere.jpg"  # the right bytes, but outside the gallery's folders
    (pictures / "0002.jpg").rename(moved)
    (pictures / "0002.jpg").symlink_to(moved)
    (pictures / "0003.jpg").write_bytes(secret.read_bytes())  # in place, but other bytes
    (pictures / "0004.jpg").unlink()
    os.mkfifo(pictures / "0004.jpg")
    (pictures / "0005.jpg").unlink()
    (pictures / "0006.jpg").rename(pictures / "real.jpg")  # a link that stays inside is followed
    (pictures / "0006.jpg").symlink_to("real.jpg")
    codes = {}
    for n, one in ids.items():
        for what in ("file", "thumbnail"):
            answer = own.get(f"/pictures/{one}/{what}")
            assert b"root:" not in answer.content
            is_picture = answer.headers["content-type"].startswith("image/")
            codes[n] = "shown" if is_picture else answer.json()["code"]
    assert codes == {
        0: "picture", 1: "picture", 2: "picture", 3: "picture", 4: "picture",
        5: "offline", 6: "shown", 7: "shown",
    }  # fmt: skip


def test_the_content_decides_the_type(own: Server, tmp_path: Path) -> None:
    folder = tmp_path / "types"
    folder.mkdir()
    draw(11).save(folder / "page.html.jpg", "PNG")
    draw(12).save(folder / "a.tif", "TIFF")
    html = b"<script>alert(1)</script>"
    (folder / "b.jpg").write_bytes(jpeg(13, comment=html))
    assert own.index(folder)["report"]["added"] == 3
    for name, kind, disposition in (
        ("page.html.jpg", "image/png", "inline"),
        ("a.tif", "image/tiff", "attachment"),
        ("b.jpg", "image/jpeg", "inline"),
    ):
        answer = own.get(f"/pictures/{own.picture(name)}/file")
        assert answer.headers["content-type"] == kind
        assert answer.headers["content-disposition"].startswith(disposition)
        assert answer.content == (folder / name).read_bytes()
        assert "sandbox" in answer.headers["content-security-policy"]


def test_thumbnails_contain_nothing_but_pixels(own: Server, tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x010F] = "SECRETCAMERA"
    exif.get_ifd(0x8825)[1] = "N"
    (tmp_path / "more").mkdir()
    draw(5, (900, 700)).save(
        tmp_path / "more" / "a.jpg", exif=exif.tobytes(), comment=b"SECRETWORD"
    )
    assert own.index(tmp_path / "more")["report"]["added"] == 1
    one = own.picture("a.jpg")
    for size in (160, 320, 640):
        small = own.get(f"/pictures/{one}/thumbnail", params={"size": size})
        assert b"SECRET" not in small.content
        with Image.open(io.BytesIO(small.content)) as image:
            assert (image.format, max(image.size)) == ("WEBP", size)
            assert set(image.info) <= {"loop", "background", "timestamp", "duration"}


def test_uploads_are_named_by_their_content(own: Server, tmp_path: Path) -> None:
    data = jpeg(50)
    for name in ("../../../evil.jpg", "/etc/cron.d/evil", "a\x00b.php", "COM1", "x" * 300):
        answer = own.post("/pictures", files={"image": (name, data)})
        assert answer.status_code == 201, answer.text
    (path,) = answer.json()["paths"]
    assert path == str(own.folder / "uploads" / f"{answer.json()['id']}.jpg")
    assert len(list((own.folder / "uploads").iterdir())) == 1
    assert own.ask("DELETE", f"/pictures/{answer.json()['id']}").status_code == 204
    assert not Path(path).exists()
    # A picture that was not uploaded loses its row, not its file.
    one = own.picture("0001.jpg")
    assert own.ask("DELETE", f"/pictures/{one}").status_code == 204
    assert own.get(f"/pictures/{one}").json()["code"] == "no_such_picture"
    assert (tmp_path / "pictures" / "0001.jpg").exists()


def test_the_trash_accepts_only_listed_duplicates(own: Server, tmp_path: Path) -> None:
    victim = tmp_path / "pictures" / "0001.jpg"
    for path in (str(victim), "/etc/passwd", str(own.folder / "gallery.json")):
        answer = own.post("/duplicates/trash", json={"paths": [path]})
        assert answer.json()["code"] == "argument"
    assert victim.exists()


# Too much, too slow, too hostile


def test_bodies_have_a_limit(locked: Server) -> None:
    large = jpeg(1) + b"\0" * (2 << 20)
    answer = locked.search(large)
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")

    def endless() -> Any:
        yield b'--x\r\nContent-Disposition: form-data; name="image"; filename="a"\r\n\r\n'
        for _ in range(64):
            yield b"\0" * (1 << 16)

    kind = "multipart/form-data; boundary=x"
    try:
        answer = locked.post("/search", content=endless(), headers={"Content-Type": kind})
        assert answer.json()["code"] == "too_large"
    except (httpx.WriteError, httpx.ReadError):
        pass  # the server closed the connection while the client was sending
    many = {f"f{n}": "x" for n in range(100)}
    answer = locked.post("/search", data=many, files={"image": ("a.jpg", jpeg(1))})
    assert answer.status_code == 400
    assert locked.search(jpeg(1)).status_code == 200


def bomb(width: int, height: int) -> bytes:
    """A small PNG with very many pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            len(data).to_bytes(4, "big") + kind + data + zlib.crc32(kind + data).to_bytes(4, "big")
        )

    packer = zlib.compressobj(9)
    row = b"\0" * (1 + 4 * width)
    rows = b"".join(packer.compress(row) for _ in range(height)) + packer.flush()
    head = width.to_bytes(4, "big") + height.to_bytes(4, "big") + b"\x08\x06\0\0\0"
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def test_decompression_bombs_get_a_problem(own: Server) -> None:
    claims = bytearray(bomb(1, 1))
    claims[16:24] = (200_000).to_bytes(4, "big") * 2
    assert own.search(bytes(claims)).json()["code"] == "picture"
    large = own.search(bomb(12_000, 12_000))  # 576 MB of pixels in 600 kB
    assert large.status_code in {200, 422}
    ribbon = own.search(bomb(30_000, 2))
    assert ribbon.json()["code"] == "picture"
    assert own.search(jpeg(3)).status_code == 200


def test_slow_clients_do_not_block_others(server: Server) -> None:
    parts = urlsplit(server.url)
    address = (parts.hostname, parts.port)
    slow = [socket.create_connection(address) for _ in range(100)]
    try:
        for n, connection in enumerate(slow):
            if n % 2:  # half of a request's head, or of its body
                connection.sendall(b"GET /api/v1/info HTTP/1.1\r\nHost: loc")
            else:
                connection.sendall(
                    b"POST /api/v1/search HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n"
                    b"Content-Type: multipart/form-data; boundary=x\r\n\r\n--x\r\n"
                )
        assert server.search(jpeg(4)).status_code == 200
        assert server.get("/info").status_code == 200
    finally:
        for connection in slow:
            connection.close()


def test_a_connection_without_headers_is_closed(server: Server) -> None:
    with ThreadPoolExecutor() as pool:
        for answer in pool.map(
            partial(raw, server, seconds=60), [b"GET / HTTP/1.1\r\nHost: l", b""]
        ):
            assert answer == b""


def test_malformed_requests_are_refused(server: Server) -> None:
    for data in (
        b"\x16\x03\x01\x02\x00\x01\x00",
        b"GET\r\n\r\n",
        b"\0" * 100,
        b"GET " + b"a" * 100_000,
    ):
        answer = raw(server, data)
        assert answer == b"" or answer.split()[1] in {b"400", b"414", b"431"}
        assert b"Traceback" not in answer


def test_problems_reveal_nothing_about_the_machine(server: Server) -> None:
    for answer in (
        server.search(b"GIF89a nothing"),
        server.get("/nothing"),
        server.ask("PUT", "/info"),
        server.post("/compare", json={"query": "0" * 32, "target": "1" * 32}),
        server.post("/compare", content=b"{", headers={"Content-Type": "application/json"}),
        server.post("/search", json={"url": "http://127.0.0.1:1/"}),
    ):
        assert answer.headers["content-type"] == "application/problem+json"
        for word in ("Traceback", "site-packages", ".py", "line ", os.path.expanduser("~")):
            assert word not in answer.text
