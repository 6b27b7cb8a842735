"""The strongest alternative: boto3 with a pool of threads. Each part is read, hashed (twice, by botocore) and sent.

Usage: boto_upload.py FILE PART_SIZE_BYTES THREADS ENDPOINT
"""
import sys
from concurrent.futures import ThreadPoolExecutor

import boto3
from botocore.config import Config
import binascii
import hashlib
import os

file, part_size, threads, endpoint = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
client = boto3.client("glacier", endpoint_url=endpoint, region_name="us-east-1",
                      config=Config(max_pool_connections=threads))
size = os.path.getsize(file)
upload = client.initiate_multipart_upload(vaultName="v", partSize=str(part_size))["uploadId"]


def send(start):
    with open(file, "rb") as f:
        f.seek(start)
        body = f.read(part_size)
    range_ = f"bytes {start}-{start + len(body) - 1}/*"
    return client.upload_multipart_part(vaultName="v", uploadId=upload, range=range_, body=body)["checksum"]


with ThreadPoolExecutor(threads) as pool:
    hashes = list(pool.map(send, range(0, size, part_size)))
level = [binascii.unhexlify(h) for h in hashes]
while len(level) > 1:
    level = [hashlib.sha256(b"".join(level[i:i + 2])).digest() if i + 1 < len(level) else level[i]
             for i in range(0, len(level), 2)]
print(client.complete_multipart_upload(vaultName="v", uploadId=upload, archiveSize=str(size),
                                       checksum=level[0].hex())["archiveId"])
