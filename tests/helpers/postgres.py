"""A real Postgres server for tests: Debian's, in a temporary folder, on a port of its own, gone with the process that has started it.

Postgres refuses to run as root, so root lends it an unprivileged user. The superuser `admin` comes through the Unix socket without a password; everybody
who comes over TCP shows one (scram-sha-256). Nothing is synced: a test that cuts the power must set fsync itself.
"""
import atexit
import ctypes
import glob
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.parse
from pathlib import Path

import psycopg2

from disk import Disk

START_SECONDS = 30
USERS = ("postgres", "nobody")
PR_SET_PDEATHSIG = 1
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "max_connections": "40",
    "shared_buffers": "32MB",
    "password_encryption": "scram-sha-256",
    "log_min_messages": "warning",
    "lc_messages": "C",
}


def binaries():
    found = sorted(glob.glob("/usr/lib/postgresql/*/bin/initdb"), key=lambda path: int(path.split("/")[4]))
    assert found, "no Postgres server: install Debian's package postgresql"
    return Path(found[-1]).parent


def credentials():
    """Whom the server runs as: ourselves, unless we are root."""
    if os.getuid():
        return {}
    for name in USERS:
        try:
            user = pwd.getpwnam(name)
        except KeyError:
            continue
        return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    raise AssertionError("no unprivileged user to run Postgres as")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def die_with_parent():
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGQUIT)


class Server:
    """`tls`: a certificate for `localhost` and 127.0.0.1, signed by an authority of its own (self.authority). `settings`: of postgresql.conf. `small_disk`: the
    tables are on a disk (self.disk) that may get full, the log of transactions is on another."""

    def __init__(self, tls=False, settings=None, small_disk=False):
        self.binaries, self.credentials = binaries(), credentials()
        self.folder = Path(tempfile.mkdtemp(prefix="spile-postgres-"))
        self.data, self.log = self.folder / "data", self.folder / "log"
        self.process, self.port, self.made = None, 0, 0
        self.authority = self.folder / "ca.crt"
        self.disk = Disk(self.data / "base", self.folder) if small_disk else None
        atexit.register(self.remove)
        self._own(self.folder)
        try:
            self._initialize()
            self._configure(tls, settings or {})
            self.start()
            self._make_users()
        except BaseException:
            self.remove()
            raise

    # ---- the cluster ---------------------------------------------------------------------------------------------------------------

    def _own(self, path):
        if self.credentials:
            os.chown(path, self.credentials["user"], self.credentials["group"])

    def _initialize(self):
        subprocess.run([self.binaries / "initdb", "-D", self.data, "-U", "admin", "--no-sync", "-E", "UTF8", "--locale=C", "--auth=trust",
                        "--no-instructions"], check=True, capture_output=True, cwd="/", **self.credentials)

    def _configure(self, tls, settings):
        settings = {**SETTINGS, "unix_socket_directories": self.folder, **settings}
        if tls:
            make_certificates(self.folder)
            for name in ("server.key", "server.crt"):
                self._own(self.folder / name)
            settings.update(ssl="on", ssl_key_file=self.folder / "server.key", ssl_cert_file=self.folder / "server.crt")
        with open(self.data / "postgresql.conf", "a") as file:
            file.writelines(f"{name} = '{value}'\n" for name, value in settings.items())
        (self.data / "pg_hba.conf").write_text("local all all trust\nhost all all 127.0.0.1/32 scram-sha-256\n")

    def _environment(self):
        return {**os.environ, **(self.disk.environment if self.disk else {})}

    def start(self):
        self.port = self.port or free_port()
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen([self.binaries / "postgres", "-D", self.data, "-p", str(self.port)], stdin=subprocess.DEVNULL, stdout=log,
                                            stderr=log, cwd="/", preexec_fn=die_with_parent, env=self._environment(), **self.credentials)
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                self.connect("template1").close()
                return
            except psycopg2.OperationalError:
                assert self.process.poll() is None and time.monotonic() < deadline, self.log.read_text()
                time.sleep(0.02)

    def stop(self, how=signal.SIGINT):
        """SIGINT: connections are cut, transactions rolled back; SIGQUIT: as after a crash."""
        if self.process and self.process.poll() is None:
            self.process.send_signal(how)
            try:
                self.process.wait(START_SECONDS)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.process = None

    def remove(self):
        self.stop(signal.SIGQUIT)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _make_users(self):
        with self.connect("template1") as admin:
            admin.cursor().execute("CREATE ROLE loader LOGIN PASSWORD 'Sesam-1234'; CREATE ROLE guest LOGIN PASSWORD 'Gast-5678'")
        admin.close()

    # ---- databases -----------------------------------------------------------------------------------------------------------------

    PASSWORDS = {"loader": "Sesam-1234", "guest": "Gast-5678"}

    def connect(self, database, user="admin", autocommit=False):
        connection = psycopg2.connect(host=str(self.folder), port=self.port, dbname=database, user=user)
        connection.autocommit = autocommit
        return connection

    def create(self, owner="loader"):
        """A new and empty database; returns its name."""
        self.made += 1
        name = f"base{self.made}"
        admin = self.connect("template1", autocommit=True)
        admin.cursor().execute(f"CREATE DATABASE {name} OWNER {owner} TEMPLATE template0")
        admin.close()
        return name

    def uri(self, database, user="loader", password=None, host=None, port=None, **options):
        password = self.PASSWORDS[user] if password is None else password
        shown = urllib.parse.quote(password, safe="")
        query = "?" + urllib.parse.urlencode(options, quote_via=urllib.parse.quote) if options else ""
        return f"postgres://{user}{':' if shown else ''}{shown}@{host or '127.0.0.1'}:{port or self.port}/{database}{query}"

    def socket_uri(self, database, user="admin"):
        return f"postgres://{user}@{urllib.parse.quote(str(self.folder), safe='')}:{self.port}/{database}"


NEW_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")


def make_certificates(folder):
    def openssl(*words):
        subprocess.run(["openssl", *map(str, words)], check=True, capture_output=True, cwd=folder)

    for authority in ("ca", "other"):
        openssl("req", "-x509", *NEW_KEY, "-keyout", f"{authority}.key", "-out", f"{authority}.crt", "-days", "2", "-subj", f"/CN=spile test {authority}")
    openssl("req", *NEW_KEY, "-keyout", "server.key", "-out", "server.csr", "-subj", "/CN=localhost")
    (folder / "names").write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\n")
    openssl("x509", "-req", "-in", "server.csr", "-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2", "-out", "server.crt",
            "-extfile", "names")
    os.chmod(folder / "server.key", 0o600)
    for name in ("ca.crt", "other.crt"):
        os.chmod(folder / name, 0o644)
    os.chmod(folder, 0o755)
