"""Runs one command and measures it; waits for a quiet machine; statistics over rounds. Standard library only.

The process which measures stays small on purpose: the kernel counts the memory a process had before it called exec towards its
peak, so a harness with a database in its memory would be the peak of every small command. Hence run.py leaves the expected
figures and the validation to other processes (facts.py, validate.py).
"""
import dataclasses
import os
import random
import statistics
import subprocess
import threading
import time


@dataclasses.dataclass
class Run:
    """What one execution took: seconds of wall clock and processor, peak memory of the largest of its processes."""
    seconds: float
    cpu_seconds: float
    peak_rss_bytes: int
    exit_code: int
    output: str


def run(argv, env, folder, timeout_s):
    """Runs `argv` in `folder`; the clock starts at exec and stops when the process has ended. Its output goes to a file there."""
    log = os.path.join(folder, "output.txt")
    with open(log, "wb") as output:
        started = time.perf_counter()
        process = subprocess.Popen(argv, env=env, cwd=folder, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT)
        timer = threading.Timer(timeout_s, process.kill)
        timer.start()
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - started
        timer.cancel()
        process.returncode = os.waitstatus_to_exitcode(status)
    with open(log, errors="replace") as output:
        text = output.read()
    return Run(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024, process.returncode, text)


def idle_fraction(window_s=1.0):
    """The part of all processors' time that nobody used during the next `window_s` seconds."""
    def counters():
        with open("/proc/stat") as stat:
            times = [int(n) for n in stat.readline().split()[1:9]]
        return times[3] + times[4], sum(times)

    idle_before, total_before = counters()
    time.sleep(window_s)
    idle_after, total_after = counters()
    return (idle_after - idle_before) / max(1, total_after - total_before)


def wait_until_quiet(wanted, patience_s):
    """Waits until the machine is idle enough, but no longer than `patience_s`; the last idle fraction goes into the report."""
    deadline = time.monotonic() + patience_s
    while True:
        idle = idle_fraction()
        if idle >= wanted or time.monotonic() >= deadline:
            return idle
        time.sleep(1)


def bootstrap_interval(values, repetitions=10000, seed=42):
    """The 95 % interval of the median by drawing the rounds again and again, with a fixed seed: same figures, same interval."""
    if len(values) < 2:
        return None
    draw = random.Random(seed)
    medians = sorted(statistics.median(draw.choices(values, k=len(values))) for _ in range(repetitions))
    return medians[int(repetitions * 0.025)], medians[int(repetitions * 0.975) - 1]


def memory_text(size):
    return f"{size / 2**20:,.0f} MiB" if size < 10 * 2**30 else f"{size / 2**30:,.1f} GiB"
