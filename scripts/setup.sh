#!/usr/bin/env bash
# Installs what is missing: system tools by apt-get when we are root, then the exact packages of the lockfile.
set -euo pipefail
cd "$(dirname "$0")/.."

missing=()
command -v g++ >/dev/null || missing+=(g++)
command -v make >/dev/null || missing+=(make)
command -v python3 >/dev/null || missing+=(python3)
command -v xz >/dev/null || missing+=(xz-utils)
if [ ${#missing[@]} -gt 0 ]; then
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    apt-get update -qq
    apt-get install -y -qq --no-install-recommends "${missing[@]}"
  else
    echo "please install: ${missing[*]}" >&2
    exit 1
  fi
fi

# The dashboard's test looks at it in a browser; without one it is skipped and says so.
if ! command -v chromium >/dev/null && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  { apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium >/dev/null; } ||
    echo "chromium cannot be installed here: the dashboard will not be looked at in a browser" >&2
fi

node -e '
const [major, minor] = process.versions.node.split(".").map(Number)
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(`Node ${process.versions.node} is too old: 20.19 or later is needed`)
  process.exit(1)
}'

echo "installing packages (the database is compiled from source: about a minute and a half)"
# Not `npm ci`: it refuses a lockfile without every platform's optional binaries, which a partial registry mirror cannot name.
npm install --no-save --no-audit --no-fund --loglevel=error

# The tests' proof-of-stake L1 pins other versions of the same packages, so it has a package and a lockfile of its own.
echo "installing the packages of the tests' proof-of-stake L1"
npm install --prefix test/support/pos --no-save --no-audit --no-fund --loglevel=error
