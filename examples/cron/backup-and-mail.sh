#!/bin/sh
# Runs `calve upload` with the words that it is given, and sends a mail only if the upload fails:
#
#     backup-and-mail.sh /backup/weekly.tar glacier://photos
#
# MAIL_TO is who gets the mail (root if it is not set). The exit status is that of calve. A signal to this script stops
# calve too, and the mail comes all the same. What calve prints on standard output is dropped: the catalogue has the id.
set -u
umask 077

# The PATH of cron has no folder for the programs of the system, such as sendmail. If calve or node is in yet another
# folder (`command -v calve node` in your own shell shows it), add that one, too.
PATH=$PATH:/usr/sbin:/usr/local/bin
to=${MAIL_TO:-root}
kept=yes
log=
job=
signal=0
is_started=no

# Passes a signal on to calve. `timeout` sends SIGTERM twice, and a second one would end calve at once, so only the first
# counts. A second Ctrl-C does count: a job with & ignores the first one until Node.js has started.
pass_on() {
  signal=$1
  is_woken=yes
  [ "$is_started" = no ] || [ "$1" = 2 ] || trap '' "$1"
  [ -z "$job" ] || kill "-$1" "$job" 2>/dev/null
}
trap 'pass_on 1' HUP
trap 'pass_on 2' INT
trap 'pass_on 15' TERM
# A job still has the traps of this script at its first instant, and they swallow a signal. Then it sends SIGUSR1.
trap 'job=$! is_started=yes is_woken=yes; [ "$signal" = 0 ] || pass_on "$signal"' USR1

# A signal to the whole group can also hit the rm below.
trap '[ -z "$log" ] || rm -f "$log"' EXIT

# Opens a file for what calve prints, on the first disk that has room. It has no name any more, so nothing is left of it.
open_log() {
  for folder in "${TMPDIR:-/tmp}" /var/tmp /dev/shm; do
    log=$(mktemp "$folder/calve.XXXXXX" 2>/dev/null) || continue
    if { printf '%8192s' '' >"$log"; } 2>/dev/null; then
      exec 4>"$log" 5<"$log"
      rm -f "$log" && log=
      return
    fi
    rm -f "$log" && log=
  done
  exec 4>&2 5</dev/null
  kept=no
}

# A job with & can be waited for, and a signal ends that wait. Without fd 3 such a job would have no standard input.
# setsid gives calve a session of its own: a signal to the whole group then reaches it once, from this script.
run_calve() {
  alone=$(command -v setsid) || alone=
  command -v calve >/dev/null || alone=
  sh -c 'kill -USR1 "$0" && exec "$@"' $$ $alone calve upload --quiet "$@" <&3 >/dev/null 2>&4 &
  job=$!
  # If it was a signal that ended the wait, the status is not yet that of calve.
  while
    is_woken=no
    wait "$job" 2>/dev/null
    code=$?
    [ "$is_woken" = yes ] && [ "$code" -gt 128 ]
  do :; done
  job=
}

reason() {
  case $1 in
    1) echo 'a bug in calve' ;;
    2) echo 'an option, an argument or a setting is not valid, and nothing was sent' ;;
    3) echo 'stopped before the end, and the next run continues' ;;
    10) echo 'the vault, the bucket or the upload was not found' ;;
    11) echo 'another calve still works on this upload' ;;
    12) echo 'credentials or a permission are missing, or the request was refused' ;;
    13) echo 'a local file, folder or command is the cause' ;;
    14) echo 'a checksum does not match' ;;
    15) echo 'a limit of the service would be exceeded' ;;
    16) echo 'the service no longer has the upload' ;;
    17) echo 'the object exists and was kept' ;;
    126) echo 'calve is there, but cannot be started' ;;
    127) echo 'calve or node was not found in PATH' ;;
    129 | 130 | 143) echo 'it was stopped, and the next run continues' ;;
    137) echo 'it was killed, and the next run continues' ;;
    *) echo 'see below' ;;
  esac
}

body() {
  echo "calve upload $*"
  echo
  cat <&5
  # The last write fails if the disk has become full meanwhile.
  if [ "$kept" = no ]; then
    echo "No folder has room for what calve printed (TMPDIR is ${TMPDIR:-not set})."
    echo 'It is in the output of this script, which cron itself reports.'
  elif ! { echo >&4; } 2>/dev/null; then
    echo 'Some of what calve printed is lost, because the disk of the temporary file is full.'
  fi
}

# A job may have been started without any standard input.
[ -e /dev/fd/0 ] || exec </dev/null
exec 3<&0
open_log
run_calve "$@"
[ "$code" -eq 0 ] && exit 0

subject="calve on $(uname -n) ended with $code: $(reason "$code")"
text=$(body "$@")
if command -v sendmail >/dev/null; then
  printf 'To: %s\nSubject: %s\n\n%s\n' "$to" "$subject" "$text" | sendmail -t -oi
elif command -v mail >/dev/null; then
  printf '%s\n' "$text" | mail -s "$subject" "$to"
else
  false
fi || {
  # Without a mail program, cron itself reports what a job prints.
  echo "$subject (and no mail was sent to $to)"
  echo "$text"
} >&2
exit "$code"
