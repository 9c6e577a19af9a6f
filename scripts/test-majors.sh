#!/bin/sh
# Passes the tests on several major versions of Postgres, and ends with a table.
#
# usage: scripts/test-majors.sh [--gate] [MAJOR…]
#
# Runs every test on each major version, on all that are supported if none is
# named, one after the other, and goes on when one fails. What has to be fetched goes to
# `.migrator/majors`, so that it does not become the version of the development
# server; the logs are in `majors` of cargo's target folder.
#
# --gate is for scripts/test.sh, which has passed all tests on one version: the
# oldest and the newest unless others are named, at the same time, and only the
# packages that can reach a server. A version that cannot be brought, without a
# network for example, is passed over, and the table says so.
set -eu

cd "$(dirname "$0")/.."
majors='13 14 15 16 17 18'
packages=--workspace
unavailable=failed
together=
if [ "${1-}" = --gate ]; then
    shift
    majors='13 18'
    # All but those that know nothing of Postgres's servers, and the faults of the bench, which
    # take a minute. Without doc tests.
    packages='--workspace --tests --exclude migrator-model --exclude migrator-macros
        --exclude migrator-analysis --exclude migrator-bench'
    unavailable='passed over'
    together=yes
    # Without a network there is nothing to wait for.
    export npm_config_fetch_retries=0
fi
[ $# -eq 0 ] || majors=$*
for major in $majors; do
    case $major in
        *[!0-9]*)
            printf 'error: `%s` is not a major version\nhelp: for example 18\n' "$major" >&2
            exit 2
            ;;
    esac
done

scripts/prepare.sh compiler openssl psql
scripts/prepare.sh pgbouncer || {
    printf 'warning: without PgBouncer, the tests through it are SKIPPED\n' >&2
    export MIGRATOR_WITHOUT_PGBOUNCER=yes
}
logs=${CARGO_TARGET_DIR:-target}/majors
mkdir -p "$logs"
failed=
running=
trap 'kill $running 2>/dev/null || true' EXIT
trap 'exit 1' HUP INT TERM

# The sum of the numbers before a word in the lines `test result: ok. 3 passed; 0 failed; …`.
count() {
    sed -n "s/^test result: .* \([0-9][0-9]*\) $1;.*/\1/p" "$log" |
        { sum=0; while read -r number; do sum=$((sum + number)); done; echo "$sum"; }
}

row() {
    printf '%-6s  %-8s  %7s  %7s  %8s\n' "$@"
}

# Waits for what `try` runs in the background.
wait_for_all() {
    for one in $running; do
        wait "$one" || failed=yes
    done
    running=
}

# Runs the tests on a major version, and writes its row of the table.
try() {
    began=$(date +%s)
    ended=0
    # shellcheck disable=SC2086 # several words
    MIGRATOR_PG_BIN=$bin cargo test --quiet --no-fail-fast $packages >"$log" 2>&1 || ended=1
    row "$major" "$version" "$(count passed)" "$(count failed)" $(($(date +%s) - began)) >"$logs/$major.row"
    [ "$ended" -ne 0 ] || return 0
    # From the first failure on: what passed fills pages.
    sed -n '/^failures:$/,$p; /^error/p' "$log" >&2
    printf 'the whole log is %s\n' "$log" >&2
    return 1
}

for major in $majors; do
    log=$logs/$major.log
    rm -f "$logs/$major.row"
    if ! (unset MIGRATOR_PG_BIN && scripts/get-postgres.sh --newest "$major" .migrator/majors) >"$log" 2>&1; then
        cat "$log" >&2
        printf 'Postgres %s could not be brought: %s\n' "$major" "$unavailable" >&2
        printf '%-6s  could not be brought: %s\n' "$major" "$unavailable" >"$logs/$major.row"
        [ "$unavailable" != failed ] || failed=yes
        continue
    fi
    # A warning that this is not the newest minor version.
    grep -E '^(warning|help):' "$log" >&2 || true
    # `Postgres 18.1 is in /some/folder`
    found=$(tail -n 1 "$log")
    bin=${found#* is in }
    version=${found#Postgres }
    version=${version%% is in *}
    printf 'Postgres %s\n' "$version" >&2
    try &
    running="$running $!"
    [ -n "$together" ] || wait_for_all
done
wait_for_all

printf '\n'
row major version passed failed seconds
for major in $majors; do
    cat "$logs/$major.row"
done
[ -z "$failed" ] || exit 1
