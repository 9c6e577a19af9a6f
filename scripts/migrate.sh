#!/bin/sh
# Runs migrator: from source in a checkout, as installed elsewhere.
#
# usage: scripts/migrate.sh --action=create|check|up|down|redo|status|… [OPTION…]
#
#   scripts/migrate.sh --action=create --service=tenant --name=create_tenants_table
#   scripts/migrate.sh --action=up --service=all
#   scripts/migrate.sh --action=down --service=tenant
#
# Any option of `migrator ACTION` may follow; `--action=help` lists the actions.
set -eu

action=
for argument in "$@"; do
    shift
    case $argument in
        --action=*) action=${argument#--action=} ;;
        *) set -- "$@" "$argument" ;;
    esac
done
if [ -z "$action" ]; then
    echo 'error: no action is named' >&2
    echo 'help: scripts/migrate.sh --action=create|up|down|status --service=NAME' >&2
    exit 2
fi

scripts=$(cd "$(dirname "$0")" && pwd)
checkout=$(dirname "$scripts")

if [ ! -f "$checkout/Cargo.toml" ] || [ ! -f "$checkout/src/main.rs" ]; then
    exec migrator "$action" "$@"
fi

# A database that is named needs no server of ours; nor do some actions.
needs=compiler
named=${DATABASE_URL:-}${PGHOST:-}${PGHOSTADDR:-}${PGPORT:-}${PGDATABASE:-}
for argument in "$@"; do
    case $argument in --database-url*) named=yes ;; esac
done
[ ! -f "$checkout/.env" ] || named=${named:-$(grep -s -E '^(export )?(DATABASE_URL|PG)' "$checkout/.env" || true)}
case $action in
    up | down | redo | status | repair) [ -n "$named" ] || needs="$needs postgres" ;;
esac
# shellcheck disable=SC2086  # several words
"$scripts/prepare.sh" $needs

target=${CARGO_TARGET_DIR:-$checkout/target}
[ -e "$target/debug/migrator" ] || echo 'building migrator, once, in a minute or two' >&2
exec cargo run --quiet --manifest-path "$checkout/Cargo.toml" --package migrator -- "$action" "$@"
