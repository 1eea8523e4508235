/**
 * The clock of every delay of both machines. `wall`: due = the event's time + the delay, fires at once when late.
 * `run`: stands still while no process owns the run, and while it is paused.
 */
export const DELAY_CLOCKS: Readonly<Record<string, 'wall' | 'run'>> = {
  approvalTimeout: 'wall',
  interventionTimeout: 'wall',
  backoffDelay: 'wall',
  killGrace: 'wall',
  settleGrace: 'wall',
  runTimeLeft: 'run',
  stallTimeout: 'run',
  actionTimeout: 'run',
  guardTimeout: 'run',
  oracleTimeout: 'run',
  researchTimeout: 'run',
  drainTimeout: 'run',
  reconcileTimeout: 'run',
  reportTimeout: 'run',
}
