# ctest: labels=conformance timeout=300
"""Incremental loading decides as dlt does: random sequences of options, runs and pages go through dlt's own Incremental and through ours.

Compared are the items that pass, where drawing stops, and the state after each run, as it is kept. INCREMENTAL_SEQUENCES sets the number (1000),
INCREMENTAL_SEED repeats a run that failed. Two of five sequences have values of Python's types as cursors.
"""
import base64
import json
import os
import random
import re
import subprocess

import dlt
import pytest
from dlt.common.json import custom_encode, custom_pua_decode_nested, custom_pua_encode
from dlt.extract.incremental import Incremental
from dlt.extract.utils import digest_dedup_value, resolve_column_value

import typed
from chance import seed_from
from engine import SANITIZED, place
from typed import Decimal, date, datetime, east, time, timedelta

SEQUENCES = int(os.environ.get("INCREMENTAL_SEQUENCES", 200 if SANITIZED else 1000))
SEED = seed_from("INCREMENTAL_SEED")

# ---- dlt ----------------------------------------------------------------------------------------------------------------------------


class Pipe:
    """What an Incremental wants of the pipe that it is bound to."""
    name, has_parent = "t", False

    def __init__(self):
        self.closed = False

    def close(self):
        self.closed = True


READERS = {"timestamp": datetime.fromisoformat, "date": date.fromisoformat, "time": time.fromisoformat, "decimal": Decimal, "binary": base64.b64decode}


def value(text, kind=None):
    """An option's value: of that kind, else JSON, else a text."""
    if kind and text is not None:
        return READERS[kind](text)
    try:
        return json.loads(text) if text is not None else None
    except ValueError:
        return text


def longest(values):
    """A function of the last value as spile has them: the first of two takes the other's place, or does not."""
    texts = [json.dumps(v, ensure_ascii=False, default=custom_encode).encode() for v in values]
    return values[0] if len(values) == 1 or len(texts[0]) > len(texts[1]) else values[1]


def columns(script, options):
    key = options.get("primary_key", script["key"])
    return None if key is None else key.split(",") if "," in key else key or ()


def make(script, member):
    options = script[member]
    words = {"initial": "initial_value", "end": "end_value", "last_value": "last_value_func", "missing": "on_cursor_value_missing"}
    arguments = {words[name]: value(options[name], options.get("kind")) if name in ("initial", "end") else options[name] for name in words if name in options}
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


def kept(state):
    """The text of a state, with dlt's marks of types."""
    return json.dumps(state, default=custom_pua_encode)


def read(text):
    return custom_pua_decode_nested(json.loads(text))


def dlts(script):
    state = read(json.dumps(script.get("state", {})))
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
            run["error"] = str(error) or repr(error)
            break
        if state:
            run["state"] = json.loads(kept({**state, "unique_hashes": sorted(state["unique_hashes"])}))
            state = read(kept(state))
    return {"runs": runs}


class Item(dict):
    """A document that knows its place in the page."""

    def __init__(self, document, number):
        super().__init__(document)
        self.number = number


# ---- spile ---------------------------------------------------------------------------------------------------------------------------


def ours(scripts):
    lines = "".join(json.dumps(typed.mark(script), ensure_ascii=False) + "\n" for script in scripts)
    result = subprocess.run([os.path.join(place("SPILE_FILTERS"), "incremental_filter")], input=lines, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    return [json.loads(line) for line in result.stdout.splitlines()]


def plain(found):
    """As text, in which 1 is not True, without the words of errors; of the page that fails nothing is said by dlt. A Z in a state that spile leaves as it is
    is an offset, too."""
    if "error" in found:
        return "refused"
    text = json.dumps([{**{key: value for key, value in run.items() if key != "error"}, "failed": "error" in run,
             "passed": run.get("passed", [])[:len(run.get("enough", []))], "enough": run.get("enough", [])} for run in found["runs"]], sort_keys=True)
    return re.sub(r'(\\uf027[^"]*)Z"', r'\1+00:00"', text)


def differ(got, want):
    """What a bug of dlt's stops tells nothing: test_lag_and_a_page_without_values."""
    return plain(got) != plain(want) and not any(run.get("error") == "AssertionError()" for run in want.get("runs", []))


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
DAY = datetime(2024, 1, 31, 23, 59)
NAIVE = [DAY, DAY.replace(microsecond=250000), datetime(2024, 2, 1), datetime(2024, 2, 1, 0, 59), datetime(2024, 2, 29, 12), datetime(2024, 3, 1)]
AWARE = [v.replace(tzinfo=zone) for v in NAIVE for zone in (east(0), east(0), east(1), east(-5.5))]
DECIMALS = [*map(Decimal, ("0", "1", "1.0", "1.50", "-2", "1E+2", "0.1", "100.000000000000000001", "-0.0", "Infinity"))]
TYPED = {
    "timestamps": AWARE,
    "naive timestamps": NAIVE,
    "timestamps of both sorts": NAIVE + AWARE,
    "extreme timestamps": [datetime(1, 1, 1, 1), datetime(9999, 12, 31, 23), *(datetime(1, 1, 1, 1, tzinfo=east(h)) for h in (2, 0, -2)),
                           *(datetime(9999, 12, 31, 23, tzinfo=east(h)) for h in (2, 0, -2))],
    "typed dates": [date(2024, 1, 31), date(2024, 2, 1), date(2024, 2, 2), date(2024, 2, 29), date(2023, 12, 31), date(1, 1, 1), date(9999, 12, 31)],
    "typed times": [time(0), time(3, 4), time(3, 4, 5), time(3, 4, 5, 6000), time(23, 59, 59, 999999)],
    "decimals": DECIMALS,
    "decimals and numbers": [*DECIMALS, 0, 1, True, 0.1, 1.5, 100, 1e300, -1e-300, 2**64 - 1, Decimal(2**64 - 1), 1.0000000000000002, Decimal("1.0000000000000002")],
    "binary": [b"\0", b"\0\0", b"a", b"\xff", b"\xfe\xff", b"ab"],
    "types of all sorts": [DAY, DAY.date(), DAY.time(), Decimal("1"), b"a", "a", 1, "2024-01-31T23:59:00"],
}
PATHS = {"ts": lambda v: {"ts": v}, "a.b": lambda v: {"a": {"b": v}}, "l[0].c": lambda v: {"l": [{"c": v}]}, "$..deep": lambda v: {"x": {"deep": v}},
         "['a.b']": lambda v: {"a.b": v}}


def option(v):
    """JSON, but for texts that can't be taken for it."""
    plain = isinstance(v, str) and (v and not v[0].isdigit() and v not in ("true", "false", "null") or "-" in v[1:])
    return v if plain else custom_encode(v) if word(v) else json.dumps(v)


def word(v):
    """The kind of a value that JSON has not."""
    return next((name[1:] for name in typed.mark(v)), None) if isinstance(typed.mark(v), dict) else None


def random_bounds(r, values):
    """Initial and end, which are of one kind."""
    initial = r.choice(values if r.random() < 0.9 else {**CURSORS, **TYPED}[r.choice([*CURSORS, *TYPED])])
    bounds = {}
    if r.random() < 0.6:
        bounds["initial"] = option(initial)
    if r.random() < 0.2:
        bounds["end"] = option(r.choice([v for v in values if word(v) == word(initial)] or [initial]))
        if r.random() < 0.9:
            bounds.setdefault("initial", option(initial))
    return {**bounds, "kind": word(initial)} if bounds and word(initial) else bounds


def of_both_sorts(values):
    return len({v.tzinfo is None for v in values if isinstance(v, datetime)}) > 1


def random_options(r, path, kind, seen):
    """`seen`: what items have there."""
    values = {**CURSORS, **TYPED}[kind]
    options = {"cursor": path, "last_value": r.choice(["max", "max", "min"]), **random_bounds(r, values)}
    if r.random() < 0.25:
        options["lag"] = r.choice([1, 2, 3600, 0.5, 86400.5, 1e-6, 1.4e-6] if "times" in kind else [1, 2, 0.5, 1.5, 1e-13])
        if "end" in options and of_both_sorts([*seen, value(options.get("initial"), options.get("kind"))]):
            del options["lag"]  # test_lag_beside_an_end
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
    document = {"id": r.randint(1, 5), "k": r.choice(["x", "y", None, {"z": [1, 2.0], "\u00e4": 1e-7}, *script["k"]])}
    if r.random() < (0.15 if "missing" in script["options"] else 0.005):
        return {**document, **r.choice([{}, PATHS[path](None)])}
    return {**document, **PATHS[path](r.choice(values))}


def random_state(r, script, values):
    """As an earlier run has left it, maybe one of dlt before 1.29, whose hashes are longer."""
    last, legacy, key = r.choice(values), r.random() < 0.4, columns(script, script["options"])
    items = [random_item(r, script, [last]) for _ in range(r.randint(0, 5))]
    hashes = {digest_dedup_value(resolve_column_value(key, item) if key else item, legacy) for item in items}
    state = kept({"initial_value": r.choice([None, last]), "last_value": last, "unique_hashes": sorted(hashes), "start_value": r.choice([None, *values])})
    return json.loads(state.replace("+00:00", r.choice(["+00:00", "Z"])))  # as dlt once had it


def is_typed(seed):
    return seed % 5 < 2


def sequence(seed):
    r = random.Random(seed)
    kind = r.choice([*TYPED] if is_typed(seed) else [*CURSORS] + ["integers", "times 0", "dates"])
    values = {**CURSORS, **TYPED}[kind]
    path = r.choice([*PATHS] + ["ts"] * 6)
    script = {"options": random_options(r, path, kind, values), "key": r.choice([None, None, "id", "id", "id,k"]), "k": values[:2] if is_typed(seed) else []}
    if r.random() < 0.25:
        script["state"] = random_state(r, script, values)
    if r.random() < 0.2:
        script["later"] = random_options(r, path, r.choice([*TYPED] if is_typed(seed) and r.random() < 0.2 else [kind]), values)
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
        if differ(ours([candidate])[0], dlts(candidate)):
            return shrink(candidate)
    return script


def report(wanted, different, sort=""):
    runs = [run for want in wanted if "runs" in want for run in want["runs"]]
    print(f"\n{len(wanted)} {sort}sequences from seed {SEED}: {len(different)} differ; {len(runs)} runs, {sum('error' in run for run in runs)} failed, "
          f"{sum('error' in want for want in wanted)} refused")


def test_sequences(capsys):
    scripts = [sequence(seed) for seed in range(SEED, SEED + SEQUENCES)]
    wanted = [dlts(script) for script in scripts]
    different = [script for script, got, want in zip(scripts, ours(scripts), wanted, strict=True) if differ(got, want)]
    with capsys.disabled():
        report(wanted, different)
        report([want for seed, want in enumerate(wanted, SEED) if is_typed(seed)], [script for script in different if script["k"]], "typed ")
    if different:
        script = shrink(different[0])
        pytest.fail(f"{len(different)} differ, the first: {script}\n  dlt   {dlts(script)}\n  spile {ours([script])[0]}")


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


def test_lag_beside_an_end():
    """There is no lag then. dlt has none either, but compares with the bounds as they were given, which fails once these follow the items' zone."""
    options = {"cursor": "ts", "initial": "2024-01-01", "end": "2024-01-05", "kind": "timestamp"}
    items = [{"id": day, "ts": datetime(2024, 1, day, tzinfo=east(0))} for day in (1, 4, 5)]
    without, beside = ({"options": {**options, **lag}, "key": None, "k": [], "runs": [[items]]} for lag in ({}, {"lag": 3600}))
    assert dlts(without)["runs"][0]["passed"] == ours([without])[0]["runs"][0]["passed"] == ours([beside])[0]["runs"][0]["passed"] == [[0, 1]]
    assert "can't compare" in dlts(beside)["runs"][0]["error"]


def test_lag_and_a_page_without_values():
    """Timestamps may come after it. dlt takes for granted that the first of them meets the lagged start, which it has left by then."""
    options = {"cursor": "ts", "lag": 3600, "missing": "include"}
    pages = [[{"id": 1}], [{"id": 2, "ts": NAIVE[1]}, {"id": 3, "ts": NAIVE[0] - timedelta(hours=1)}, {"id": 4, "ts": NAIVE[0] - timedelta(hours=2)}]]
    state = {"initial_value": None, "last_value": NAIVE[0], "unique_hashes": [], "start_value": None}
    script = {"options": options, "key": None, "k": [], "state": json.loads(kept(state)), "runs": [pages]}
    assert dlts(script)["runs"][0]["error"] == "AssertionError()"
    assert ours([script])[0]["runs"][0]["passed"] == [[0], [0, 1]]


def test_a_difference_is_seen():
    script = {"options": {"cursor": "ts"}, "key": None, "runs": [[[{"ts": 1}, {"ts": 0}]]]}
    assert plain(dlts(script)) != plain(ours([{**script, "options": {"cursor": "ts", "initial": "1"}}])[0])
    assert plain(dlts(script)) != plain(ours([{**script, "runs": [[[{"ts": 1}, {"ts": 2}]]]}])[0])
    assert plain(dlts(script)) != plain(ours([{**script, "options": {"cursor": "none"}}])[0])
    script["runs"] = [[[{"ts": Decimal("1.0")}, {"ts": Decimal("1")}]]]
    assert plain(dlts(script)) != plain(ours([{**script, "runs": [[[{"ts": Decimal("1")}, {"ts": Decimal("1.0")}]]]}])[0])


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
