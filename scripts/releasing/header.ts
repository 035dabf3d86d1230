const MACHINES: Readonly<Record<string, string>> = {
  "elf 62": "linux-x64",
  "elf 183": "linux-arm64",
  "mach-o 16777223": "macos-x64",
  "mach-o 16777228": "macos-arm64",
};

/** The platform that a program is for, as its first bytes say; undefined for anything else. */
export function platformOf(bytes: Uint8Array): string | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.byteLength < 20) return undefined;
  if (view.getUint32(0) === 0x7f454c46) return MACHINES[`elf ${view.getUint16(18, true)}`];
  if (view.getUint32(0, true) === 0xfeedfacf) return MACHINES[`mach-o ${view.getUint32(4, true)}`];
  return undefined;
}
