#!/bin/bash
# Makes a page of HTML of each page of text: headings, paragraphs and links.
# Usage: build.sh PAGES SITE
set -euo pipefail
pages=$1 site=$2
mkdir -p "$site"
for page in "$pages"/*.md; do
  name=$(basename "$page" .md)
  {
    echo '<!doctype html><meta charset="utf-8">'
    sed -E -e 's/&/\&amp;/g' -e 's/</\&lt;/g' \
      -e 's|\[([^]]*)\]\(([^)]*)\.md\)|<a href="\2.html">\1</a>|g' \
      -e 's|^# (.*)|<h1>\1</h1>|' -e 's|^([^<].*)$|<p>\1</p>|' "$page"
  } > "$site/$name.html"
  echo "made $name.html"
done
