#!/bin/sh
# Makes a backup with restic into a repository on this machine, and sends the files of the repository that are new:
#
#     restic.sh /home /backup/restic s3://photos/restic/
#
# RESTIC_PASSWORD_FILE names the file with the password. The files of a repository never change, so each is sent once.
# Nothing else may write to the repository between the two steps, because a snapshot without its data is of no use.
set -eu
folder=$1
repository=$2
target=$3

restic --quiet --repo "$repository" backup "$folder"
calve upload --quiet --recursive "$repository" --exclude /locks/ "$target" >/dev/null
