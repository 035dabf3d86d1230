# Shared by the scripts in this directory: `source "$(dirname "$0")/lib.sh"`.

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
CACHE=${XDG_CACHE_HOME:-${HOME:?HOME is not set}/.cache}
LAB=$CACHE/homelab-lab
BASE_IMAGE=homelab-lab/base:1
BIN=$ROOT/node_modules/.bin

say() { echo "$*" >&2; }

# die WHAT [NEXT]: what is wrong, and what to do about it.
die() {
  say "error: $1"
  [[ -z ${2:-} ]] || say "  hint: $2"
  exit 1
}

have() { command -v "$1" >/dev/null; }

# alive PIDFILE: whether the process in it runs and is the one that was started with it.
# A number alone proves nothing: after a reboot it belongs to somebody else.
alive() {
  local pid
  [[ -s $1 ]] && pid=$(<"$1") && [[ -r /proc/$pid/cmdline ]] &&
    tr '\0' '\n' <"/proc/$pid/cmdline" | grep -qF -- "$(dirname "$1")"
}

# until_true SECONDS COMMAND…: waits for a condition; false when the time is up.
until_true() {
  local deadline=$((SECONDS + $1))
  shift
  until "$@"; do
    ((SECONDS < deadline)) || return 1
    sleep 0.1
  done
}
