# ctest: labels=cases;slow timeout=900
"""Memory is a setting, not a consequence of the input: peak resident memory of loads much larger than their limit.

ALLOWANCE is what a process costs without data (program, libraries, DuckDB's own buffers and threads): its limit covers blocks, not
every allocation.
"""
import pytest

from dataset import digests
from engine import SANITIZED, generate

MB = 1 << 20
ALLOWANCE = 96 * MB

pytestmark = pytest.mark.skipif(SANITIZED, reason="a sanitizer's own memory is many times the program's")

# kind of document, how many, least size of the file in MB, limit in MB
INPUTS = {
    "300 MB of short lines": ("w1n", 2_600_000, 290, 128),
    "300 MB of nested documents": ("w2", 210_000, 290, 256),
    "100 MB in one array": ("array", 900_000, 100, 128),
    "lists of 100,000 elements": ("lists", 10, 20, 128),
}


@pytest.mark.parametrize("name", INPUTS)
def test_peak_stays_below_the_limit(work, name):
    kind, count, size, limit = INPUTS[name]
    path = generate(kind, count, work.folder / "t.json")
    assert path.stat().st_size >= size * MB
    result = work.measure(path, dataset="d", memory=f"{limit}M", workers=2, no_progress=True, json=True)
    path.unlink()
    assert result.code == 0, str(result)
    assert digests(work.database)["t"][0] == count
    print(f"{name}: peak {result.peak / MB:.0f} MB, {result.seconds:.1f} s")
    assert result.peak <= limit * MB + ALLOWANCE


# One document that does not fit: how it begins, what it repeats, how it ends, its size in MB.
TOO_LARGE = {
    "more text than may be held": (b'{"l": [', b'{"a": 1, "b": "some text"}, ', b'{"a": 1}]}\n', 300),
    "few bytes of text but many values": (b'{"l": [', b"[],", b"[]]}\n", 15),
}


@pytest.mark.parametrize("name", TOO_LARGE)
def test_a_document_beyond_the_limit_is_refused(work, name):
    """An error with a place and a remedy, not the end of the machine."""
    begin, piece, end, size = TOO_LARGE[name]
    path = work.folder / "t.json"
    with open(path, "wb") as file:
        file.write(b'{"first": 1}\n' + begin)
        for _ in range(size):
            file.write(piece * (MB // len(piece)))
        file.write(end)
    result = work.measure(path, dataset="d", memory="128M", no_progress=True)
    path.unlink()
    assert result.code in (1, 4), str(result)
    assert "--memory" in result.err and " hint: " in result.err and "line 2, byte 13 of" in result.err
    assert result.peak <= 128 * MB + ALLOWANCE
    assert not work.database.exists() or digests(work.database) == {}


def test_memory_does_not_change_the_result(work):
    path = generate("w2", 20_000, work.folder / "t.json")
    found = []
    for memory in ("192M", "2G"):
        work.database, work.data = work.folder / f"{memory}.duckdb", work.folder / f"data{memory}"
        work.load(path, dataset="d", pipeline="g", load_id="1764000000.5", memory=memory)
        found.append(digests(work.database))
    assert found[0] == found[1]
