"""gunicorn's settings for both services: `gunicorn -c python:shoko_ils.gunicorn shoko_ils.wsgi_public`.

Plain HTTP on loopback behind the host's own nginx, which ends TLS. gunicorn believes X-Forwarded-Proto from
loopback only, and Django reads the scheme from gunicorn: no header of a remote client decides what is secure.
"""

import os

bind = os.environ.get("SHOKO_BIND", "127.0.0.1:8000")
forwarded_allow_ips = "127.0.0.1,::1"
worker_class = "gthread"
workers = int(os.environ.get("SHOKO_WORKERS", "2"))
threads = int(os.environ.get("SHOKO_THREADS", "4"))
# longer than the bounded wait of a counter transaction for a new primary (SHOKO_DB_RETRY_SECONDS)
timeout = 30
graceful_timeout = 25
keepalive = 15
max_requests = 5000
max_requests_jitter = 500
control_socket_disable = True  # systemd manages it; no second door
worker_tmp_dir = "/dev/shm"  # noqa: S108  # a heartbeat file: memory, so that a slow disk kills no worker
# the local nginx logs requests; a second log would hold what citizens search for twice
accesslog = None
errorlog = "-"
loglevel = "info"
