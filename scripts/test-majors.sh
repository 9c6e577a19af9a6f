#!/bin/sh
# Runs the tests on several major versions of Postgres, and prints a table at the end.
#
# usage: scripts/test-majors.sh [--gate] [MAJOR…]
#
# Runs every test on each given major version, by default on all supported ones,
# one after the other. A failure does not stop the others. The script downloads
# missing versions to `.migrator/majors`, where the development server does not
# look for programs. The logs are in `majors` in cargo's target folder.
#
# --gate is for scripts/test.sh, which runs all tests on one version. With --gate
# the script tests the oldest and the newest version by default, at the same time,
# and only the packages that can reach a server. It skips a version that it cannot
# download, for example without a network, and the table says so.
set -eu

cd "$(dirname "$0")/.."
majors='13 14 15 16 17 18'
packages='--workspace --features migrator-program-tests/otlp'
# These tests need `pg_dump` of the server's version, which the packages of npm lack, or the locks that
# PostgreSQL 15 takes.
left_out='--skip first:: --skip dumps:: --skip page::the_commands --skip without_a_tree_a_command_names_init
    --skip the_claimed_locks_are_those_that_a_server_takes'
unavailable=failed
together=
if [ "${1-}" = --gate ]; then
    shift
    majors='13 18'
    # Leave out the packages that use no server, the tests of the bench, which take a minute, and
    # all doc tests.
    packages="$packages --tests --exclude migrator-model --exclude migrator-macros
        --exclude migrator-analysis --exclude migrator-plan --exclude migrator-bench"
    # This test measures the memory of migrator itself, in a thousand runs.
    left_out="$left_out --skip many_databases_take_no_more_memory_than_few"
    # These tests do not use the servers of this script.
    left_out="$left_out --skip a_release_is_reproducible --skip pglite::"
    unavailable=skipped
    together=yes
    # Without a network, npm need not try again.
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
scripts/get-cyclonedx.sh >/dev/null || {
    printf 'warning: without cargo-cyclonedx, the test of a release is SKIPPED\n' >&2
    export MIGRATOR_WITHOUT_CYCLONEDX=yes
}
scripts/get-pglite.sh >/dev/null || {
    printf 'warning: without PGlite, the test on it is SKIPPED\n' >&2
    export MIGRATOR_WITHOUT_PGLITE=yes
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

# Waits for the background runs of `try`.
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
    MIGRATOR_PG_BIN=$bin cargo test --quiet --no-fail-fast $packages -- $left_out >"$log" 2>&1 || ended=1
    row "$major" "$version" "$(count passed)" "$(count failed)" $(($(date +%s) - began)) >"$logs/$major.row"
    [ "$ended" -ne 0 ] || return 0
    # Print the log from the first failure on; the lines before it are long.
    sed -n '/^failures:$/,$p; /^error/p' "$log" >&2
    printf 'the whole log is %s\n' "$log" >&2
    return 1
}

for major in $majors; do
    log=$logs/$major.log
    rm -f "$logs/$major.row"
    if ! (unset MIGRATOR_PG_BIN && scripts/get-postgres.sh --newest "$major" .migrator/majors) >"$log" 2>&1; then
        cat "$log" >&2
        printf 'Postgres %s could not be installed: %s\n' "$major" "$unavailable" >&2
        printf '%-6s  could not be installed: %s\n' "$major" "$unavailable" >"$logs/$major.row"
        [ "$unavailable" != failed ] || failed=yes
        continue
    fi
    # Print the warning on a newer minor version.
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
