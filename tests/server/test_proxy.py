"""The server behind real proxies, by the recipes of the guide: with TLS, below a path."""

from __future__ import annotations

import contextlib
import getpass
import os
import re
import shutil
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from lookalike import Client, Gallery

from ..conftest import fill
from ..servers import TOKEN, Server, serving

ROOT = Path(__file__).resolve().parent.parent.parent
GUIDE = (ROOT / "docs/guides/server.md").read_text("utf-8")
SBIN = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin"])


def recipe(proxy: str, replaced: dict[str, str]) -> str:
    """Return the guide's configuration of a proxy, with names and addresses of the test."""
    place = re.search(rf"^{proxy}\b", GUIDE, re.MULTILINE)
    assert place, proxy
    text = re.split(r"```\w*\n", GUIDE[place.start() :])[1]
    for old, new in replaced.items():
        assert old in text
        text = text.replace(old, new)
    return text


def nginx(folder: Path, port: int, address: str, *, slash: str = "") -> list[str]:
    """Configure nginx, and return its command."""
    replaced = {
        "listen 443 ssl": f"listen 127.0.0.1:{port} ssl",
        "/etc/ssl/pictures.pem": f"{folder}/certificate.pem",
        "/etc/ssl/pictures.key": f"{folder}/key.pem",
        "proxy_pass http://127.0.0.1:8000": f"proxy_pass http://{address}{slash}",
    }
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    paths = "".join(f"{kind}_temp_path {folder}/{kind};\n" for kind in kinds)
    (folder / "nginx.conf").write_text(
        f"daemon off;\nuser {getpass.getuser()};\nworker_processes 1;\npid {folder}/nginx.pid;\n"
        f"events {{}}\nhttp {{\naccess_log off;\n{paths}{recipe('nginx', replaced)}}}\n"
    )
    return ["nginx", "-p", f"{folder}", "-e", f"{folder}/error.log", "-c", f"{folder}/nginx.conf"]


def nginx_without_path(folder: Path, port: int, address: str) -> list[str]:
    """Configure nginx to remove the path from requests."""
    return nginx(folder, port, address, slash="/")


def caddy(folder: Path, port: int, address: str) -> list[str]:
    """Configure Caddy, and return its command."""
    tls = f"tls {folder}/certificate.pem {folder}/key.pem"
    site = f"https://localhost:{port} {{\n    {tls}"
    text = recipe("Caddy", {"pictures.example.org {": site, "127.0.0.1:8000": address})
    (folder / "Caddyfile").write_text(f"{{\nadmin off\nauto_https off\n}}\n{text}")
    return ["caddy", "run", "--config", f"{folder}/Caddyfile"]


def traefik(folder: Path, port: int, address: str) -> list[str]:
    """Configure Traefik, and return its command; it makes a certificate itself."""
    replaced = {"pictures.example.org": "localhost", "127.0.0.1:8000": address}
    (folder / "photos.yaml").write_text(recipe("Traefik", replaced))
    entry = f"--entrypoints.websecure.address=127.0.0.1:{port}"
    return ["traefik", entry, f"--providers.file.filename={folder}/photos.yaml"]


@pytest.fixture(scope="module")
def behind(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with a token, to be shown at /photos."""
    folder = tmp_path_factory.mktemp("behind")
    fill(folder / "pictures", 3)
    options = ("--workers", "1", "--root-path", "photos/", "--trust-proxy", "127.0.0.1")
    Gallery.open(folder / "gallery").index(folder / "pictures")
    with serving(folder / "gallery", *options, LOOKALIKE_TOKEN=TOKEN) as server:
        yield server


@pytest.fixture(scope="module", params=[nginx, nginx_without_path, caddy, traefik])
def proxy(
    behind: Server, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[str]:
    """The address of a proxy in front of the server, with the guide's configuration."""
    folder = tmp_path_factory.mktemp("proxy")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = request.param(folder, port, urlsplit(behind.url).netloc)
    program = shutil.which(command[0], path=SBIN)
    if not program or not shutil.which("openssl"):
        pytest.skip(f"needs {command[0]}, and openssl for a certificate")
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"),
            *("-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"),
            *("-keyout", f"{folder}/key.pem", "-out", f"{folder}/certificate.pem"),
        ],
        check=True,
        capture_output=True,
    )
    own = {name: str(folder) for name in ("HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME")}
    with (folder / "output.txt").open("w") as output:
        process = subprocess.Popen(
            [program, *command[1:]], env=os.environ | own, stdout=output, stderr=output
        )
    address = f"https://localhost:{port}/photos"
    try:
        with browser(address) as client:
            for _ in range(600):
                assert process.poll() is None, (folder / "output.txt").read_text()
                with contextlib.suppress(httpx.TransportError):
                    if client.get(f"{address}/healthz").status_code == 200:
                        break
                time.sleep(0.05)
        yield address
    finally:
        process.terminate()
        process.wait(30)


def browser(proxy: str) -> httpx.Client:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    origin = {"Origin": proxy.removesuffix("/photos")}
    return httpx.Client(verify=context, trust_env=False, timeout=60, headers=origin)


def test_the_page_and_the_api_work_behind_a_proxy(proxy: str, tmp_path: Path) -> None:
    with browser(proxy) as client:
        page = client.get(f"{proxy}/browse")
        script = re.search(r'src="(\S+main\.js)"', page.text)
        assert script
        code = client.get(page.url.join(script[1]))
        assert code.headers["content-type"].startswith("text/javascript")
        assert client.get(f"{proxy}/api/v1/info").status_code == 401
        session = client.post(f"{proxy}/api/v1/session", json={"token": TOKEN})
        assert session.status_code == 204
        assert {"Secure", "Path=/photos"} <= set(session.headers["set-cookie"].split("; "))
        assert client.get(f"{proxy}/api/v1/info").json()["pictures"] == 3
        assert client.get(f"{proxy}/openapi.json").json()["servers"] == [{"url": "/photos"}]
        picture = fill(tmp_path / "more", 1, start=50)[0]
        large = {"image": ("a.jpg", picture.read_bytes() + b"\0" * (3 << 20))}
        added = client.post(f"{proxy}/api/v1/pictures", files=large)
        assert added.status_code == 201, added.text
        place = client.get(proxy.removesuffix("/photos") + added.headers["location"])
        assert place.json()["id"] == added.json()["id"]
        assert client.delete(str(place.url)).status_code == 204


def test_redirects_stay_on_https_below_the_path(proxy: str) -> None:
    with browser(proxy) as client:
        answer = client.get(f"{proxy}/browse/")
        assert (answer.status_code, answer.headers["location"]) == (307, f"{proxy}/browse")


def test_events_are_not_held_back(proxy: str, tmp_path: Path) -> None:
    """The first one comes in time to cancel the job."""
    fill(tmp_path / "more", 60, start=100)
    headers = {"Authorization": f"Bearer {TOKEN}"}
    with browser(proxy) as client:
        body = {"paths": [str(tmp_path / "more")]}
        sent = client.post(f"{proxy}/api/v1/index", json=body, headers=headers)
        job = f"{proxy}/api/v1/jobs/{sent.json()['id']}"
        with client.stream("GET", f"{job}/events", headers=headers) as stream:
            lines = stream.iter_lines()
            assert next(lines) == "event: progress"
            assert client.delete(job, headers=headers).status_code == 202
            events = [line for line in lines if line.startswith("event: ")]
        assert events[-1] == "event: done"
        assert client.get(job, headers=headers).json()["state"] == "cancelled"
        client.post(f"{proxy}/api/v1/remove", json=body, headers=headers)


def test_the_path_may_be_used_without_the_proxy(behind: Server) -> None:
    assert behind.url.endswith("/photos")
    with Client(behind.url, token=TOKEN) as client:
        assert client.info().pictures == 3
    plain = behind.url.removesuffix("/photos")
    for address in (behind.url, plain):
        answer = httpx.get(f"{address}/api/v1/info", trust_env=False)
        assert (answer.status_code, answer.json()["code"]) == (401, "token_needed")
        assert httpx.get(f"{address}/browse", trust_env=False).status_code == 200
    redirect = httpx.get(behind.url, trust_env=False)
    assert redirect.headers["location"] == f"{behind.url}/"


def test_only_a_trusted_proxy_speaks_for_its_clients(behind: Server, locked: Server) -> None:
    forwarded = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "192.0.2.1"}
    for server, is_trusted in ((behind, True), (locked, False)):
        url = f"{server.url}/api/v1/session"
        answer = httpx.post(url, json={"token": TOKEN}, headers=forwarded, trust_env=False)
        assert ("Secure" in answer.headers["set-cookie"]) == is_trusted


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("--root-path", "/api", "can't be the --root-path"),
        ("--root-path", "/a/../b", "can't be the --root-path"),
        ("--root-path", "/übersicht", "can't be the --root-path"),
        ("--root-path", "https://example.org/photos", "can't be the --root-path"),
        ("--trust-proxy", "proxy", "is not an address of a proxy"),
        ("--trust-proxy", "10.0.0.1/8", "is not an address of a proxy"),
    ],
)
def test_a_wrong_option_is_told(tmp_path: Path, option: str, value: str, message: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "lookalike", "serve", "--gallery", tmp_path, option, value],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, message in " ".join(done.stderr.split())) == (2, True)
