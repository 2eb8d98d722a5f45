#!/bin/bash
# Fails where a page links to one that is not there.
# Usage: check-links.sh SITE
set -euo pipefail
broken=0
while IFS=: read -r page link; do
  target=${link#*\"} target=${target%\"}
  if [ ! -e "$1/$target" ]; then
    echo "##vso[task.logissue type=error]$(basename "$page") links to $target, which is not there"
    broken=1
  fi
done < <(grep -o -H 'href="[^"]*"' "$1"/*.html)
exit "$broken"
