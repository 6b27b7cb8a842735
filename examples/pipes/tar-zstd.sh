#!/bin/bash
# Packs a folder, compresses it and sends it, without a file on the disk:
#
#     tar-zstd.sh /srv/photos glacier://photos
#
# calve starts the pipeline, and pipefail gives it the exit status of tar, too. So if tar or zstd fails, there is no
# archive. In `tar ... | zstd | calve upload -`, calve cannot know that.
set -euo pipefail
folder=$1
target=$2

# tar ends with 1 if a file changed while it was read. The archive is complete all the same.
# shellcheck disable=SC2016
pack='{ tar -C "$1" -c . || [ $? -eq 1 ]; } | zstd --quiet --threads=0'
name=$(basename "$(realpath "$folder")")-$(date +%F).tar.zst
calve upload --quiet --name "$name" "$target" --from-command -- bash -o pipefail -c "$pack" pack "$folder"
