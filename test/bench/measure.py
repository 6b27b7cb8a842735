"""Runs a command and prints its cost as JSON on the last line: seconds of wall, user and system time, peak memory.

The main thread's CPU time (seconds, user and system) is read after the command has ended and before it is reaped:
Linux still has it then. It is null elsewhere.
Usage: measure.py COMMAND ARG...
"""
import json
import os
import subprocess
import sys
import time


def main_thread_seconds(pid):
    try:
        os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
        with open(f"/proc/{pid}/task/{pid}/schedstat") as file:
            return int(file.read().split()[0]) / 1e9
    except (AttributeError, OSError):
        return None


started = time.monotonic()
child = subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL)
main_thread = main_thread_seconds(child.pid)
_, status, usage = os.wait4(child.pid, 0)
print(json.dumps({
    "exitCode": os.waitstatus_to_exitcode(status),
    "wallSeconds": time.monotonic() - started,
    "userSeconds": usage.ru_utime,
    "systemSeconds": usage.ru_stime,
    "peakMiB": usage.ru_maxrss / 1024,
    "mainThreadSeconds": main_thread,
}))
