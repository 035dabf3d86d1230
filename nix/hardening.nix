# What a unit is kept from that only talks to Docker's socket, pulls a repository and asks services how they are. Not more:
# whoever may use the socket is root anyway, and with more, homelab would see less than containers do. It looks for what
# they mount (so /tmp, /home and /dev are the machine's own), and its JavaScript is compiled as it runs.
{
  lib,
  asRoot,
  writable,
}: {
  CapabilityBoundingSet =
    if asRoot
    # Repositories of others are given back to them; who holds a port is looked up.
    then ["CAP_CHOWN" "CAP_DAC_OVERRIDE" "CAP_DAC_READ_SEARCH" "CAP_FOWNER" "CAP_KILL" "CAP_SYS_PTRACE"]
    else [""];
  LockPersonality = true;
  NoNewPrivileges = true;
  ProtectClock = true;
  ProtectControlGroups = true;
  ProtectHome = "read-only";
  ProtectHostname = true;
  ProtectKernelLogs = true;
  ProtectKernelModules = true;
  ProtectKernelTunables = true;
  ProtectSystem = "strict";
  ReadWritePaths = lib.unique writable;
  RestrictAddressFamilies = ["AF_UNIX" "AF_INET" "AF_INET6" "AF_NETLINK"];
  RestrictNamespaces = true;
  RestrictRealtime = true;
  RestrictSUIDSGID = true;
  SystemCallArchitectures = "native";
  SystemCallErrorNumber = "EPERM";
  SystemCallFilter = ["@system-service"];
}
