/**
 * The clock of every delay of both machines. `wall`: due = the event's time + the delay, fires at once when late.
 * `run`: stands still while no process owns the run, and while it is paused; `service`: the same,
 * afresh when a new process begins the service again that it bounds.
 */
export const DELAY_CLOCKS: Readonly<Record<string, 'wall' | 'run' | 'service'>> = {
  approvalTimeout: 'wall',
  interventionTimeout: 'wall',
  backoffDelay: 'wall',
  killGrace: 'wall',
  settleGrace: 'wall',
  runTimeLeft: 'run',
  stallTimeout: 'run',
  actionTimeout: 'service',
  guardTimeout: 'service',
  oracleTimeout: 'service',
  researchTimeout: 'service',
  drainTimeout: 'run',
  reconcileTimeout: 'service',
  reportTimeout: 'service',
}
