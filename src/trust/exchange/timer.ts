// Timers that nothing waits for.

/** What {@link later} gives, for `clearTimeout`. */
export type Timer = ReturnType<typeof setTimeout>;

/** Node waits for timers: a call that has ended otherwise must not be held open by one of these. */
export function later(ms: number, work: () => void): Timer {
  const timer = setTimeout(work, ms);
  (timer as { unref?: () => void }).unref?.();
  return timer;
}
