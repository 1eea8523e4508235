import type { RunEvent } from '../../model/events.ts'

/** Shows a run while it goes on. */
export interface Display {
  /** An event that happened before this process looked; it is not news. */
  recall(event: RunEvent): void
  event(event: RunEvent): void
  /** Leaves the screen alone, for a question; `resume` shows what has happened since. */
  suspend(): void
  resume(): void
  /** Shows the last state and stops. */
  close(): void
}
