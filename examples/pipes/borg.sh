#!/bin/sh
# Makes a backup with Borg into a repository on this machine, and sends the files of the repository that are new:
#
#     borg.sh /home /backup/borg s3://photos/borg/
#
# BORG_PASSCOMMAND prints the passphrase. The files below data/ never change, so each is sent once. hints.N, index.N and
# integrity.N have a new name after each backup; Borg makes them again where they are missing, so they are left out.
# `borg with-lock` keeps other backups out while calve reads the repository.
set -eu
folder=$1
repository=$2
target=$3

borg create "$repository::{now}" "$folder"
borg with-lock "$repository" calve upload --quiet --recursive "$repository" \
  --exclude '/lock.*' --exclude '/hints.*' --exclude '/index.*' --exclude '/integrity.*' "$target" >/dev/null
