# Runs a temporary server as long as standard input stays open, and removes it then: however the
# process that holds the other end dies, the kernel closes that end.
# A line on standard input ends the server as a crash would, and starts it again.
#
# usage: sh supervisor.sh FOLDER TEMPLATE COMMAND [ARGUMENT]…
folder=$1 template=$2
shift 2
exec 3<&0
cd "$folder" && cp -R "$template" data
while :; do
    "$@" 3<&- </dev/null &
    server=$!
    {
        read -r _ <&3
        again=$?
        : >asked
        [ -e ended ] || kill -s QUIT "$server" # immediate shutdown
        exit "$again"
    } &
    watcher=$!
    wait "$server"
    [ -e asked ] || : >ended # for our process to see
    wait "$watcher" || break
    rm -f asked ended
done
cd / && rm -rf "$folder"
