#!/bin/sh
# Runs migrator: in a checkout from source, elsewhere the installed program.
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
is_next=
for argument in "$@"; do
    shift
    case $is_next$argument in
        yes*) action=$argument is_next= ;;
        --action=*) action=${argument#--action=} ;;
        --action) is_next=yes ;;
        *) set -- "$@" "$argument" ;;
    esac
done
if [ -z "$action" ]; then
    echo 'error: no action is named' >&2
    echo 'help: scripts/migrate.sh --action=create|up|down|status --service=NAME' >&2
    exit 2
fi

scripts=$(cd "$(dirname "$0")" && pwd -P)
checkout=$(dirname "$scripts")

if [ ! -f "$checkout/Cargo.toml" ] || [ ! -f "$checkout/src/main.rs" ]; then
    exec migrator "$action" "$@"
fi

# The local server is necessary only for some actions, and only if no database is named.
needs=compiler
named=${DATABASE_URL:-}${PGHOST:-}${PGHOSTADDR:-}${PGPORT:-}${PGDATABASE:-}
for argument in "$@"; do
    case $argument in --database-url*) named=yes ;; esac
done
[ ! -f "$checkout/.env" ] || named=${named:-$(grep -s -E '^(export )?(DATABASE_URL|PG)' "$checkout/.env" || true)}
case $action in
    up | plan | down | redo | status | repair) [ -n "$named" ] || needs="$needs postgres" ;;
esac
# shellcheck disable=SC2086  # several words
"$scripts/prepare.sh" $needs

# If the current folder is outside this checkout, use the checkout's tree and `.env`.
case $(pwd -P)/ in
    "$checkout"/*) ;;
    *) cd "$checkout" ;;
esac

binary=${CARGO_TARGET_DIR:-$checkout/target}/debug/migrator
[ -e "$binary" ] || echo 'building migrator; the first build takes a minute or two' >&2
case $action in
    check | create | explain)
        # These commands use the tree on disk, and users need them most when the tree does not
        # compile. The last binary that was built is good enough.
        if [ -x "$binary" ] && ! cargo build --quiet --manifest-path "$checkout/Cargo.toml" \
            --package migrator >/dev/null 2>&1; then
            echo 'note: the tree or the code does not compile; running the last binary that was built' >&2
            exec "$binary" "$action" "$@"
        fi
        ;;
esac
exec cargo run --quiet --manifest-path "$checkout/Cargo.toml" --package migrator -- "$action" "$@"
