# ctest: labels=conformance timeout=300
"""Incremental loading decides as dlt does: random sequences of options, runs and pages go through dlt's own Incremental and through ours.

Compared are the items that pass, where drawing stops, and the state after each run. INCREMENTAL_SEQUENCES sets the number (1000),
INCREMENTAL_SEED repeats a run that failed.
"""
import copy
import json
import os
import random
import subprocess

import dlt
import pytest
from dlt.extract.incremental import Incremental
from dlt.extract.utils import digest_dedup_value, resolve_column_value

from engine import SANITIZED, place

SEQUENCES = int(os.environ.get("INCREMENTAL_SEQUENCES", 200 if SANITIZED else 1000))
SEED = int(os.environ.get("INCREMENTAL_SEED", random.SystemRandom().randrange(10**9)))

# ---- dlt ----------------------------------------------------------------------------------------------------------------------------


class Pipe:
    """What an Incremental wants of the pipe that it is bound to."""
    name, has_parent = "t", False

    def __init__(self):
        self.closed = False

    def close(self):
        self.closed = True


def value(text):
    """An option's value: JSON, else a text."""
    try:
        return json.loads(text) if text is not None else None
    except ValueError:
        return text


def longest(values):
    """A function of the last value as spile has them: the first of two takes the other's place, or does not."""
    texts = [json.dumps(v, ensure_ascii=False).encode() for v in values]
    return values[0] if len(values) == 1 or len(texts[0]) > len(texts[1]) else values[1]


def columns(script, options):
    key = options.get("primary_key", script["key"])
    return None if key is None else key.split(",") if "," in key else key or ()


def make(script, member):
    options = script[member]
    words = {"initial": "initial_value", "end": "end_value", "last_value": "last_value_func", "missing": "on_cursor_value_missing"}
    arguments = {words[name]: value(options[name]) if name in ("initial", "end") else options[name] for name in words if name in options}
    if "lag" in options:
        arguments["lag"] = options["lag"]
    if options.get("last_value") == "longest":
        arguments["last_value_func"] = longest
    if options.get("order", "none") != "none":
        arguments["row_order"] = options["order"]
    incremental = dlt.sources.incremental(options["cursor"], primary_key=columns(script, options),
                                          range_start="open" if options.get("open_start") else "closed",
                                          range_end="closed" if options.get("closed_end") else "open", **arguments)
    incremental.on_resolved()
    return incremental


def dlts(script):
    state = copy.deepcopy(script.get("state", {}))
    try:
        incremental = make(script, "options")
    except Exception as error:
        return {"error": str(error)}
    runs = []
    for number, pages in enumerate(script["runs"]):
        pipe, run = Pipe(), {}
        runs.append(run)
        try:
            if number == 1 and "later" in script:
                incremental = make(script, "later")
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(Incremental, "_get_state", staticmethod(lambda resource, path: state))
                incremental.bind(pipe)
                run.update({"passed": [], "enough": []})
                for page in pages:
                    marked = [Item(item, number) for number, item in enumerate(page)]
                    run["passed"].append([item.number for item in incremental(marked) or []])
                    run["enough"].append(pipe.closed)
        except Exception as error:
            run["error"] = str(error)
            break
        if state:
            run["state"] = json.loads(json.dumps({**state, "unique_hashes": sorted(state["unique_hashes"])}))
    return {"runs": runs}


class Item(dict):
    """A document that knows its place in the page."""

    def __init__(self, document, number):
        super().__init__(document)
        self.number = number


# ---- spile ---------------------------------------------------------------------------------------------------------------------------


def ours(scripts):
    lines = "".join(json.dumps(script, ensure_ascii=False) + "\n" for script in scripts)
    result = subprocess.run([os.path.join(place("SPILE_FILTERS"), "incremental_filter")], input=lines, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    return [json.loads(line) for line in result.stdout.splitlines()]


def plain(found):
    """Without the words of errors; of the page that fails nothing is said by dlt."""
    if "error" in found:
        return "refused"
    return [{**{key: value for key, value in run.items() if key != "error"}, "failed": "error" in run,
             "passed": run.get("passed", [])[:len(run.get("enough", []))], "enough": run.get("enough", [])} for run in found["runs"]]


# ---- random sequences ------------------------------------------------------------------------------------------------------------------

DATETIMES = [f"2024-01-0{day}T{hour:02}:00:00{zone}" for zone in ("Z", "+00:00", "", ".000000Z", "+0100") for day in range(1, 6) for hour in (0, 12)]
CURSORS = {
    "integers": list(range(8)),
    "floats": [0.5, 1.0, 1.5, 2.0, 2.25, 3],
    "mixed numbers": [0, True, 1.5, 2, 2.0, 3, False],
    "large": [2**53, 2**53 + 1, 2**63 - 1, -2**63, 2**63],
    "dates": [f"2024-01-{day:02}" for day in range(28, 32)] + [f"2024-02-0{day}" for day in range(1, 4)],
    "compact dates": ["20240129", "20240130", "20240131", "20240201"],
    **{f"times {n}": DATETIMES[10 * n:10 * n + 10] for n in range(5)},
    "texts": ["a", "B", "b", "ä", "", "aa", "\U0001F600", "\uffff"],
    "weeks": ["2024-W01", "2024-W02", "2024-W52", "2025-W01"],
    "months": ["2024-01", "2024-02", "2024-11"],
    "days of the year": ["2024-001", "2024-060", "2024-366"],
    "beyond doubles": [2**62, 2**62 + 1, float(2**62), -(2**62) - 1, -float(2**62), 1e23, -1e300, 2**64 - 1, float(2**64)],
    "anything": [1, "x", 2.5, True],
}
PATHS = {"ts": lambda v: {"ts": v}, "a.b": lambda v: {"a": {"b": v}}, "l[0].c": lambda v: {"l": [{"c": v}]}, "$..deep": lambda v: {"x": {"deep": v}},
         "['a.b']": lambda v: {"a.b": v}}


def option(v):
    """JSON, but for texts that can't be taken for it."""
    plain = isinstance(v, str) and (v and not v[0].isdigit() and v not in ("true", "false", "null") or "-" in v[1:])
    return v if plain else json.dumps(v)


def random_options(r, path, kind):
    values = CURSORS[kind]
    options = {"cursor": path, "last_value": r.choice(["max", "max", "min"])}
    if r.random() < 0.6:
        options["initial"] = option(r.choice(values if r.random() < 0.9 else CURSORS[r.choice([*CURSORS])]))
    if r.random() < 0.2:
        options["end"] = option(r.choice(values))
        if r.random() < 0.9:
            options.setdefault("initial", option(r.choice(values)))
    if r.random() < 0.25:
        options["lag"] = r.choice([1, 2, 3600, 0.5] if kind.startswith("times") else [1, 2, 0.5])
    elif r.random() < 0.1:
        options["last_value"] = "longest"
    if r.random() < 0.3:
        options["order"] = r.choice(["asc", "desc"])
    if r.random() < 0.4:
        options["missing"] = r.choice(["raise", "include", "exclude"])
    options.update({key: True for key in ("open_start", "closed_end") if r.random() < 0.2})
    if r.random() < 0.1:
        options["primary_key"] = r.choice(["", "k", "id"])
    return options


def random_item(r, script, values):
    path = script["options"]["cursor"]
    document = {"id": r.randint(1, 5), "k": r.choice(["x", "y", None, {"z": [1, 2.0], "\u00e4": 1e-7}])}
    if r.random() < (0.15 if "missing" in script["options"] else 0.005):
        return {**document, **r.choice([{}, PATHS[path](None)])}
    return {**document, **PATHS[path](r.choice(values))}


def random_state(r, script, values):
    """As an earlier run has left it, maybe one of dlt before 1.29, whose hashes are longer."""
    last, legacy, key = r.choice(values), r.random() < 0.4, columns(script, script["options"])
    items = [random_item(r, script, [last]) for _ in range(r.randint(0, 5))]
    hashes = {digest_dedup_value(resolve_column_value(key, item) if key else item, legacy) for item in items}
    return {"initial_value": r.choice([None, last]), "last_value": last, "unique_hashes": sorted(hashes),
            "start_value": r.choice([None, *values])}


def sequence(seed):
    r = random.Random(seed)
    kind = r.choice([*CURSORS] + ["integers", "times 0", "dates"])
    path = r.choice([*PATHS] + ["ts"] * 6)
    script = {"options": random_options(r, path, kind), "key": r.choice([None, None, "id", "id", "id,k"])}
    if r.random() < 0.25:
        script["state"] = random_state(r, script, CURSORS[kind])
    if r.random() < 0.2:
        script["later"] = random_options(r, path, kind)
    values = CURSORS[kind]
    runs = [[[random_item(r, script, values) for _ in range(r.randint(0, 5))] for _ in range(r.randint(0, 3))]
            for _ in range(r.randint(1, 4))]
    return {**script, "runs": [[page for page in pages if page] for pages in runs]}


def without(mapping, name):
    return {key: v for key, v in mapping.items() if key != name}


def smaller(script):
    for i, run in enumerate(script["runs"]):
        yield {**script, "runs": script["runs"][:i] + script["runs"][i + 1:]}
        for j, page in enumerate(run):
            for k in range(len(page)):
                shorter = page[:k] + page[k + 1:]
                yield {**script, "runs": script["runs"][:i] + [run[:j] + ([shorter] if shorter else []) + run[j + 1:]] + script["runs"][i + 1:]}
    yield from (without(script, name) for name in ("state", "later") if name in script)
    for member in ("options", "later"):
        yield from ({**script, member: without(script[member], name)} for name in script.get(member, {}) if name != "cursor")


def shrink(script):
    for candidate in smaller(script):
        if plain(dlts(candidate)) != plain(ours([candidate])[0]):
            return shrink(candidate)
    return script


def test_sequences(capsys):
    scripts = [sequence(seed) for seed in range(SEED, SEED + SEQUENCES)]
    wanted = [dlts(script) for script in scripts]
    differ = [script for script, got, want in zip(scripts, ours(scripts), wanted, strict=True) if plain(got) != plain(want)]
    with capsys.disabled():
        runs = [run for want in wanted if "runs" in want for run in want["runs"]]
        print(f"\n{SEQUENCES} sequences from seed {SEED}: {len(differ)} differ; {len(runs)} runs, {sum('error' in run for run in runs)} failed, "
              f"{sum('error' in want for want in wanted)} refused")
    if differ:
        script = shrink(differ[0])
        pytest.fail(f"{len(differ)} differ, the first: {json.dumps(script, ensure_ascii=False)}\n  dlt   {dlts(script)}\n  spile {ours([script])[0]}")


CASES = {
    "lag": ({"cursor": "ts", "initial": "1", "lag": 2}, [[(1, 5), (2, 1)], [(3, 3), (4, 2), (1, 5)], [(5, 4)], []], [[1, 2], [3, 1], [5], []], 5),
    "lag of times": ({"cursor": "ts", "initial": "2024-01-01T00:00:00Z", "lag": 3600},
                     [[(1, "2024-01-02T10:00:00Z")], [(2, "2024-01-02T09:30:00Z"), (3, "2024-01-02T08:30:00Z")]], [[1], [2]], "2024-01-02T10:00:00Z"),
    "lag of dates": ({"cursor": "ts", "initial": "2024-01-01", "lag": 1}, [[(1, "2024-01-05")], [(2, "2024-01-04"), (3, "2024-01-03")]], [[1], [2]], "2024-01-05"),
    "least": ({"cursor": "ts", "initial": "10", "last_value": "min"}, [[(1, 5), (2, 11), (9, 10)], [(3, 3), (4, 7)]], [[1, 9], [3]], 3),
    "the same row twice": ({"cursor": "ts"}, [[(1, 5), (1, 5)], [(1, 5), (2, 5)]], [[1, 1], [2]], 5),
}


@pytest.mark.parametrize("case", CASES)
def test_recorded(case):
    """Runs that the fact sheet tells of."""
    options, runs, want, last = CASES[case]
    script = {"options": options, "key": None, "runs": [[[{"id": i, "ts": ts} for i, ts in run]] if run else [] for run in runs]}
    found = ours([script])[0]["runs"]
    passed = [[run[0][i]["id"] for i in got["passed"][0]] if run else [] for run, got in zip(script["runs"], found)]
    assert passed == want and found[-1]["state"]["last_value"] == last
    assert plain(dlts(script)) == plain({"runs": found})


def test_a_difference_is_seen():
    script = {"options": {"cursor": "ts"}, "key": None, "runs": [[[{"ts": 1}, {"ts": 0}]]]}
    assert plain(dlts(script)) != plain(ours([{**script, "options": {"cursor": "ts", "initial": "1"}}])[0])
    assert plain(dlts(script)) != plain(ours([{**script, "runs": [[[{"ts": 1}, {"ts": 2}]]]}])[0])
    assert plain(dlts(script)) != plain(ours([{**script, "options": {"cursor": "none"}}])[0])


@pytest.mark.parametrize(("options", "key", "items", "words"), [
    ({"cursor": "ts", "end": "5"}, None, [], "an end without a begin"),
    ({"cursor": "ts", "initial": "5", "end": "4"}, None, [], "the end is before the begin"),
    ({"cursor": "a["}, None, [], "is no path"),
    ({"cursor": "a[?(@.x)]"}, None, [], "filters can't be used"),
    ({"cursor": "ts", "lag": -1}, None, [], "negative"),
    ({"cursor": "ts"}, None, [{"ts": None}], "null at cursor \"ts\""),
    ({"cursor": "ts"}, None, [{}], "nothing at cursor \"ts\""),
    ({"cursor": "ts"}, None, [{"ts": 5}, {"ts": "6"}], "value \"6\" of cursor \"ts\" can't be compared with 5"),
    ({"cursor": "ts"}, None, [{"ts": [1]}], "can't be compared"),  # dlt takes the first one, and fails at the second
    ({"cursor": "ts"}, "id", [{"ts": 5}], "without \"id\""),
    ({"cursor": "ts", "keys_max": 2}, None, [{"ts": 5, "i": i} for i in range(3)], "more than 2 items have the last value 5"),
])
def test_errors(options, key, items, words):
    found = ours([{"options": options, "key": key, "runs": [[items]] if items else []}])[0]
    assert words in (found.get("error") or found["runs"][0]["error"])
