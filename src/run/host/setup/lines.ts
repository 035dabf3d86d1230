import type { HostRecipe } from "../../../book/types.ts";

/** A string of the Nix language. */
const nixString = (text: string): string => `"${text.replace(/[\\"]/g, "\\$&").replaceAll("${", "\\${")}"`;

/** An attribute of it, quoted where it has to be. */
const attribute = (name: string): string => (/^[A-Za-z_][\w'-]*$/.test(name) ? name : nixString(name));

/** For a NixOS configuration: a key of a user. */
export const nixKey = (user: string, line: string): string =>
  `users.users.${attribute(user)}.openssh.authorizedKeys.keys = [ ${nixString(line)} ];`;

/** For a NixOS configuration: root's rights for a user, without a password. */
export const nixSudo = (user: string): string =>
  `security.sudo.extraRules = [ { users = [ ${nixString(user)} ]; commands = [ { command = "ALL"; options = [ "NOPASSWD" ]; } ]; } ];`;

/** Its line in sudoers(5). */
export const sudoRule = (user: string): string => `${user} ALL=(ALL:ALL) NOPASSWD: ALL`;

/** Name of the file with that line; sudo reads none with a dot in its name. */
export const sudoFile = (user: string): string => `homelab-${user.replaceAll(".", "_")}`;

/** For homelab.yml: what of a host is not written there yet; undefined when all of it is. */
export function recipeLines(
  { name, address, user, identity }: Pick<HostRecipe, "name" | "address" | "user" | "identity">,
  written: Pick<HostRecipe, "address" | "user" | "identity"> | undefined,
): string[] | undefined {
  const values = { address, user, identity };
  const lines = Object.entries(values).flatMap(([key, value]) =>
    value === undefined || value === written?.[key as keyof typeof values] ? [] : [`    ${key}: ${value}`],
  );
  if (written && lines.length === 0) return undefined;
  return ["hosts:", lines.length === 0 ? `  ${name}: {}` : `  ${name}:`, ...lines];
}
