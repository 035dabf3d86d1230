import { type NixOptions, nix } from "../../nix/call.ts";
import { explainCopy } from "../../nix/copying.ts";
import type { Failure } from "../../nix/failure.ts";
import type { Machine } from "../../process/machine.ts";
import type { SshMachine } from "../../ssh/machine.ts";

/**
 * Copies a system with all that it needs from this machine into the store of another one. What came there before the
 * copy was broken off is not sent again.
 */
export async function copySystem(
  here: Machine,
  to: SshMachine,
  path: string,
  options: NixOptions,
): Promise<{ readonly ok: true } | Failure> {
  const { settings, address } = to.reach;
  // What is in the connection that we share would not tell Nix that it is there.
  const ssh = `-F ${settings} -o ControlMaster=no -o ControlPath=none`;
  // The other side takes paths without a signature from root alone.
  const program = (await to.isRoot()) ? "" : "?remote-program=sudo -n nix-daemon".replaceAll(" ", "%20");
  const words = [
    "copy",
    "--no-check-sigs",
    "--substitute-on-destination",
    "--to",
    `ssh-ng://${address}${program}`,
  ];
  const ended = await nix(here, [...words, path], { ...options, settings: [`NIX_SSHOPTS=${ssh}`] });
  if (ended.exitCode === 0) return { ok: true };
  return explainCopy(ended, { flake: path, attribute: "", machine: to.name });
}
