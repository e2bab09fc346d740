# ctest: labels=cases timeout=300
"""The pages of docs/ tell what really happens: their blocks of commands are run, one after another in one folder, and print what the
block of text behind them says. Expected values: the pages."""
import os
import re
import subprocess
from pathlib import Path

import postgres
import pytest

from engine import SANITIZED, place

ROOT = Path(__file__).resolve().parent.parent.parent
PAGES = [page for page in sorted((ROOT / "docs").glob("*.md")) if "```sh\n" in page.read_text()]
DUCKDB = sorted(ROOT.glob(".deps/duckdb-cli-*/duckdb"))[-1]

pytestmark = pytest.mark.skipif(SANITIZED, reason="times and sizes aside the same as without a sanitizer")


def blocks(page):
    """[(commands, expected output)]"""
    return re.findall(r"```sh\n(.*?)```\n\n```text\n(.*?)```", page.read_text(), re.DOTALL)


def pieces():
    """[(page, example, code)]: blocks of C that say which program they are a piece of."""
    return [(page.name, example, code) for page in sorted((ROOT / "docs").glob("*.md"))
            for example, code in re.findall(r"```c (\S+)\n(.*?)```", page.read_text(), re.DOTALL)]


def pattern(text):
    """Blanks may be more where a size is shorter; "..." is anything but a line's end."""
    return "".join(r"[^\n]+" if part == "..." else r" +" if part.isspace() and "\n" not in part else re.escape(part)
                   for part in re.split(r"(\.\.\.| +)", text))


def test_there_are_pages():
    assert PAGES and all(len(blocks(page)) == page.read_text().count("```sh\n") for page in PAGES)


@pytest.mark.parametrize(("page", "example", "code"), pieces())
def test_pieces_of_programs(page, example, code):
    assert code in (ROOT / example).read_text()


def test_every_example_is_told_of():
    told = {example for _, example, _ in pieces()} | set(re.findall(r"examples/\w+\.c", (ROOT / "README.md").read_text()))
    assert told == {f"examples/{path.name}" for path in (ROOT / "examples").glob("*.c")}


def runs():
    """A page that speaks of $TO is run with each destination."""
    return [pytest.param(page, engine, id=f"{page.name}{'-' + engine if engine else ''}") for page in PAGES
            for engine in (("duckdb", "sqlite", "postgres") if "$TO" in page.read_text() else (None,))]


def destination(engine, request):
    if engine == "postgres":
        server = request.getfixturevalue("server")
        return server.uri(server.create())
    return {"duckdb": "shop.duckdb", "sqlite": "shop.db", None: ""}[engine]


@pytest.fixture(scope="module")
def server():
    server = postgres.Server()
    yield server
    server.remove()


@pytest.mark.parametrize(("page", "engine"), runs())
def test_page(tmp_path, page, engine, request):
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "duckdb").symlink_to(DUCKDB)
    (tmp_path / "bin" / "spile").symlink_to(place("SPILE"))
    folder = tmp_path / "folder"
    folder.mkdir()
    env = {**os.environ, "PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}", "SPILE_DATA_DIR": str(tmp_path / "data"), "HOME": str(tmp_path),
           "LC_ALL": "C.UTF-8", "TO": destination(engine, request)}
    if engine == "postgres":  # what is recalled of a pipeline's last run is without the password
        env["PGPASSWORD"] = postgres.Server.PASSWORDS["loader"]
    for commands, want in blocks(page):
        done = subprocess.run(["bash", "-e", "-c", commands], cwd=folder, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        assert done.returncode == 0 and re.fullmatch(pattern(want), done.stdout), f"{page.name}:\n{commands}\nprinted\n{done.stdout}\nnot\n{want}"
