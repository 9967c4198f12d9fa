#!/usr/bin/env bash
# Installs what drives the browser into a virtual environment, CACHE/browser.
#   setup.sh [CACHE]     CACHE: default .ci/cache in the repository
# Does nothing where that is there for the same requirements and Python.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
venv=${1:-$(cd "$here/../.." && pwd)/.ci/cache}/browser
wanted=$({ cat "$here/requirements.txt"; python3 --version; } | sha256sum | cut -d' ' -f1)
if [ "$(cat "$venv/.stamp" 2>/dev/null || true)" != "$wanted" ] || ! "$venv/bin/python" -c '' 2>/dev/null; then
  rm -rf "$venv"
  python3 -m venv "$venv"
  "$venv/bin/pip" install --quiet --disable-pip-version-check --no-input --requirement "$here/requirements.txt"
  echo "$wanted" >"$venv/.stamp"
fi
