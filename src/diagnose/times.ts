export const SECOND = 1000;
export const MINUTE = 60 * SECOND;

/** RFC 3339 in whole seconds, UTC; null for a time that is not known or no date. */
export function clock(time: number | undefined): string | null {
  if (time === undefined || !Number.isFinite(time) || Math.abs(time) > 8.64e15) return null;
  return new Date(time).toISOString().replace(/\.\d+Z$/, "Z");
}

/** An ISO 8601 duration of hours, minutes and seconds, rounded up to seconds. */
export function isoDuration(milliseconds: number): string {
  const seconds = Math.ceil(Math.max(0, milliseconds) / SECOND);
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor((seconds % 3600) / 60);
  const rest = seconds % 60;
  const parts = [hours > 0 ? `${hours}H` : "", minutes > 0 ? `${minutes}M` : "", rest > 0 ? `${rest}S` : ""];
  const text = parts.join("");
  return `PT${text === "" ? "0S" : text}`;
}

/** For a sentence: "45 s", "12 min", "3 h". */
export function spoken(milliseconds: number): string {
  const seconds = Math.round(Math.max(0, milliseconds) / SECOND);
  if (seconds < 120) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 120 ? `${minutes} min` : `${Math.round(minutes / 60)} h`;
}
