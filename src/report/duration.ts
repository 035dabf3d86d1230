const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

function long(milliseconds: number): string {
  const seconds = Math.round(milliseconds / SECOND);
  if (seconds < 3600) {
    const rest = seconds % 60;
    return `${Math.floor(seconds / 60)} min${rest > 0 ? ` ${rest} s` : ""}`;
  }
  const minutes = Math.round(milliseconds / MINUTE);
  const rest = minutes % 60;
  return `${Math.floor(minutes / 60)} h${rest > 0 ? ` ${rest} min` : ""}`;
}

/** `8 ms`, `1.2 s`, `42 s`, `3 min 4 s`, `2 h 5 min`. */
export function formatDuration(milliseconds: number): string {
  const whole = Math.max(0, Math.round(milliseconds));
  if (whole < SECOND) return `${whole} ms`;
  const tenths = Math.round(whole / 100);
  return tenths < 600 ? `${tenths / 10} s` : long(whole);
}

/** Time that is still passing: `0.8 s`, `12.0 s`, `1 min 3 s`. Rounds down, so that it never runs ahead. */
export function formatElapsed(milliseconds: number): string {
  const tenths = Math.max(0, Math.floor(milliseconds / 100));
  return tenths < 600 ? `${(tenths / 10).toFixed(1)} s` : long(Math.floor(milliseconds / SECOND) * SECOND);
}

const two = (value: number): string => String(value).padStart(2, "0");

/** A day and a time in the local time zone: `2026-11-20 03:12`. */
export function formatDate(of: Date): string {
  const day = `${of.getFullYear()}-${two(of.getMonth() + 1)}-${two(of.getDate())}`;
  return `${day} ${two(of.getHours())}:${two(of.getMinutes())}`;
}

/** When something was, in the local time zone: `just now`, `5 min ago`, `today 14:02`, `2026-11-20 03:12`. */
export function formatWhen(date: Date, now: Date): string {
  const age = now.getTime() - date.getTime();
  if (age >= 0 && age < MINUTE) return "just now";
  if (age >= 0 && age < HOUR) return `${Math.floor(age / MINUTE)} min ago`;
  const [day, time] = formatDate(date).split(" ");
  return formatDate(now).startsWith(`${day} `) ? `today ${time}` : `${day} ${time}`;
}
