"""The command under test: where it is, and how a test runs it and learns exit code, output, time and peak memory.

The build tells the places in the environment: SPILE (the command), SPILE_LIB (libspile.so), SPILE_GENERATE (bench/generate).
"""
import hashlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path

SANITIZED = bool(os.environ.get("SPILE_SANITIZE"))
TIMEOUT = 300
CHUNKED, MEASURE = (Path(__file__).with_name(name) for name in ("chunked.py", "measure.py"))


def place(variable):
    """A path the build gave us; a test that needs it can't pass without it."""
    path = os.environ.get(variable)
    assert path, f"{variable} is not set: run the tests with ctest, or set SPILE, SPILE_LIB and SPILE_GENERATE"
    return os.path.abspath(path)


@dataclass
class Result:
    code: int  # exit code; minus the signal's number when killed by one
    out: str
    err: str
    seconds: float
    peak: int = 0  # peak resident memory in bytes, of Workspace.measure()

    @property
    def info(self):
        """What --json printed."""
        return json.loads(self.out)

    def __str__(self):
        return f"exit code {self.code}\n--- stdout\n{self.out[-4000:]}\n--- stderr\n{self.err[-4000:]}"


class Running:
    """A started process; both outputs go to files, so that it never waits for us."""

    def __init__(self, command, folder, env, stdin=None, before=None):
        self.out, self.err = (open(folder / f".{name}-{time.monotonic_ns()}", "w+b") for name in ("out", "err"))
        for file in (self.out, self.err):
            os.unlink(file.name)
        self.began = time.monotonic()
        self.process = subprocess.Popen(command, cwd=folder, env=env, stdin=stdin if stdin is not None else subprocess.DEVNULL,
                                        stdout=self.out, stderr=self.err, preexec_fn=before)

    def kill(self, number=signal.SIGKILL):
        if self.process.returncode is None:
            os.kill(self.process.pid, number)

    def wait(self, timeout=TIMEOUT):
        watchdog = threading.Timer(timeout, self.kill)
        watchdog.start()
        try:
            code = self.process.wait()
        finally:
            watchdog.cancel()
        seconds = time.monotonic() - self.began
        assert seconds < timeout, f"killed after {timeout} s: {self.process.args}"
        out, err = (self._text(file) for file in (self.out, self.err))
        return Result(code, out, err, seconds)

    @staticmethod
    def _text(file):
        file.seek(0)
        with file:
            return file.read().decode("utf-8", "replace")


def arguments(sources, to, options):
    """("a.json",), "x.duckdb", {"max_nesting": 0, "json": True} -> a.json --to x.duckdb --max-nesting 0 --json; a list gives the option
    several times."""
    return [str(source) for source in sources] + ["--to", str(to)] + option_words(options)


def option_words(options):
    words = []
    for name, value in options.items():
        for one in value if isinstance(value, list) else [value]:
            if one is not None and one is not False:
                words.append("--" + name.replace("_", "-"))
                if one is not True:
                    words.append(str(one))
    return words


class Workspace:
    """A folder with a database and a data folder of its own, in which the command runs."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.data = self.folder / "data"
        self.database = self.folder / "g.duckdb"
        self.environment = {}

    def environ(self, **more):
        env = {k: v for k, v in os.environ.items() if k != "SPILE_DATA_DIR"}
        env.update(SPILE_DATA_DIR=str(self.data), NO_COLOR="1", **self.environment, **more)
        return env

    def write(self, name, content):
        """Writes a file: bytes and text as they are, anything else as JSON."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if not isinstance(content, (bytes, str)):
            content = json.dumps(content, ensure_ascii=False)
        path.write_bytes(content.encode("utf-8", "surrogatepass") if isinstance(content, str) else content)
        return path

    def write_lines(self, name, items):
        return self.write(name, "".join(json.dumps(item, ensure_ascii=False) + "\n" for item in items))

    def start(self, *sources, to=None, stdin=None, before=None, command=None, env=None, **options):
        command = command or [place("SPILE")]
        words = [*command, "load", *arguments(sources, to or self.database, options)]
        return Running(words, self.folder, self.environ(**(env or {})), stdin, before)

    def run(self, *sources, timeout=TIMEOUT, **options):
        """Runs `spile load` and returns the result, whatever it is."""
        return self.start(*sources, **options).wait(timeout)

    def spile(self, *words, **options):
        """Runs any other command: words and options as they are typed, in the workspace's folder."""
        return Running([place("SPILE"), *map(str, words), *option_words(options)], self.folder, self.environ()).wait()

    def plan(self, *sources, **options):
        """Runs `spile plan` and returns the result, whatever it is."""
        return self.spile("plan", *sources, to=self.database, no_progress=True, **options)

    def measure(self, *sources, **options):
        """run(), with the peak of memory in the result."""
        report = self.folder / "peak"
        result = self.run(*sources, command=[sys.executable, "-I", "-S", str(MEASURE), str(report), place("SPILE")], **options)
        result.peak = int(report.read_text())
        return result

    def load(self, *sources, **options):
        """Runs `spile load --json`, which has to succeed, and returns its report."""
        result = self.run(*sources, json=True, no_progress=True, **options)
        assert result.code == 0, str(result)
        return result.info

    def load_chunked(self, *sources, chunk_bytes, **options):
        """The same through the library, since the size of chunks is no option of the command."""
        result = start_chunked(self, *sources, chunk_bytes=chunk_bytes, json=True, no_progress=True, **options).wait()
        assert result.code == 0, str(result)
        return result.info


def start_chunked(work, *sources, chunk_bytes, **options):
    return work.start(*sources, command=[sys.executable, str(CHUNKED), str(chunk_bytes)], env=preload(), **options)


def preload():
    """A library built with a sanitizer can only be opened by a program that has loaded the sanitizer first."""
    if not SANITIZED:
        return {}
    listing = subprocess.run(["ldd", place("SPILE_LIB")], capture_output=True, text=True, check=True).stdout
    runtimes = [line.split()[2] for line in listing.splitlines() if "san.so" in line and "=>" in line]
    return {"LD_PRELOAD": ":".join(runtimes), "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":detect_leaks=0"}


def generate(kind, count, path, seed=None):
    """Writes the bench generator's documents into a file."""
    with open(path, "wb") as file:
        subprocess.run([place("SPILE_GENERATE"), kind, str(count), *([str(seed)] if seed is not None else [])], stdout=file, check=True)
    return path


def package_files(data):
    """What lies in the pipelines' folders, as relative names."""
    root = Path(data) / "pipelines"
    return sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()) if root.exists() else []


def package_digest(folder):
    """{file: SHA-256} of everything below a folder: two packages of the same bytes have the same one."""
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(Path(folder).rglob("*")) if path.is_file()}
