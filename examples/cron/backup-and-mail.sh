#!/bin/sh
# Runs `calve upload` with the words that it is given, and sends a mail only if the upload fails:
#
#     backup-and-mail.sh /backup/weekly.tar glacier://photos
#
# MAIL_TO is who gets the mail (root if it is not set). The exit status is that of calve.
set -u
umask 077

# The PATH of cron has no folder for the programs of the system, such as sendmail.
PATH=$PATH:/usr/sbin:/usr/local/bin
to=${MAIL_TO:-root}

log=$(mktemp) || exit 13
trap 'rm -f "$log"' EXIT
# Without these, a signal would end the shell and leave the file. calve gets the signal, too.
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

calve upload --quiet "$@" >"$log" 2>&1
code=$?
[ "$code" -eq 0 ] && exit 0

case $code in
  3) what='stopped before the end, and the next run continues' ;;
  11) what='another calve still works on this upload' ;;
  12) what='the service refused it' ;;
  13) what='a local file, folder or command is the cause' ;;
  129 | 130 | 143) what='it was stopped, and the next run continues' ;;
  *) what='see below' ;;
esac
subject="calve on $(uname -n) ended with $code: $what"

body() {
  echo "calve upload $*"
  echo
  cat "$log"
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
exit "$code"
