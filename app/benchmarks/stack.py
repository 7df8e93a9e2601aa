"""A service as a site runs it, on this machine: gunicorn on a socket, an nginx before it that ends TLS.

nginx has the words of the roles `entry` and `ils` that cost or save time: TLS 1.3, connections to the service kept,
answers passed through memory; further words, as the limits for each client, are given to it. It is the one on PATH, or
SHOKO_NGINX.
"""

import http.client
import os
import re
import shutil
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.server import APP, manage
from tests import cluster

HOST = "localhost"
PORTS = {"public": 18_441, "staff": 18_442}
ENTRY = APP.parent / "roles" / "entry"
CONFIGURATION = """
daemon off;
user root;
worker_processes 2;
pid {place}/nginx.pid;
error_log stderr crit;
events {{ worker_connections 2048; }}
http {{
  access_log off;
  client_body_temp_path {place}/body;
  proxy_temp_path {place}/answers;
  fastcgi_temp_path {place}/unused;
  scgi_temp_path {place}/unused;
  uwsgi_temp_path {place}/unused;
{limits}
  upstream service {{ server unix:{place}/service.sock; keepalive 16; }}
  proxy_http_version 1.1;
  proxy_set_header Connection "";
  proxy_set_header Host $http_host;
  proxy_set_header X-Forwarded-Proto https;
  proxy_set_header X-Real-IP $remote_addr;
  proxy_buffers 32 16k;
  proxy_max_temp_file_size 0;
  ssl_protocols TLSv1.3;
  ssl_session_tickets off;
  ssl_certificate {place}/certificate.pem;
  ssl_certificate_key {place}/key.pem;
  server {{
    listen 127.0.0.1:{port} ssl http2;
{server}
    location / {{ proxy_pass http://service; }}
  }}
}}
"""


@contextmanager
def service(face: str, *, limits: str = "", server: str = "", nice: int = 0) -> Iterator[int]:
    """The service `public` or `staff` over HTTPS; the port. `limits` and `server`: words for nginx's two levels."""
    nginx = os.environ.get("SHOKO_NGINX") or shutil.which("nginx") or sys.exit("nginx is not on PATH: SHOKO_NGINX")
    place = cluster.ROOT / face
    place.mkdir()
    manage("collectstatic", "--noinput", service=face)
    _certificate(place)
    text = CONFIGURATION.format(place=place, port=PORTS[face], limits=limits, server=server)
    (place / "nginx.conf").write_text(text)
    environment = {
        "SHOKO_BIND": f"unix:{place}/service.sock",
        "SHOKO_ALLOWED_HOSTS": HOST,
        "SHOKO_CSRF_ORIGINS": f"https://{HOST}:{PORTS[face]}",
    }
    gunicorn = [sys.executable, "-m", "gunicorn", "-c", "python:shoko_ils.gunicorn", f"shoko_ils.wsgi_{face}"]
    running = [
        subprocess.Popen(
            gunicorn,
            cwd=APP,
            env=os.environ | environment,
            stderr=(place / "service.log").open("w"),
            preexec_fn=lambda: os.nice(nice),  # noqa: PLW1509  # no threads yet
        ),
        subprocess.Popen([nginx, "-c", str(place / "nginx.conf"), "-p", str(place)], stderr=subprocess.DEVNULL),
    ]
    try:
        _wait(face, place)
        yield PORTS[face]
    finally:
        for each in reversed(running):
            each.terminate()
            each.wait()
        shutil.rmtree(place)


def trust(face: str) -> ssl.SSLContext:
    """Believes the certificate of this run and no other."""
    return ssl.create_default_context(cafile=str(cluster.ROOT / face / "certificate.pem"))


def entry_limits(path: str = "defaults/main.yml") -> dict[str, int]:
    """The figures of the role `entry`, by their names."""
    return {name: int(value) for name, value in re.findall(r"^(entry_\w+): (\d+)$", (ENTRY / path).read_text(), re.M)}


def _certificate(place: Path) -> None:
    subprocess.run(
        [
            *(
                "openssl",
                "req",
                "-x509",
                "-newkey",
                "ec",
                "-pkeyopt",
                "ec_paramgen_curve:P-256",
                "-nodes",
                "-days",
                "2",
            ),
            *("-subj", f"/CN={HOST}", "-addext", f"subjectAltName=DNS:{HOST}"),
            *("-keyout", str(place / "key.pem"), "-out", str(place / "certificate.pem")),
        ],
        check=True,
        capture_output=True,
    )


def _wait(face: str, place: Path) -> None:
    until = time.monotonic() + 180
    while time.monotonic() < until:
        try:
            connection = http.client.HTTPSConnection(HOST, PORTS[face], context=trust(face), timeout=30)
            connection.request("GET", "/readyz")
            if connection.getresponse().status == 200:
                return
        except OSError:
            pass
        time.sleep(0.2)
    sys.exit(f"the service {face} does not get ready: {(place / 'service.log').read_text()[-2000:]}")
