"""A server that costs next to nothing: bodies are dropped in the kernel (recv with MSG_TRUNC).

It speaks enough of Glacier's protocol, and below /bench-bucket of S3's. It checks nothing and keeps no bytes. It remembers
the tree hash of each part, so that a resume finds them listed.
Usage: sink.py [--rate BYTES_PER_SECOND_PER_CONNECTION] [--latency SECONDS] [--uploads COUNT] [--hold-after PARTS]
Its first line on stdout is its URL. It ends when its standard input does.
GET /bench/release lets held parts through, and forgets when the first part came;
GET /bench/first-part gives the time (seconds of the wall clock) at which the first byte of a part came since.
"""
import argparse
import base64
import hashlib
import json
import os
import re
import socket
import sys
import threading
import time

PAGE = 50
ACCOUNT = "111122223333"
CHUNK = bytearray(4 << 20)
parts = {}
begun = []
objects = {}
first_part = []
gate = threading.Event()
arrived = [0]
lock = threading.Lock()


class Connection:
    def __init__(self, sock, options):
        self.sock, self.options, self.ahead = sock, options, b""

    def head(self):
        while b"\r\n\r\n" not in self.ahead:
            more = self.sock.recv(65536)
            if not more:
                return None
            self.ahead += more
        head, self.ahead = self.ahead.split(b"\r\n\r\n", 1)
        lines = head.decode("latin-1").split("\r\n")
        fields = dict((k.lower(), v.strip()) for k, v in (line.split(":", 1) for line in lines[1:]))
        return lines[0].split(" "), fields

    def drop(self, size):
        taken = min(size, len(self.ahead))
        self.ahead = self.ahead[taken:]
        left = size - taken
        started = time.monotonic()
        rate = self.options.rate
        while left:
            want = min(left, len(CHUNK) if rate is None else 256 << 10)
            got = self.sock.recv_into(CHUNK, want, socket.MSG_TRUNC)
            if got == 0:
                return False
            left -= got
            if rate is not None:
                behind = started + (size - taken - left) / rate - time.monotonic()
                if behind > 0:
                    time.sleep(behind)
        return True

    def answer(self, status, fields=(), body=b""):
        if self.options.latency:
            time.sleep(self.options.latency)
        lengths = [v for k, v in fields if k == "X-Length"] or [len(body)]
        head = [f"HTTP/1.1 {status} OK", f"Content-Length: {lengths[0]}", "x-amzn-RequestId: bench"]
        if status == 204:
            del head[1]
        if body:
            head.append(f"Content-Type: application/{'xml' if body[:1] == b'<' else 'json'}")
        head += [f"{k}: {v}" for k, v in fields]
        self.sock.sendall("\r\n".join(head).encode() + b"\r\n\r\n" + body)

    def serve(self):
        while True:
            request = self.head()
            if request is None:
                return
            (method, target, _), fields = request
            if method == "PUT" and not first_part:
                first_part.append(time.time())
            if method == "PUT" and self.options.hold_after is not None:
                with lock:
                    arrived[0] += 1
                    held = arrived[0] > self.options.hold_after
                if held:
                    gate.wait()
            if fields.get("expect") == "100-continue":
                self.sock.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
            if not self.drop(int(fields.get("content-length", "0"))):
                return
            self.answer(*respond(method, target, fields, self.options))


def page_of(entries, target):
    start = int((re.search(r"[?&]marker=(\d+)", target) or [0, "0"])[1])
    end = start + PAGE
    return start, end, (str(end) if end < entries else None)


def xml(name, **elements):
    inner = "".join(f"<{key}>{value}</{key}>" for key, value in elements.items())
    return f'<?xml version="1.0" encoding="UTF-8"?><{name} xmlns="http://s3.amazonaws.com/doc/2006-03-01/">{inner}</{name}>'.encode()


def respond_as_bucket(method, target, fields):
    """One object, whose upload is begun, filled and completed as S3 does it; checksums are believed."""
    path, _, query = target.partition("?")
    if path.strip("/") == "bench-bucket":
        return 200, ()
    if method == "POST" and re.search(r"(^|&)uploads(=|&|$)", query):
        own_id = fields.get("x-amz-meta-calve-upload", "")
        objects[path] = {"id": own_id, "size": 0, "etags": {}, "sums": {}, "whole": ""}
        told = [(k, v) for k, v in fields.items() if k == "x-amz-checksum-algorithm"]
        return 200, told, xml("InitiateMultipartUploadResult", Bucket="bench-bucket", Key=path.split("/", 2)[2], UploadId=f"u{len(objects)}")
    held = objects.get(path)
    sums = [(k, v) for k, v in fields.items() if re.match("x-amz-checksum-(sha|crc)", k)]
    if method == "PUT" and "partNumber=" not in query:
        etag = base64.b64decode(fields["content-md5"]).hex() if "content-md5" in fields else "0" * 32
        known = {"id": fields.get("x-amz-meta-calve-upload", ""), "size": int(fields["content-length"])}
        objects[path] = {**known, "etags": {}, "sums": {}, "whole": f'"{etag}"'}
        return 200, [("ETag", f'"{etag}"')] + sums
    if method == "PUT" and held is not None:
        number = int(re.search(r"partNumber=(\d+)", query)[1])
        etag = base64.b64decode(fields["content-md5"]).hex() if "content-md5" in fields else f"{number:032x}"
        with lock:
            held["size"] += int(fields["content-length"])
            held["etags"][number] = etag
        return 200, [("ETag", f'"{etag}"')] + sums
    if method == "POST" and held is not None:
        digests = b"".join(bytes.fromhex(held["etags"][number]) for number in sorted(held["etags"]))
        held["whole"] = f'"{hashlib.md5(digests).hexdigest()}-{len(held["etags"])}"'
        return 200, (), xml("CompleteMultipartUploadResult", Location="x", Bucket="b", Key="k", ETag=held["whole"])
    if method == "HEAD" and held is not None and held["whole"]:
        known = (("ETag", held["whole"]), ("x-amz-meta-calve-upload", held["id"]), ("X-Length", held["size"]))
        return 200, known
    return 404, ()


def respond(method, target, fields, options):
    if target.startswith("/bench-bucket"):
        return respond_as_bucket(method, target, fields)
    if target == "/bench/release":
        gate.set()
        first_part.clear()
        return 200, ()
    if target == "/bench/first-part":
        return 200, (), json.dumps(first_part).encode()
    path = target.split("?")[0]
    vault = f"arn:aws:glacier:us-east-1:{ACCOUNT}:vaults/v"
    tail = re.search(r"/multipart-uploads(?:/(.+))?$", path)
    if tail is None:
        return 200, (), json.dumps({"VaultARN": vault, "VaultName": "v", "CreationDate": "2026-01-01T00:00:00.000Z"}).encode()
    upload = tail[1]
    if upload is None and method == "POST":
        upload = f"upload{len(begun):06d}".ljust(92, "x")
        begun.append(upload)
        with lock:
            parts[upload] = ({}, int(fields["x-amz-part-size"]))
        return 201, (("x-amz-multipart-upload-id", upload), ("Location", path + "/" + upload)), b"{}"
    if upload is None:
        start, end, marker = page_of(options.uploads, target)
        uploads = [
            {"MultipartUploadId": f"{i:06d}".ljust(92, "x"), "VaultARN": vault, "ArchiveDescription": f"n{i}",
             "PartSizeInBytes": 1048576, "CreationDate": "2026-01-01T00:00:00.000Z"}
            for i in range(start, min(end, options.uploads))
        ]
        return 200, (), json.dumps({"Marker": marker, "UploadsList": uploads}).encode()
    held, part_size = parts[upload]
    if method == "PUT":
        first, last = re.match(r"bytes (\d+)-(\d+)/", fields["content-range"]).groups()
        tree_hash = fields.get("x-amz-sha256-tree-hash", "")
        held[int(first)] = (f"{first}-{last}", tree_hash)
        return 204, (("x-amz-sha256-tree-hash", tree_hash),)
    if method == "GET":
        starts = sorted(held)
        start, end, marker = page_of(len(starts), target)
        listed = [{"RangeInBytes": held[s][0], "SHA256TreeHash": held[s][1]} for s in starts[start:end]]
        return 200, (), json.dumps({"ArchiveDescription": "d", "CreationDate": "2026-01-01T00:00:00.000Z", "Marker": marker,
                                    "MultipartUploadId": upload, "PartSizeInBytes": part_size, "Parts": listed,
                                    "VaultARN": vault}).encode()
    if method == "POST":
        return 201, (("x-amz-archive-id", "a" * 138), ("x-amz-sha256-tree-hash", fields["x-amz-sha256-tree-hash"])), b"{}"
    return 204, ()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rate", type=float)
    parser.add_argument("--latency", type=float, default=0)
    parser.add_argument("--uploads", type=int, default=0)
    parser.add_argument("--hold-after", type=int)
    options = parser.parse_args()
    listener = socket.create_server(("127.0.0.1", 0), backlog=128)
    print(f"http://127.0.0.1:{listener.getsockname()[1]}", flush=True)

    def accept():
        while True:
            sock, _ = listener.accept()
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if options.rate is not None:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)

            def run(sock=sock):
                try:
                    Connection(sock, options).serve()
                except OSError:
                    pass
                finally:
                    sock.close()

            threading.Thread(target=run, daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    sys.stdin.read()
    os._exit(0)


main()
