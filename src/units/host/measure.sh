# Asks a host in one go for what it is judged by: WHAT SINCE NAME UNIT…
# WHAT is `least`: units that have failed, and the state of those that are named; or `all`: what it is connected to and how
# it fares as well; or `end`: also the errors in its journal since SINCE, in epoch seconds of its own clock, and those of
# the ten minutes before. NAME is what addresses are looked for, or `-`. Changes nothing. The login's PATH may lack what
# NixOS has.
exec 2>/dev/null
what=$1 since=$2 name=$3
shift 3
export LC_ALL=C PATH="$PATH:/run/current-system/sw/bin:/usr/sbin:/usr/bin:/sbin:/bin"
section() { printf '\036%s\n' "$1"; }
errors() {
  timeout 10 journalctl --no-pager --quiet --all --priority=err --output=json \
    --output-fields=MESSAGE,UNIT,_SYSTEMD_UNIT,SYSLOG_IDENTIFIER "$@"
}

section clock; date +%s.%N
section systemd; systemctl is-system-running
section failed; systemctl list-units --state=failed --plain --no-legend --no-pager --full
section asked; [ $# = 0 ] || systemctl show --property=Id,ActiveState,SubState -- "$@"
if [ "$what" != least ]; then
  section services
  systemctl show --timestamp=unix \
    --property=Id,ActiveState,SubState,Result,NRestarts,MemoryCurrent,MemoryMax,ExecMainStartTimestamp '*.service'
  section route; cat /proc/net/route
  section route6; cat /proc/net/ipv6_route
  section resolves; [ "$name" = - ] || { timeout 5 getent ahosts "$name" >/dev/null && echo yes; }
  section tailscale; systemctl show --property=LoadState --value tailscaled.service
  timeout 5 tailscale status --json --peers=false
  section load; cat /proc/loadavg
  section cores; nproc
  section cpu; head -n 1 /proc/stat
  section memory; cat /proc/meminfo
  section disks
  for each in / /nix/store /boot; do
    printf '%s\t%s\n' "$each" "$(df -B1 --output=size,avail,source "$each" | tail -n 1)"
  done
  section current; readlink -e /run/current-system
  section profile; readlink /nix/var/nix/profiles/system; readlink -e /nix/var/nix/profiles/system
  section generations; stat -c %Y /nix/var/nix/profiles/system-*-link
fi
if [ "$what" = end ]; then
  section errors; errors --since="@$since" --lines=300
  section before; errors --since="@$((${since%.*} - 600))" --until="@$since" --lines=1000
fi
section end
