#!/bin/sh
# Sends one upload by 8 tasks of AWS Batch, and finishes it when all of them are done:
#
#     aws-batch.sh /data/image.img glacier://photos /fleet/image.json
#
# /data and /fleet are the file systems of aws-batch-job.json, and this machine sees them, too. The manifest is a new one
# for each upload. The job that finishes keeps the catalogue, with the id of the archive, in /fleet. Batch gives each task its
# number (AWS_BATCH_JOB_ARRAY_INDEX), and starts a task that failed again.
set -eu
file=$1 target=$2 manifest=$3
here=$(dirname "$0")
queue=${QUEUE:-calve}

calve fleet create "$file" "$target" --shards 8 --manifest "$manifest"
aws batch register-job-definition --cli-input-json "file://$here/aws-batch-job.json" >/dev/null
send=$(aws batch submit-job --job-name calve-send --job-queue "$queue" --job-definition calve-send \
  --array-properties size=8 --container-overrides "command=fleet,send,$manifest" --query jobId --output text)
# Batch starts it when all tasks have ended well.
aws batch submit-job --job-name calve-finish --job-queue "$queue" --job-definition calve-send \
  --depends-on "jobId=$send" --container-overrides "command=fleet,finish,$manifest" --query jobId --output text
