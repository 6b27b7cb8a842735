#!/usr/bin/env bash
# Sends one file by an array of 8 Slurm tasks, and completes the upload when all of them have succeeded.
# Usage: submit.sh FILE TARGET MANIFEST (a new manifest for each upload, on storage that all nodes see, as its receipts are)
set -euo pipefail
file=$1 target=$2 manifest=$(realpath "$3")
here=$(cd "$(dirname "$0")" && pwd)

calve fleet create "$file" "$target" --shards 8 --manifest "$manifest"
tasks=$(sbatch --parsable --array=0-7 "$here/send.sbatch" "$manifest")
sbatch --parsable --dependency="afterok:$tasks" "$here/finish.sbatch" "$manifest"
