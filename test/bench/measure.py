"""Runs a command and prints its cost as JSON on the last line: seconds of wall, user and system time, peak memory.

Usage: measure.py COMMAND ARG...
"""
import json
import os
import subprocess
import sys
import time

started = time.monotonic()
child = subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL)
_, status, usage = os.wait4(child.pid, 0)
print(json.dumps({
    "exitCode": os.waitstatus_to_exitcode(status),
    "wallSeconds": time.monotonic() - started,
    "userSeconds": usage.ru_utime,
    "systemSeconds": usage.ru_stime,
    "peakMiB": usage.ru_maxrss / 1024,
}))
