import { formatDuration } from "../../report/duration.ts";

const DAY = 86_400;

/** How long a machine has been up, from seconds: `42 s`, `2 h 5 min`, `12 d 3 h`. */
export function formatSpan(seconds: number): string {
  if (seconds < DAY) return formatDuration(Math.floor(seconds) * 1000);
  const hours = Math.floor((seconds % DAY) / 3600);
  return `${Math.floor(seconds / DAY)} d${hours > 0 ? ` ${hours} h` : ""}`;
}
