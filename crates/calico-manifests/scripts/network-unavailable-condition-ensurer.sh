#!/bin/sh
# Writes NetworkUnavailable=False once more, some time after calico-node has started: the calico-node that was replaced writes
# True when it stops, which can arrive after the new one has written False. Such a True costs the node its machine.
#
# Ends: never by itself, since it is a container beside calico-node; at once when told to stop.
# Never: says that there is a network before Felix is ready; writes again after the API server has accepted a write, whatever the
# condition says then (an admission policy may have kept what a route controller wrote, which is as good); exits because an
# attempt failed; tries more often than every RETRY_SECONDS, and ever more rarely, down to every RETRY_LIMIT_SECONDS.
#
# READY_COMMAND, WRITE_COMMAND: depend on the release of Calico.
# WRITE_COMMAND_STAYS: `yes` if that command gives up with an error within 30 s or else stays for ever after it has written, so that
# having to end it is success; `no` if it ends by itself, so that having to end it is failure.

trap 'exit 0' TERM INT

# Both in the background, so that a signal interrupts the wait.
pause() { # SECONDS
    sleep "$1" &
    wait "$!"
}

attempt() { # COMMAND...
    timeout "${COMMAND_SECONDS:-60}" "$@" &
    wait "$!"
}

ready() {
    # shellcheck disable=SC2086 # a command with its arguments
    attempt ${READY_COMMAND:-calico-node -felix-ready}
}

write() {
    # shellcheck disable=SC2086 # a command with its arguments
    attempt ${WRITE_COMMAND:-calico-node -complete-startup}
    # 124 is what `timeout` says of a command that it ended.
    case $?:${WRITE_COMMAND_STAYS:-yes} in 0:* | 124:yes) return 0 ;; *) return 1 ;; esac
}

set -f
# With this backend others say whether there is a network.
if [ "${CALICO_NETWORKING_BACKEND:-}" != none ]; then
    pause "${DELAY_SECONDS:-30}"
    retry=${RETRY_SECONDS:-10}
    limit=${RETRY_LIMIT_SECONDS:-300}
    until ready && write; do
        echo "NetworkUnavailable was not written, next attempt in $retry s" >&2
        pause "$retry"
        retry=$((retry * 2))
        [ "$retry" -le "$limit" ] || retry=$limit
    done
    echo 'NetworkUnavailable was written'
fi
while :; do
    pause 3600
done
