#!/usr/bin/env bash
# Sends many files in 4 runs at once, each with a catalogue of its own, and joins the catalogues.
# Usage: many-files.sh LIST TARGET/ FOLDER (the list has one path a line; the folder keeps lists and catalogues)
set -euo pipefail
list=$1 target=$2 folder=$3

mkdir -p "$folder"
split --number=r/4 "$list" "$folder/part."
printf '%s\n' "$folder"/part.?? |
  parallel --jobs 4 --retries 5 calve upload --files-from {} "$target" --catalogue {}.catalogue --state-dir {}.state
for part in "$folder"/part.??; do
  calve archives --catalogue "$part.catalogue" --export "$part.jsonl"
  calve archives --import "$part.jsonl"
done
