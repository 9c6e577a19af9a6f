#!/bin/sh
# Measures everything that docs/performance.md has, and writes its tables.
#
# usage: scripts/bench.sh [--again] [--quick] [STEP…]
#
# Without STEP, all steps run in the order of the page. Each step writes bench/results/STEP.json. A
# step that has ended is not run again, until --again or another commit of the sources. An interrupted
# `peers` continues with the next number of migrations or the next delay.
#
# --quick measures small trees once, to try the programs. Its figures go to target/bench/quick, and the
# page stays as it is.
set -eu
# No step waits for an answer.
exec </dev/null

cd "$(dirname "$0")/.."
steps='peers peers-large rounds-near rounds-far rounds-current server size embed check seeds verify large fleet connections'

fail() {
    printf 'error: %s\nhelp: %s\n' "$1" "$2" >&2
    exit 2
}

# The minutes of a step on two idle cores, after the programs are built.
minutes() {
    case $1 in
    peers) echo 13 ;;
    peers-large) echo 8 ;;
    rounds-near) echo 2 ;;
    rounds-far) echo 2 ;;
    rounds-current) echo 3 ;;
    size) echo 4 ;;
    embed) echo 5 ;;
    verify) echo 2 ;;
    large) echo 3 ;;
    fleet) echo 3 ;;
    connections) echo 9 ;;
    *) echo 1 ;;
    esac
}

peers() {
    out=$1
    shift
    cargo run --quiet --release --manifest-path bench/peers/Cargo.toml -- "$@" --json "$out"
}

bench() {
    out=$1 bin=$2
    shift 2
    cargo run --quiet --release -p migrator-bench --bin "$bin" -- "$@" --json "$out"
}

run() {
    own='migrator,one message'
    # One transaction with 5,000 migrations needs more locks than a server has by default.
    large='=migrator,=migrator --jobs 4,diesel,sqlx,refinery,dbmate,pgmt'
    case $quick$1 in
    peers) peers "$2" 100,1000 0,1,20 1 --limit 20 ;;
    peers-large) peers "$2" 5000 0,1,20 1 "$large" --limit 30 ;;
    rounds-near) peers "$2" 1000 0 5 "$own" ;;
    rounds-far) peers "$2" 100 20 3 "$own,diesel" ;;
    rounds-current) peers "$2" 10,1000,10000 0,20 3 '=migrator,diesel' --limit 5 ;;
    server) bench "$2" server 1000 10 1000 10000 ;;
    size) bench "$2" size 1000 ;;
    embed) bench "$2" embed 3 5000 ;;
    check) bench "$2" check ;;
    seeds) bench "$2" check rows ;;
    verify) bench "$2" verify 1000 ;;
    large) bench "$2" large ;;
    fleet) bench "$2" fleet 200 ;;
    connections) bench "$2" fleet connections 2000 ;;
    quick-peers) peers "$2" 5,10 0,1 1 --limit 20 ;;
    quick-peers-large) peers "$2" 20 0,1 1 "$large" --limit 5 ;;
    quick-rounds-near) peers "$2" 10 0 2 "$own" ;;
    quick-rounds-far) peers "$2" 10 1 2 "$own,diesel" ;;
    quick-rounds-current) peers "$2" 10,20 0,1 1 '=migrator,diesel' --limit 5 ;;
    quick-server) bench "$2" server 20 10 20 ;;
    quick-size) bench "$2" size 10 ;;
    quick-embed) bench "$2" embed 1 20 ;;
    quick-check) bench "$2" check ;;
    quick-seeds) bench "$2" check rows ;;
    quick-verify) bench "$2" verify 20 ;;
    quick-large) bench "$2" large 1 ;;
    quick-fleet) bench "$2" fleet 4 ;;
    quick-connections) bench "$2" fleet connections 100 ;;
    *) fail "unknown step \`$1\`" "the steps are: $steps" ;;
    esac
}

again='' quick=''
while [ $# -gt 0 ]; do
    case $1 in
    --again) again=yes ;;
    --quick) quick=quick- ;;
    --*) fail "unknown flag \`$1\`" 'usage: scripts/bench.sh [--again] [--quick] [STEP…]' ;;
    *) break ;;
    esac
    shift
done
[ $# -gt 0 ] || eval "set -- $steps"
for step in "$@"; do
    case " $steps " in
    *" $step "*) ;;
    *) fail "unknown step \`$step\`" "the steps are: $steps" ;;
    esac
done

results=bench/results done=target/bench/done
if [ -n "$quick" ]; then
    results=target/bench/quick done=target/bench/quick-done
fi
mkdir -p "$results" "$done"
# The results and the docs are no sources: committing them does not start the steps again.
sources=$(git ls-files -s -- . ':!bench/results' ':!docs' ':!*.md' | git hash-object --stdin)
total=0
for step in "$@"; do
    [ -n "$again" ] || [ "$(cat "$done/$step" 2>/dev/null)" != "$sources" ] || continue
    rm -f "$done/$step"
    total=$((total + $(minutes "$step")))
done
if [ -n "$quick" ]; then
    echo 'Small trees need a few minutes in total.'
else
    echo "The steps need about $total minutes on two idle cores, and the builds some more."
fi

scripts/get-peers.sh || true
failed=
for step in "$@"; do
    [ ! -e "$done/$step" ] || continue
    [ -z "$again" ] || rm -f "$results/$step.json"
    printf '== %s, at %s\n' "$step" "$(date +%H:%M:%S)"
    if run "$step" "$results/$step.json"; then
        echo "$sources" >"$done/$step"
    else
        failed="$failed $step"
    fi
done
[ -n "$quick" ] || cargo run --quiet -p migrator-figures
[ -z "$failed" ] || fail "these steps failed:$failed" "run \`scripts/bench.sh$failed\` again"
