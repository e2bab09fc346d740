# ctest: labels=cases;engines timeout=900
"""Failures of memory, files and connections while Postgres is loaded and queried. The program is a unit test (tests/unit/test_destination_faults.c, which says
what it expects); here it gets a server."""
import os
import subprocess
from pathlib import Path

import postgres
from engine import TIMEOUT, place


def test_postgres_may_fail(tmp_path):
    server = postgres.Server()
    program = Path(place("SPILE_FILTERS")) / "test_destination_faults"
    try:
        done = subprocess.run([program], cwd=tmp_path, env={**os.environ, "SPILE_FAULT_POSTGRES": server.socket_uri(server.create("admin"))}, capture_output=True, text=True,
                              timeout=2 * TIMEOUT)
        print(done.stdout + done.stderr)
        assert done.returncode == 0, (done.stdout + done.stderr)[-20000:]
    finally:
        server.remove()
