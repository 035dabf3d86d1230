# The image of a hypervisor: Debian with systemd, ssh, Nix and QEMU, and what a guest boots. Sourced by scripts/lab.

HOST_IMAGE=homelab-lab/host:2 # a new number whenever what is in it changes; test/helpers/paths.ts has it too
HOST_SUITE=trixie
HOST_NETWORK=homelab-lab-hosts # that hypervisors reach each other on; Docker has room for some thirty only
HOST_PACKAGES=(systemd systemd-sysv dbus openssh-server openssh-client iproute2 iputils-ping nftables nix-bin git rsync
  sudo procps ca-certificates curl socat qemu-system-x86 busybox-static dropbear-bin patchelf binutils)

lab_host() {
  lab_docker
  docker network inspect "$HOST_NETWORK" >/dev/null 2>&1 || docker network create "$HOST_NETWORK" >/dev/null
  if docker image inspect "$HOST_IMAGE" >/dev/null 2>&1; then return; fi
  [[ $(uname -m) == x86_64 ]] || die "The lab's virtual machines are made for x86_64 only, not $(uname -m)"
  have mmdebstrap || apt_install mmdebstrap
  local key uri log=$LAB/host.log recipe=$ROOT/scripts/lab-host
  say "lab: building $HOST_IMAGE (about a minute; log: $log)"
  while read -r key uri; do
    if host_root "$uri" "$key" "$recipe" 2>"$log" | docker import --change 'CMD ["/sbin/init"]' - "$HOST_IMAGE" >/dev/null; then return; fi
    docker rmi "$HOST_IMAGE" >/dev/null 2>&1 || true # of half an archive
  done < <(debian_mirrors)
  tail -n 15 "$log" >&2 2>/dev/null || true
  die "$HOST_IMAGE could not be built from a Debian mirror ($HOST_SUITE)" "see $log, check /etc/apt/sources.list.d"
}

# host_root URI KEYRING RECIPE: the file system as a tar archive on standard output.
host_root() {
  local include quiet=() path
  include=$(IFS=, && echo "${HOST_PACKAGES[*]}")
  for path in doc man locale info; do quiet+=("--dpkgopt=path-exclude=/usr/share/$path/*"); done
  [[ $2 == - ]] || quiet+=("--keyring=$2")
  mmdebstrap --variant=minbase --architectures=amd64 --format=tar --dpkgopt=force-unsafe-io "${quiet[@]}" \
    --include="$include" --customize-hook="copy-in '$3/customize' '$3/guest-init' /root" \
    --customize-hook='chroot "$1" sh /root/customize' "$HOST_SUITE" - "$1" </dev/null
}
