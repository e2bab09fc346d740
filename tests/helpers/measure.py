"""measure.py REPORT COMMAND...: runs a command and writes its peak resident memory in bytes to a file.

A process of its own, and a small one: Linux counts what a process held before it became the command (the copy of its parent, which
pytest may have made large) as the command's.
"""
import os
import sys

child = os.spawnvp(os.P_NOWAIT, sys.argv[2], sys.argv[2:])
_, status, usage = os.wait4(child, 0)
with open(sys.argv[1], "w") as report:
    report.write(str(usage.ru_maxrss * 1024))
code = os.waitstatus_to_exitcode(status)
sys.exit(code if code >= 0 else 128 - code)
