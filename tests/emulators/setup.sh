#!/usr/bin/env bash
# Installs MiniStack, LocalStack and moto, each in a virtual environment of its own, at the versions of the requirements files.
#   setup.sh [CACHE]     CACHE: where the environments are kept (default: .ci/cache in the repository)
# Does nothing for an environment whose stamp matches its requirements and Python.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cache=${1:-$(cd "$here/../.." && pwd)/.ci/cache}
mkdir -p "$cache"
cache=$(cd "$cache" && pwd)

fail() { echo "setup.sh: $*" >&2; exit 1; }

# The first of the given commands that runs and is at least Python 3.$minor. A pyenv shim may exist and still not run.
python_of() {
  local minor=$1 candidate
  shift
  for candidate in "$@"; do
    if "$candidate" -c "import sys, venv; sys.exit(sys.version_info < (3, $minor))" >/dev/null 2>&1; then
      "$candidate" -c 'import sys; print(sys.executable)'
      return
    fi
  done
  return 1
}

install() {
  local name=$1 python=$2
  local requirements=$here/requirements-$name.txt venv=$cache/$name
  local wanted
  wanted=$({ cat "$requirements"; "$python" --version; } | sha256sum | cut -d' ' -f1)
  if [ "$(cat "$venv/.stamp" 2>/dev/null || true)" = "$wanted" ] && "$venv/bin/python" -c '' 2>/dev/null; then
    echo "$name: installed already in $venv"
    return
  fi
  echo "$name: installing into $venv with $("$python" --version)"
  rm -rf "$venv"
  "$python" -m venv "$venv" || fail "$name: $python could not make a virtual environment (on Debian: install python3-venv)"
  "$venv/bin/pip" install --quiet --disable-pip-version-check --no-input --requirement "$requirements" \
    || fail "$name: pip could not install $requirements"
  echo "$wanted" >"$venv/.stamp"
}

shopt -s nullglob
newer=(python3.13 python3.12 "${PYENV_ROOT:-$HOME/.pyenv}"/versions/3.13.*/bin/python "${PYENV_ROOT:-$HOME/.pyenv}"/versions/3.12.*/bin/python)
any=$(python_of 11 python3 python3.11 "${newer[@]}") || fail "no Python 3.11 or newer found"
# LocalStack's current release wants 3.12; on 3.11 the requirements choose an older one.
localstack=$(python_of 12 "${newer[@]}" || echo "$any")

install ministack "$any"
install localstack "$localstack"
install moto "$any"
