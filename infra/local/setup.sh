#!/usr/bin/env bash
# All set-up of this checkout: system packages, Python packages, Java servers. What is done already is not done again.
# Usage: infra/local/setup.sh [browser]      with `browser`: also Chromium, which the tests of the pages drive
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
began=$SECONDS
mkdir -p var
exec 9>var/setup.lock
flock 9

say() { printf '[set-up %3ds] %s\n' $((SECONDS - began)) "$*"; }
fail() { printf 'set-up: %s\n' "$*" >&2; exit 1; }

missing=()
python=$(command -v python3.11 || command -v python3) || fail "Python 3.11 is missing: install the package python3.11"
"$python" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' || fail "needs Python 3.11, found $("$python" -V): install the package python3.11"
"$python" -c 'import ensurepip' 2>/dev/null || missing+=(python3.11-venv)
java_version=$(java -version 2>&1 | sed -n 's/.*version "\([0-9]*\).*/\1/p' || true)
[ "${java_version:-0}" -ge 17 ] || missing+=(openjdk-17-jre-headless)
command -v mvn >/dev/null || missing+=(maven)
if [ "${1:-}" = browser ] && ! [ -x /usr/bin/chromium ]; then missing+=(chromium); fi

if [ ${#missing[@]} -gt 0 ]; then
  as_root=()
  if [ "$(id -u)" != 0 ]; then as_root=(sudo -n); fi
  if ! command -v apt-get >/dev/null || ! "${as_root[@]}" true 2>/dev/null; then
    fail "missing system packages, which this user may not install: sudo apt-get install ${missing[*]}"
  fi
  say "system packages: ${missing[*]}"
  {
    "${as_root[@]}" apt-get update &&
      "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "${missing[@]}"
  } >var/setup-apt.log 2>&1 || fail "apt-get failed, see var/setup-apt.log"
fi

# The stamps name what was installed, so that a changed lock or a half-done installation is noticed.
wanted=$(cat requirements.lock infra/local/installer.lock pyproject.toml | sha256sum)
if [ "$(cat .venv/.complete 2>/dev/null)" != "$wanted" ]; then
  say "Python packages"
  rm -f .venv/.complete
  [ -x .venv/bin/python ] || "$python" -m venv --clear .venv
  {
    .venv/bin/python -m pip install --quiet --require-hashes -r infra/local/installer.lock &&
      .venv/bin/uv pip install --python .venv/bin/python --compile-bytecode --require-hashes -r requirements.lock &&
      .venv/bin/uv pip install --python .venv/bin/python --no-deps --no-build-isolation --editable . &&
      .venv/bin/python -c 'import ml.recommendations.serving.compiled' # compiles, once for this machine
  } >var/setup-python.log 2>&1 || fail "Python packages cannot be installed, see var/setup-python.log"
  printf '%s\n' "$wanted" >.venv/.complete
fi

wanted=$(cat infra/local/jvm/pom.xml infra/local/jvm/*/pom.xml | sha256sum)
if [ "$(cat var/jvm/.complete 2>/dev/null)" != "$wanted" ]; then
  say "Java servers: Kafka and S3"
  rm -rf var/jvm
  mvn --batch-mode --quiet -f infra/local/jvm/pom.xml dependency:copy-dependencies -Djars="$PWD/var/jvm" \
    >var/setup-maven.log 2>&1 || fail "Maven cannot fetch the Java servers, see var/setup-maven.log"
  printf '%s\n' "$wanted" >var/jvm/.complete
fi
say "ready"
