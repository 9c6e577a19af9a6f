#!/bin/sh
# Makes a website of the book in docs/. The website is in target/book.
#
# usage: scripts/book.sh
#
# Needs mdBook. If there is no `mdbook` on the PATH, the script installs it in .migrator/mdbook, which takes
# some minutes. Beside the pages of docs/, the website has a page for each code. Links to other files of the
# checkout become plain text, because the website does not have these files.
set -eu

cd "$(dirname "$0")/.."
mdbook=$(command -v mdbook || true)
if [ -z "$mdbook" ]; then
    mdbook=.migrator/mdbook/bin/mdbook
    [ -x "$mdbook" ] || cargo install --quiet --locked --root .migrator/mdbook mdbook
fi

source=target/book-source
rm -rf "$source" target/book
mkdir -p "$source"
cp -R docs/. "$source"
cp -R model/pages "$source/codes"
find "$source" -name '*.md' -exec sed -i -E \
    -e 's#\]\((\.\./)model/pages/#](codes/#g' \
    -e 's#\]\((\.\./)(\.\./)model/pages/#](\1codes/#g' {} +
find "$source" -maxdepth 1 -name '*.md' -exec sed -i -E 's#\[([^]]*)\]\(\.\./[^)]*\)#\1#g' {} +
find "$source" -mindepth 2 -name '*.md' -exec sed -i -E 's#\[([^]]*)\]\(\.\./\.\./[^)]*\)#\1#g' {} +
for page in model/pages/*.md; do
    code=$(basename "$page" .md)
    printf '  - [%s](codes/%s.md)\n' "$code" "$code"
done >"$source/codes.txt"
sed -i "/(reference\/codes.md)/r $source/codes.txt" "$source/SUMMARY.md"
rm "$source/codes.txt"
"$mdbook" build "$source" --dest-dir "$PWD/target/book"
