import { cancelEnds } from '../../src/testing/cancel-rule.ts'
import type { ChartDriver } from '../../src/testing/chart-driver.ts'
import type { WalkCases } from '../../src/testing/choices.ts'
import { startsAtMost, startsNothingWhile, startsOnlyWhen } from '../../src/testing/start-rules.ts'
import { livesOnlyWhile, neverHangs, noLeftovers, withinLimits } from '../../src/testing/state-rules.ts'
import { rule } from '../../src/testing/watch.ts'
import type { Deed, Rule } from '../../src/testing/watch.ts'

export const INPUT = { orderId: 'o1', total: 250, maxRetries: 2 }

export const CASES: WalkCases = {
  outputs: { checkStock: [{ inStock: true }, { inStock: false }], charge: [{ receipt: 'r1' }], findDriver: ['ann'], courier: [{ driver: 'ann' }] },
  errors: { courier: [] },
  events: { 'order.approve': [{ orderId: 'o1' }, { orderId: 'another' }], 'order.reject': [{ orderId: 'o1' }], 'order.cancel': [{}] },
  weights: { 'order.approve': 6, 'charge!': 6, checkStock: 6, time: 2 },
}

/** What must always hold of an order, whoever wrote its chart. */
export const ORDER_RULES: readonly Rule[] = [
  startsOnlyWhen('charge', ({ input }, { past, root }) => root.context.total <= 100 || past.some((deed) => approves(deed, orderOf(input)))),
  startsNothingWhile((root) => root.status !== 'active' || root.matches({ open: 'held' })),
  startsAtMost('charge', 1 + INPUT.maxRetries),
  withinLimits(({ retries, maxRetries }: typeof INPUT & { retries: number }) => ({ retries: [retries, maxRetries] })),
  livesOnlyWhile('courier', (root) => root.matches({ open: 'shipping' })),
  noLeftovers(),
  neverHangs(),
  cancelEnds({ event: 'order.cancel', within: 8_000, final: 'cancelled', unless: (root) => root.context.charged || root.context.reason !== null }),
  rule(({ root }) => (root.matches('delivered') && !root.context.charged ? ['delivered without a charge'] : [])),
]

const orderOf = (input: unknown): unknown => Reflect.get(Object(input), 'orderId')
const approves = (deed: Deed, orderId: unknown): boolean =>
  deed.kind === 'event' && deed.event.type === 'order.approve' && deed.event['orderId'] === orderId

export const waitsForPerson = (driver: ChartDriver): boolean => driver.snapshot('')?.matches({ open: 'held' }) === true
