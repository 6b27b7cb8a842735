#!/bin/sh
# Sends a dump of a PostgreSQL database, without a file on the disk:
#
#     pg-dump.sh shop glacier://photos
#
# If pg_dump fails, even after its last byte, there is no archive, and the exit status is 13. PGHOST, PGUSER and
# ~/.pgpass are as for pg_dump itself. For a dump of more than 625 GiB, add --expected-size.
set -eu
database=$1
target=$2

name=$database-$(date +%F).dump
calve upload --quiet --name "$name" "$target" --from-command -- pg_dump --format=custom "$database"
