# Runs a server that many processes share, as long as one of them lives and a while longer, and
# removes it then. Whoever joins opens `door`, a FIFO, for writing and says a line; however a
# process ends, the kernel closes its end, and reading comes to the end of the file with the last.
# Standard input is a file whose lock tells others that this supervisor lives.
#
# usage: sh joined.sh FOLDER TEMPLATE GRACE COMMAND [ARGUMENT]…
folder=$1 template=$2 grace=$3
shift 3
cd "$folder" || exit
mkfifo -m 600 door && exec 4<>door 3<door 4>&- && cp -R "$template" data # 4: else 3 would wait
"$@" 3<&- </dev/null &
server=$!
{
    while :; do
        while read -r _; do :; done <&3
        sleep "$grace"
        mv door shut # from here on nobody can come in, so that what is read next is the truth
        read -r _ <&3 || break
        mv shut door
    done
    rm -f shut
    kill -s QUIT "$server" # immediate shutdown
} &
watcher=$!
wait "$server"
rm -f door shut
: >ended
kill "$watcher" 2>/dev/null
while read -r _; do :; done <&3 # somebody may be reading the log
cd / && rm -rf "$folder"
