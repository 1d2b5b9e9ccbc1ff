#!/bin/sh
# Runs "$@" and ends it when our standard input closes: the process that started us is gone then, kill -9 included.
#   LIFELINE_PIDFILE  gets the child's pid, so that a next start can end a child whose lifeline was killed too
#   LIFELINE_SIGNAL   how to ask it to stop (INT is PostgreSQL's fast shutdown); killed ten seconds later
exec 3<&0
"$@" </dev/null 3<&- &
child=$!
[ -z "$LIFELINE_PIDFILE" ] || echo "$child" >"$LIFELINE_PIDFILE"

stop() {
  kill -s "${LIFELINE_SIGNAL:-TERM}" "$child" 2>/dev/null
  (
    left=10
    while [ "$left" -gt 0 ] && kill -0 "$child" 2>/dev/null; do sleep 1; left=$((left - 1)); done
    kill -s KILL "$child" 2>/dev/null
  ) </dev/null >/dev/null 2>&1 &
}
trap stop TERM INT HUP

# Ours is closed too when we are killed ourselves: then the watcher stops the child in our place.
(cat <&3 >/dev/null; kill -s TERM $$ || stop) 2>/dev/null &
watcher=$!
exec 3<&-

# `wait` returns early at each trapped signal.
while :; do
  wait "$child"
  status=$?
  kill -0 "$child" 2>/dev/null || break
done
kill "$watcher" 2>/dev/null
exit "$status"
