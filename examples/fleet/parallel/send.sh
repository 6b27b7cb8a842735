#!/usr/bin/env bash
# Sends one file in 8 shares, 2 at a time, by GNU parallel. A share that fails is tried again, 5 times.
# Usage: send.sh FILE TARGET MANIFEST [OPTION-OF-PARALLEL...] (a new manifest for each upload)
# For other machines: send.sh FILE TARGET MANIFEST --sshlogin node1,node2
set -euo pipefail
file=$1 target=$2 manifest=$(realpath "$3")
shift 3

calve fleet create "$file" "$target" --shards 8 --manifest "$manifest"
seq 0 7 | parallel --jobs 2 --retries 5 "$@" calve fleet send "$(printf %q "$manifest")" --shard {}
calve fleet finish "$manifest"
