#!/bin/sh
# Runs `calve upload` with the words that it is given, and sends a mail only if the upload fails:
#
#     backup-and-mail.sh /backup/weekly.tar glacier://photos
#
# MAIL_TO is who gets the mail (root if it is not set). The exit status is that of calve. What calve prints on standard
# output is dropped: the catalogue has the id.
set -u
umask 077

# The PATH of cron has no folder for the programs of the system, such as sendmail. If calve or node is in yet another
# folder (`command -v calve node` in your own shell shows it), add that one, too.
PATH=$PATH:/usr/sbin:/usr/local/bin
to=${MAIL_TO:-root}
log=$(mktemp) || log=/dev/null

# A signal is passed on to calve, and the mail comes as after any other end. A job with & can be waited for until a signal
# comes; without fd 3 it would have no standard input.
job=
trap 'kill -HUP $job' HUP
trap 'kill -INT $job' INT
trap 'kill -TERM $job' TERM
exec 3<&0
calve upload --quiet "$@" <&3 >/dev/null 2>"$log" &
job=$!
# Without 2>/dev/null some shells print the end of a job that was killed, which cron would mail, too.
wait "$job" 2>/dev/null
code=$?
# A signal ends the wait, and calve needs a moment to stop.
while kill -0 "$job" 2>/dev/null; do
  wait "$job" 2>/dev/null
  code=$?
done
[ "$code" -ne 0 ] || { rm -f "$log" && exit 0; }

case $code in
  1) what='a bug in calve' ;;
  2) what='an option, an argument or a setting is not valid' ;;
  3) what='stopped before the end, and the next run continues' ;;
  10) what='the vault, the bucket or the upload was not found' ;;
  11) what='another calve still works on this upload' ;;
  12) what='credentials or a permission are missing, or the request was refused' ;;
  13) what='a local file, folder or command is the cause' ;;
  14) what='a checksum does not match' ;;
  15) what='a limit of the service would be exceeded' ;;
  16) what='the service no longer has the upload' ;;
  17) what='the object exists and was kept' ;;
  126 | 127) what='calve or node was not found in PATH, or cannot be started' ;;
  129 | 130 | 143) what='it was stopped, and the next run continues' ;;
  137) what='it was killed, and the next run continues' ;;
  *) what='see below' ;;
esac
subject="calve on $(uname -n) ended with $code: $what"

body() {
  echo "calve upload $*"
  echo
  cat "$log"
  if [ "$log" = /dev/null ] || ! { echo >>"$log"; } 2>/dev/null; then
    echo "What calve printed could not be kept: is there room in ${TMPDIR:-/tmp}?"
  fi
}

if command -v sendmail >/dev/null; then
  { printf 'To: %s\nSubject: %s\n\n' "$to" "$subject" && body "$@"; } | sendmail -t -oi
elif command -v mail >/dev/null; then
  body "$@" | mail -s "$subject" "$to"
else
  false
fi || {
  # Without a mail program, cron itself reports what a job prints.
  echo "$subject (and no mail was sent to $to)"
  body "$@"
} >&2
[ "$log" = /dev/null ] || rm -f "$log"
exit "$code"
