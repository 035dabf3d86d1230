# Runs on the target, in a transient unit of systemd, apart from every connection: puts a new system into force, waits
# to be told that it is good, and only then makes it the one that boots; else goes back to the old one by itself.
#   run DIR OLD NEW GOAL GENERATION LIMIT PATIENCE HOLDER
#   end DIR OLD NEW GOAL GENERATION LIMIT PATIENCE    what systemd calls when `run` has ended, in whatever way
# GOAL is `switch`; `test`: nothing that boots is changed; or `boot`: nothing that runs is. GENERATION is that of the
# profile to go to, or `-`: a new one. LIMIT and PATIENCE are seconds. DIR/state says what it is at, DIR/decision what
# became of it, DIR/switch what it is about, DIR/until for how long it waits, by the time since the host booted; /run/homelab/last leads to the DIR of the last switch. Whoever waits for it
# writes the time to DIR/seen.
set -u
part=$1 dir=$2 old=$3 new=$4 goal=$5 generation=$6 limit=$7 patience=$8
profile=/nix/var/nix/profiles/system
roots=/nix/var/nix/gcroots

say() { printf '%s\n' "$*" >"$dir/state.new" && mv -f "$dir/state.new" "$dir/state"; }
current() { readlink -f /run/current-system; }
uptime() { read -r up _ </proc/uptime && echo "${up%%.*}"; }
# What it starts must not keep the lock.
change() { timeout --kill-after=20 "$limit" "$1/bin/switch-to-configuration" "$2" 9>&-; }
finish() {
  say "$@"
  rm -f "$roots/homelab-old" "$roots/homelab-new"
  exit 0
}

failed() { systemctl list-units --state=failed --plain --no-legend --no-pager; }
# What failed and was there with the new system only would else count as an old failure the next time.
forget() {
  failed | while read -r unit _; do
    if [ -e "$old/etc/systemd/system/$unit" ] || grep -q "^ *$unit " "$dir/failed"; then continue; fi
    systemctl reset-failed "$unit"
  done
}

stopping() { [ "$(systemctl is-system-running)" = stopping ]; }
# back WHY CODE: the old system, which is still the one that boots.
back() {
  if stopping; then finish returned "$2" rebooted; fi
  say returning "$2" "$1"
  if [ "$goal" = boot ]; then finish returned "$2" "$1"; fi
  for attempt in 1 2 3; do
    change "$old" test
    code=$?
    case $code in 0 | 4) if [ "$(current)" = "$old" ]; then forget && finish returned "$2" "$1"; fi ;; esac
    sleep "$attempt"
  done
  finish stuck "$code" "$1"
}

commit() {
  say committing 0
  if [ "$goal" = test ]; then finish done 0; fi
  before=$(cat "$dir/generation")
  boots=$(cat "$dir/boots")
  if [ "$generation" = - ]; then
    nix-env --profile "$profile" --set "$new" 9>&-
  else
    nix-env --profile "$profile" --switch-generation "$generation" 9>&-
  fi
  code=$?
  if [ $code = 0 ] && [ "$(readlink -f "$profile")" = "$new" ]; then
    if change "$new" boot; then finish done 0; else code=$?; fi
    if [ -n "$before" ]; then nix-env --profile "$profile" --switch-generation "$before" 9>&-; fi
    # What booted until now, which is not what runs when another switch is for the next boot only.
    if [ ! -x "$boots/bin/switch-to-configuration" ]; then boots=$old; fi
    change "$boots" boot
    if [ -n "$before" ] && [ "$(readlink "$profile")" != "system-$before-link" ]; then finish stuck "$code" boot; fi
    back boot "$code"
  fi
  back profile "$code"
}

if [ "$part" = end ]; then
  read -r state _ <"$dir/state" || exit 0
  case $state in testing | waiting | returning | committing) ;; *) exit 0 ;; esac
  exec 9>>/run/homelab/lock
  flock -w 60 9 || exit 0
  # Also before a reboot: what was found to be good is what boots next.
  if [ "$state" = committing ]; then commit; fi
  back ended 0
fi

exec 9>>/run/homelab/lock
if ! flock -n 9; then
  say held 0 "$(cat /run/homelab/holder)"
  exit 0
fi
printf '%s\n' "$9" >/run/homelab/holder
if [ "$(current)" != "$old" ]; then
  say moved 0 "$(current)"
  exit 0
fi
# The second one also marks a switch that did not come to its end, until the next one does.
ln -sfn "$old" "$roots/homelab-old"
ln -sfn "$new" "$roots/homelab-new"
readlink "$profile" | sed -n 's/^system-\([0-9]*\)-link$/\1/p' >"$dir/generation"
readlink -f "$profile" >"$dir/boots"
failed >"$dir/failed"
printf '%s\n' "$old" "$new" "$goal" "$generation" "$limit" "$patience" "$9" "$(cut -d ' ' -f 1 /proc/uptime)" >"$dir/switch"
say testing 0
ln -sfn "$dir" /run/homelab/last
if [ "$goal" = boot ]; then commit; fi
change "$new" test
code=$?
# 4: it is in force, but some unit failed, which may have failed before. Whoever waits for it judges that.
case $code in 0 | 4) ;; *) back activation "$code" ;; esac
if [ "$(current)" != "$new" ]; then back activation "$code"; fi
until=$(($(uptime) + patience))
echo "$until" >"$dir/until"
say waiting "$code"
until [ -e "$dir/decision" ] || [ "$(uptime)" -ge "$until" ]; do sleep 0.2; done
# Of two that decide at once, one wins.
echo unconfirmed >"$dir/own"
ln "$dir/own" "$dir/decision" 2>"$dir/late"
read -r decision <"$dir/decision"
if [ "$decision" = commit ]; then commit; fi
back "$decision" "$code"
