"""bench/run.py: spile against dlt and DuckDB itself, round by round on the same files; every result is validated. See README.md.

    python bench/run.py                                  everything but the memory workloads
    python bench/run.py --only w2 --rounds 3             one workload, fewer rounds
    python bench/run.py --only sources,waiting           what functions, steps and cursors cost
    python bench/run.py --memory --only memory           inputs far larger than the memory that is allowed
    python bench/run.py --scale 0.01 --rounds 1          a trial of the harness

Needs Python 3.11 and the standard library; what is measured and the validation run in the project's .venv.
"""
import argparse
import dataclasses
import glob
import hashlib
import itertools
import json
import os
import pathlib
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile

import measure

BENCH = pathlib.Path(__file__).resolve().parent
PROJECT = BENCH.parent
LOAD_ID = "1795581019.179255"
ONE_ROW = '{"id":1,"name":"a"}\n'

# SHA-256 of what `generate KIND 10000` writes (lists: 10 documents, for 10,000 would be 24 GB).
PINNED = {
    "w1n": (10000, "b92e711ca51e620eae656523815edf53a46f6dbca1dd2886fcb6a14a1766cee6"),
    "w1f": (10000, "bcbd1d2600471e8709cd51b68b344ea5a264507a6a6b59e84c7a6b9672358a47"),
    "w2": (10000, "0d8fc61b9733de140124fc1be59b551b2c7f7658868c23f0b229bef90a550bc4"),
    "array": (10000, "85b7319dc6b4d17e247dc3760c74a6a4259bfc76dc43a67ecee283366e9ea7fa"),
    "lists": (10, "589ad2e9c9134e9e5b904dc45cebdd2d35b4cab0295f2a2232f98b81cf7f56a9"),
    "random": (10000, "6189120c723475f87ef0d4208eb710ef16aa1adb4c3766bde27152f03d4bebcd"),
}


class BenchError(Exception):
    """Anything that makes the figures worthless: a failed run, a failed validation, a missing side."""


# ---- sides: who loads the file, and what can be expected of the result ----

@dataclasses.dataclass(frozen=True)
class Side:
    name: str
    schema: str           # where its tables are in the target
    ids: str              # see validate.py
    root_only: bool = False
    note: str = ""        # shown beside its figures


@dataclasses.dataclass(frozen=True)
class Workload:
    name: str
    kind: str
    count: int
    sides: tuple
    chunk_rows: int = 10000       # dlt: documents per page
    file_items: int = 50000       # dlt: DATA_WRITER__FILE_MAX_ITEMS
    buffer_items: int = 20000     # dlt: DATA_WRITER__BUFFER_MAX_ITEMS
    light: bool = False           # facts of some columns only


SPILE = Side("spile", "bench", "dlt")
SPILE_512M = Side("spile-512M", "bench", "dlt", note="--memory 512M")
DLT = Side("dlt", "bench", "dlt", note="tuned")
DUCKDB = Side("duckdb", "main", "none", note="no ids: less work")
DUCKDB_IDS = Side("duckdb-ids", "main", "unique")
DUCKDB_STRUCTS = Side("duckdb", "main", "none", root_only=True, note="lists and objects kept in columns, no ids: less work")
DUCKDB_SQL = Side("duckdb-sql", "main", "unique")

LIBRARY = tuple(Side(name, "bench", "dlt", note=note) for name, note in (
    ("file", "through the library, as all of these"), ("generator", "pages of its lines"), ("steps", "and a map and a filter"),
    ("data", "the file, of a resource"), ("incremental", "and a cursor")))

FLAT_SIDES = (SPILE, DUCKDB, DUCKDB_IDS, DLT)
WORKLOADS = (
    Workload("w1n", "w1n", 1_000_000, FLAT_SIDES),
    Workload("sources", "w1n", 1_000_000, LIBRARY),
    Workload("w1f", "w1f", 200_000, FLAT_SIDES),
    Workload("w2", "w2", 100_000, (SPILE, DUCKDB_STRUCTS, DUCKDB_SQL, DLT), chunk_rows=1000, file_items=5000, buffer_items=5000),
)
MEMORY_WORKLOADS = (
    Workload("ndjson-4GB", "w1n", 33_500_000, (SPILE, SPILE_512M), light=True),
    Workload("array-1GB", "array", 8_500_000, (SPILE, SPILE_512M), light=True),
    Workload("lists-100k", "lists", 200, (SPILE, SPILE_512M), light=True),
)
DUCKDB_WORK = {"duckdb": "plain", "duckdb-ids": "ids", "duckdb-sql": "unnest"}


def spile_command(options, source, target):
    return [options.spile, "load", source, "--to", target, "--dataset", "bench", "--table", "items", "--pipeline", "bench",
            "--workers", "2", "--quiet", "--no-progress"]


def command(options, side, workload, source, target, folder):
    if side is SPILE:
        return spile_command(options, source, target)
    if side is SPILE_512M:
        return spile_command(options, source, target) + ["--memory", "512M"]
    if side in LIBRARY:
        return [options.sources, side.name, source, target]
    if side is DLT:
        return [options.python, str(BENCH / "peer_dlt.py"), source, target, str(workload.chunk_rows), folder]
    return [options.python, str(BENCH / "peer_duckdb.py"), DUCKDB_WORK[side.name], source, target, LOAD_ID]


def environment(workload, folder):
    """Nobody finds anything of an earlier run, and nobody phones home."""
    return os.environ | {
        "HOME": folder, "SPILE_DATA_DIR": os.path.join(folder, "spile"), "DLT_DATA_DIR": os.path.join(folder, "dlt"),
        "RUNTIME__DLTHUB_TELEMETRY": "false", "NORMALIZE__WORKERS": "2", "RUNTIME__LOG_LEVEL": "ERROR",
        "DATA_WRITER__FILE_MAX_ITEMS": str(workload.file_items), "DATA_WRITER__BUFFER_MAX_ITEMS": str(workload.buffer_items),
    }


# ---- input files ----

def execute(argv, **more):
    """A helper command (not measured): its failure ends the bench."""
    done = subprocess.run(argv, capture_output=True, text=True, **more)
    if done.returncode:
        raise BenchError(f"{' '.join(map(str, argv))}\n{(done.stdout + done.stderr)[-4000:]}")
    return done.stdout


def build_generator(options):
    program, source = options.data_dir / "generate", BENCH / "generate.c"
    options.data_dir.mkdir(parents=True, exist_ok=True)
    if not program.exists() or program.stat().st_mtime < source.stat().st_mtime:
        execute([os.environ.get("CC", "cc"), "-std=c17", "-O2", "-D_GNU_SOURCE", "-o", str(program), str(source)])
    return program


def check_pinned(program, kind):
    count, want = PINNED[kind]
    generator = subprocess.Popen([program, kind, str(count)], stdout=subprocess.PIPE)
    digest = hashlib.sha256()
    for block in iter(lambda: generator.stdout.read(1 << 20), b""):
        digest.update(block)
    if generator.wait() or digest.hexdigest() != want:
        raise BenchError(f"generate {kind} {count} writes other bytes than those pinned in run.py: {digest.hexdigest()}")


def made_once(path, make):
    """`path`, made by make(temporary path) unless it is there; a broken-off attempt leaves nothing behind that looks finished."""
    if not path.exists():
        unfinished = path.with_name(path.name + f".{os.getpid()}.part")
        make(unfinished)
        unfinished.rename(path)
    return path


def prepare_input(options, workload):
    """(data file, facts file). Their names hold pinned bytes and facts.py's, so no stale file is ever taken for a fresh one."""
    program = build_generator(options)
    check_pinned(program, workload.kind)
    count = max(1, int(workload.count * (options.memory_scale if workload in MEMORY_WORKLOADS else options.scale)))
    stem = f"{workload.kind}-{count}-{PINNED[workload.kind][1][:8]}"
    rules = hashlib.sha256((BENCH / "facts.py").read_bytes()).hexdigest()[:8]

    def generate(path):
        with open(path, "wb") as out:
            subprocess.run([program, workload.kind, str(count)], stdout=out, check=True)

    def note_facts(path):
        print(f"{workload.name}: reading {data.name} for what has to come out …", file=sys.stderr)
        execute([options.python, str(BENCH / "facts.py"), workload.kind, str(data), str(path)] + ["--light"] * workload.light)

    data = made_once(options.data_dir / f"{stem}.json", generate)
    return data, made_once(options.data_dir / f"{stem}{'-light' * workload.light}.facts-{rules}.json", note_facts)


def warm(path):
    """Reads the input once, so that no side pays for the disk."""
    with open(path, "rb") as source:
        while source.read(1 << 22):
            pass


# ---- one run, many rounds ----

def available_memory():
    with open("/proc/meminfo") as meminfo:
        return next(int(line.split()[1]) * 1024 for line in meminfo if line.startswith("MemAvailable"))


def target_root(options, data):
    """A RAM disk if it, and the memory behind it, has room for target and load package; a folder beside the data otherwise."""
    if options.target_dir:
        return options.target_dir
    needed = 3 * data.stat().st_size + (1 << 30)
    if os.path.isdir("/dev/shm") and min(shutil.disk_usage("/dev/shm").free, available_memory()) > needed:
        return "/dev/shm"
    return str(options.data_dir)


def validate(options, side, target, facts):
    argv = [options.python, str(BENCH / "validate.py"), target, side.schema, str(facts), "--ids", side.ids]
    done = subprocess.run(argv + ["--root-only"] * side.root_only, capture_output=True, text=True)
    if done.returncode:
        raise BenchError(f"{side.name}: the result is wrong, the run is void\n{done.stdout}{done.stderr}")


def inside_seconds(output):
    """Seconds without the start of Python, as a peer reports them; None for a side that needs no Python."""
    for line in output.splitlines():
        if line.startswith('{"inside_seconds"'):
            return json.loads(line)["inside_seconds"]
    return None


def run_once(options, side, workload, data, facts):
    idle = measure.wait_until_quiet(options.idle, options.patience) if options.idle > 0 else None
    with tempfile.TemporaryDirectory(prefix="spile-bench-", dir=target_root(options, data)) as folder:
        target = os.path.join(folder, "target.duckdb")
        done = measure.run(command(options, side, workload, str(data), target, folder), environment(workload, folder), folder,
                           options.timeout)
        if done.exit_code:
            raise BenchError(f"{side.name} on {workload.name}: exit code {done.exit_code}\n{done.output[-4000:]}")
        validate(options, side, target, facts)
        size = os.path.getsize(target)
    return {"side": side.name, "seconds": done.seconds, "inside_seconds": inside_seconds(done.output),
            "cpu_seconds": done.cpu_seconds, "peak_rss_bytes": done.peak_rss_bytes, "target_bytes": size,
            "target_dir": os.path.dirname(folder), "idle_before": idle}


def takes_part(options, side, number):
    """Round 0 warms up and is thrown away; dlt takes so long that it has fewer rounds and no warm-up."""
    return 1 <= number <= options.dlt_rounds if side is DLT else True


def run_rounds(options, workload, sides, data, facts):
    """The runs, each with its round. The sides take turns within a round, so that what changes with time hits all of them."""
    warm(data)
    runs = []
    first = 1 if workload in MEMORY_WORKLOADS else 0
    last = 1 if workload in MEMORY_WORKLOADS else options.rounds
    for number in range(first, max(last, options.dlt_rounds if DLT in sides else 0) + 1):
        for side in sides:
            if not takes_part(options, side, number) or (side is not DLT and number > last):
                continue
            entry = run_once(options, side, workload, data, facts) | {"round": number}
            print(f"{workload.name} round {number} {side.name:<11} {entry['seconds']:8.3f} s", file=sys.stderr)
            if number:
                runs.append(entry)
    return runs


# ---- figures ----

def summarize(side, runs, base_runs):
    """The side's medians, and the median of its time over the base's in the same round."""
    base = {entry["round"]: entry["seconds"] for entry in base_runs}
    middle = statistics.median(base.values())
    ratios = [entry["seconds"] / base.get(entry["round"], middle) for entry in runs]
    inside = [entry["inside_seconds"] for entry in runs if entry["inside_seconds"] is not None]
    return {
        "side": side.name, "note": side.note, "rounds": len(runs),
        "seconds": statistics.median(entry["seconds"] for entry in runs),
        "inside_seconds": statistics.median(inside) if inside else None,
        "cpu_seconds": statistics.median(entry["cpu_seconds"] for entry in runs),
        "peak_rss_bytes": max(entry["peak_rss_bytes"] for entry in runs),
        "target_bytes": runs[-1]["target_bytes"],
        "ratio": statistics.median(ratios), "ratio_interval": measure.bootstrap_interval(ratios),
    }


def workload_report(options, workload):
    sides = [side for side in workload.sides if side.name in options.sides]
    if not sides:
        return None
    data, facts = prepare_input(options, workload)
    with open(facts, encoding="utf-8") as source:
        tables = {name: table["rows"] for name, table in json.load(source)["tables"].items()}
    runs = run_rounds(options, workload, sides, data, facts)
    by_side = {side: [entry for entry in runs if entry["side"] == side.name] for side in sides}
    measured = [side for side in sides if by_side[side]]
    return {
        "workload": workload.name, "input_bytes": data.stat().st_size, "tables": tables, "base": measured[0].name,
        "sides": [summarize(side, by_side[side], by_side[measured[0]]) for side in measured], "runs": runs,
    }


def print_workload(report):
    rows = sum(report["tables"].values())
    tables = len(report["tables"])
    print(f"\n{report['workload']}: {report['input_bytes'] / 1e6:,.0f} MB of JSON, {rows:,} rows in "
          f"{tables} table{'s' * (tables > 1)}")
    print(f"  {'side':<12}{'rounds':>6}{'seconds':>9}{'inside':>8}{'user+sys':>10}{'peak RSS':>12}{'file':>12}{'rows/s':>13}"
          f"   x {report['base']} [95 %]")
    for side in report["sides"]:
        inside = f"{side['inside_seconds']:.3f}" if side["inside_seconds"] is not None else ""
        interval = f" [{side['ratio_interval'][0]:.2f}, {side['ratio_interval'][1]:.2f}]" if side["ratio_interval"] else ""
        note = f"  ({side['note']})" if side["note"] else ""
        print(f"  {side['side']:<12}{side['rounds']:>6}{side['seconds']:>9.3f}{inside:>8}{side['cpu_seconds']:>10.3f}"
              f"{measure.memory_text(side['peak_rss_bytes']):>12}{measure.memory_text(side['target_bytes']):>12}"
              f"{rows / side['seconds']:>13,.0f}   {side['ratio']:.2f}{interval}{note}")


# ---- start-up ----

def start_up_cases(options):
    """(what, command for a folder). The second run finds database, dataset and pipeline of the first."""
    def load(folder):
        return spile_command(options, os.path.join(folder, "one.json"), os.path.join(folder, "target.duckdb"))

    cases = [("python, import duckdb", lambda folder: [options.python, "-c", "import duckdb"])]
    if "spile" in options.sides:
        cases = [("spile --version", lambda folder: [options.spile, "--version"]),
                 ("spile load, one row, new target", load), ("spile load, one row, again", load)] + cases
    return cases


def check_one_row(options, folder, want):
    """The start-up runs, too, have to load what they are given."""
    program = ("import duckdb, sys; connection = duckdb.connect(sys.argv[1], read_only=True); "
               "print(connection.sql('SELECT id, name FROM bench.items').fetchall())")
    got = execute([options.python, "-c", program, os.path.join(folder, "target.duckdb")]).strip()
    if got != str([(1, "a")] * want):
        raise BenchError(f"one-row load: got {got}, want {want} rows")


def start_up_report(options):
    times = {what: [] for what, _ in start_up_cases(options)}
    for _ in range(options.start_up_runs):
        with tempfile.TemporaryDirectory(prefix="spile-bench-", dir=options.target_dir or "/dev/shm") as folder:
            pathlib.Path(folder, "one.json").write_text(ONE_ROW)
            loaded = 0
            for what, argv in start_up_cases(options):
                done = measure.run(argv(folder), environment(WORKLOADS[0], folder), folder, options.timeout)
                if done.exit_code:
                    raise BenchError(f"{what}: exit code {done.exit_code}\n{done.output[-4000:]}")
                if "one row" in what:
                    loaded += 1
                    check_one_row(options, folder, loaded)
                times[what].append(done.seconds)
    return {what: {"runs": len(values), "seconds": statistics.median(values), "low": min(values), "high": max(values)}
            for what, values in times.items()}


def print_start_up(report):
    print("\nstart-up: median (fastest, slowest) of each command")
    for what, figures in report.items():
        print(f"  {what:<34}{figures['runs']:>4} runs {figures['seconds'] * 1e3:8.1f} ms  ({figures['low'] * 1e3:.1f}, "
              f"{figures['high'] * 1e3:.1f})")


# ---- waiting ----

WAITING, PAGES, WAIT_SECONDS, PAGE_ITEMS = 32, 200, 0.05, 100


def waiting_report(options):
    """Endpoints that keep a client waiting: how much longer than the waiting itself?"""
    pages = max(4, int(PAGES * options.scale))
    seconds = []
    for _ in range(3):
        with tempfile.TemporaryDirectory(prefix="spile-bench-", dir=options.target_dir or "/dev/shm") as folder:
            target = os.path.join(folder, "target.duckdb")
            done = measure.run([options.sources, "waiting", str(pages), target], environment(WORKLOADS[0], folder), folder, options.timeout)
            want = WAITING * pages * PAGE_ITEMS
            if done.exit_code or not done.output.startswith(f"{want} rows"):
                raise BenchError(f"waiting: exit code {done.exit_code}, want {want} rows\n{done.output[-4000:]}")
            seconds.append(done.seconds)
    return {"pages": pages, "bound": pages * WAIT_SECONDS, "seconds": statistics.median(seconds), "low": min(seconds), "high": max(seconds)}


def print_waiting(report):
    print(f"\nwaiting: {WAITING} parallel resources, each {report['pages']} pages of {PAGE_ITEMS} items, {WAIT_SECONDS * 1e3:.0f} ms before each")
    print(f"  {report['seconds']:.2f} s ({report['low']:.2f}, {report['high']:.2f}), {report['seconds'] / report['bound']:.3f} of the waiting itself")


# ---- the command ----

def find_spile(options):
    """The release build; a debug build can be measured only by naming it."""
    if options.spile:
        found = [options.spile]
    else:
        found = [path for path in glob.glob(str(PROJECT / "build/release/**/spile"), recursive=True) if os.path.isfile(path)]
    if not found or not os.access(found[0], os.X_OK):
        raise BenchError("no program spile under build/release: build it, name one (--spile), or do --without-spile")
    return os.path.abspath(found[0])


def find_sources(options):
    """bench/sources.c, of the same build as the program."""
    built = pathlib.Path(options.spile).parent.parent / "bench/sources"
    if not built.exists():
        raise BenchError(f"no {built}: build it")
    return str(built)


def machine(options):
    with open("/proc/cpuinfo") as cpuinfo:
        model = next((line.split(":", 1)[1].strip() for line in cpuinfo if line.startswith("model name")), "")
    versions = ("import importlib.metadata as m; "
                "print(m.version('duckdb'), next((d.version for d in m.distributions(name='dlt')), '-'))")
    duckdb_version, dlt_version = execute([options.python, "-c", versions]).split()
    report = {"processor": model, "processors": os.cpu_count(),
              "memory": measure.memory_text(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")),
              "kernel": platform.release(), "duckdb": duckdb_version, "dlt": dlt_version, "load_average": os.getloadavg()[0]}
    if "spile" in options.sides:
        report["spile"] = execute([options.spile, "--version"]).strip()
        report["spile_sha256"] = hashlib.sha256(pathlib.Path(options.spile).read_bytes()).hexdigest()
    return report


def parse_arguments():
    names = [workload.name for workload in WORKLOADS] + ["waiting", "startup", "memory"]
    sides = list(dict.fromkeys(side.name for workload in WORKLOADS + MEMORY_WORKLOADS for side in workload.sides))
    arguments = argparse.ArgumentParser(description="spile against dlt and DuckDB itself.", epilog="Protocol: bench/README.md")
    arguments.add_argument("--rounds", type=int, default=7, help="measured rounds; one more before them is thrown away")
    arguments.add_argument("--dlt-rounds", type=int, default=1, help="rounds in which dlt takes part (0: none)")
    arguments.add_argument("--only", help=f"workloads, with commas: {','.join(names)}")
    arguments.add_argument("--peers", help=f"sides beside spile, with commas: {','.join(sides[1:])}")
    arguments.add_argument("--without-spile", action="store_true", help="peers only; the first of them is the base of the ratios")
    arguments.add_argument("--memory", action="store_true", help="also the memory workloads (6 GB of input)")
    arguments.add_argument("--scale", type=float, default=1, help="size of w1n, w1f and w2 (0.01: trial)")
    arguments.add_argument("--memory-scale", type=float, default=1, help="size of the memory workloads")
    arguments.add_argument("--start-up-runs", type=int, default=30)
    arguments.add_argument("--spile", help="the program (default: the one under build/release)")
    arguments.add_argument("--python", help="Python with dlt and duckdb (default: that of .venv)")
    arguments.add_argument("--data-dir", type=pathlib.Path, default=PROJECT / "build/bench-data", help="where inputs are kept")
    arguments.add_argument("--target-dir", help="where databases are made (default: /dev/shm if there is room)")
    arguments.add_argument("--idle", type=float, default=0.92, help="part of the machine that must be idle first (0: don't wait)")
    arguments.add_argument("--patience", type=float, default=60, help="seconds to wait for it, then run anyway and say so")
    arguments.add_argument("--timeout", type=float, default=900, help="seconds until a run is killed")
    arguments.add_argument("--json", help="write every figure to this file")
    options = arguments.parse_args()
    options.workloads = set(options.only.split(",")) if options.only else set(names) - {"memory"}
    options.workloads |= {"memory"} if options.memory else set()
    options.sides = set(options.peers.split(",")) if options.peers else set(sides[1:])
    options.sides |= set() if options.without_spile else {side.name for side in LIBRARY}
    for wrong in itertools.chain(options.workloads - set(names), options.sides - set(sides)):
        arguments.error(f"unknown workload or side: {wrong}")
    if options.rounds < 1:
        arguments.error("--rounds: at least 1")
    options.sides |= set() if options.without_spile else {"spile", "spile-512M"}
    options.sides -= {"spile", "spile-512M", *(side.name for side in LIBRARY)} if options.without_spile else set()
    return options


def settle(options):
    """Fills in what the command line leaves open."""
    venv = PROJECT / ".venv/bin/python"
    options.python = options.python or (str(venv) if venv.exists() else sys.executable)
    options.data_dir = options.data_dir.resolve()
    if not options.without_spile:
        options.spile = find_spile(options)
        options.sources = find_sources(options)


def write_json(options, report):
    if options.json:
        with open(options.json, "w", encoding="utf-8") as out:
            json.dump(report, out, indent=1)


def bench(options):
    settle(options)
    report = {"machine": machine(options), "workloads": [], "waiting": None, "start_up": None}
    print(" · ".join(f"{name} {value}" for name, value in report["machine"].items() if name != "spile_sha256"))
    chosen = [workload for workload in WORKLOADS if workload.name in options.workloads]
    for workload in chosen + list(MEMORY_WORKLOADS if "memory" in options.workloads else ()):
        figures = workload_report(options, workload)
        if figures:
            report["workloads"].append(figures)
            print_workload(figures)
            write_json(options, report)
    if "waiting" in options.workloads and not options.without_spile:
        report["waiting"] = waiting_report(options)
        print_waiting(report["waiting"])
    if "startup" in options.workloads:
        report["start_up"] = start_up_report(options)
        print_start_up(report["start_up"])
    noisy = [entry for figures in report["workloads"] for entry in figures["runs"] if (entry["idle_before"] or 1) < options.idle]
    if noisy:
        print(f"\n{len(noisy)} runs began while the machine was less than {options.idle:.0%} idle: don't publish these figures")
    write_json(options, report)


def main():
    try:
        bench(parse_arguments())
    except BenchError as error:
        print(f"bench: {error}", file=sys.stderr)
        raise SystemExit(1) from None


if __name__ == "__main__":
    main()
