"""
Builds Swift's rings and runs its servers: swift-servers.py FOLDER PORTS, where PORTS is a JSON object of server to port.
Each server is a fork of this process, because importing Swift takes more than a second of CPU time in each process.
"""

import ctypes
import json
import os
import signal
import socket
import sys
import time

from swift.account import server as _account  # noqa: F401
from swift.common.ring import RingBuilder
from swift.common.wsgi import run_wsgi
from swift.container import server as _container  # noqa: F401
from swift.obj import server as object_server
from swift.proxy import server as _proxy  # noqa: F401

STORES = ["account", "container", "object"]
PR_SET_PDEATHSIG = 1
START_SECONDS = 60


def build_ring(folder, store, port):
    builder = RingBuilder(part_power=4, replicas=1, min_part_hours=0)
    address = {"ip": "127.0.0.1", "port": port, "replication_ip": "127.0.0.1", "replication_port": port}
    builder.add_dev({"region": 1, "zone": 1, "device": "disk", "weight": 1, "meta": "", **address})
    builder.rebalance(seed=1)
    builder.get_ring().save(os.path.join(folder, store + ".ring.gz"))


def start(folder, server):
    if os.fork() != 0:
        return
    # A server must not outlive this process, even if this process is killed.
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    options = {"global_conf_callback": object_server.global_conf_callback} if server == "object" else {}
    sys.exit(run_wsgi(os.path.join(folder, server + ".conf"), server + "-server", **options))


def wait_until_listening(port):
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    sys.exit("nothing listens on port %d" % port)


def main(folder, ports):
    for store in STORES:
        build_ring(folder, store, ports[store])
    for store in STORES:
        start(folder, store)
    # The proxy avoids for a minute a server that it could not reach once.
    for server in [*STORES, "memcached"]:
        wait_until_listening(ports[server])
    start(folder, "proxy")
    while True:
        os.wait()


main(sys.argv[1], json.loads(sys.argv[2]))
