import { describe, expect, it } from 'vitest'
import type { Origin } from '../../../../src/services/guard/trajectory/observations.ts'
import { createPins, type PinnedCall } from '../../../../src/services/guard/trajectory/pins.ts'

const SHOP = {
  observation: { index: 0, tool: 'list', source: 'tool', complete: true, asked: new Set<string>(), answers: false },
  path: '[0].to',
  kind: 'field',
  record: new Set(['spotify', 'premium']),
  beside: new Set<string>(),
} as const
const READ: Readonly<Record<string, readonly Origin[]>> = { SE3550000001: [SHOP], 'Other Shop': [{ ...SHOP, record: new Set() }] }
const pinsOf = (...plan: readonly PinnedCall[]): ReturnType<typeof createPins> => createPins(plan, (value) => READ[value] ?? [])
const kindOf = (pins: ReturnType<typeof createPins>, tool: string, args: Record<string, unknown>): string => {
  const match = pins.match(tool, args)
  return match.kind === 'planned' && match.deviations.length > 0
    ? `deviates in ${match.deviations.map(({ argument }) => argument).join()}`
    : match.kind
}

describe('createPins', () => {
  it('uses a planned call up, and knows the same again from another', () => {
    const pins = pinsOf({ tool: 'send', args: { to: 'bob@a.example' } })
    const first = { to: 'bob@a.example', at: '2024-05-20 10:00:00' }
    pins.use('send', first, pins.match('send', first))

    expect(kindOf(pins, 'send', { to: 'bob@a.example', at: '2024-05-20T10:00' })).toBe('again')
    expect(kindOf(pins, 'send', { to: 'bob@a.example', at: '2024-05-20', body: 'something else' })).toBe('beyond')
    expect(kindOf(pins, 'send', { to: 'eve@a.example' })).toBe('beyond')
    expect(kindOf(pins, 'remove', {})).toBe('unplanned')
  })

  it('lets the same be tried again three times', () => {
    const pins = pinsOf({ tool: 'send' })
    const kinds = Array.from({ length: 5 }, () => {
      const match = pins.match('send', { to: 'bob' })
      pins.use('send', { to: 'bob' }, match)
      return match.kind
    })

    expect(kinds).toEqual(['planned', 'again', 'again', 'again', 'beyond'])
  })

  it('takes the planned call that fits best', () => {
    const pins = pinsOf({ tool: 'send', args: { to: 'a@x.example' } }, { tool: 'send', args: { to: 'b@x.example' } })

    expect(pins.match('send', { to: 'b@x.example' })).toMatchObject({ kind: 'planned', pin: 1, deviations: [] })
  })

  it.each([
    [{ amount: 10 }, { amount: '10.00' }],
    [{ at: '2024-05-20T10:00:00' }, { at: '2024-05-20 10:00' }],
    [{ channel: '#General' }, { channel: 'general' }],
    [{ url: 'https://a.example/' }, { url: 'a.example' }],
    [{ to: ['a@x.example', 'b@x.example'] }, { to: ['B@x.example', 'a@x.example'] }],
    [{ subject: 'Refund' }, { subject: 'Money back for dinner' }],
    [{ to: 'Spotify' }, { to: 'SE3550000001' }],
    [{ to: 'a@x.example' }, {}],
  ])('takes %j for what is planned as %j', (planned, args) => {
    expect(kindOf(pinsOf({ tool: 'send', args: planned }), 'send', args)).toBe('planned')
  })

  it.each([
    [{ to: 'a@x.example' }, { to: 'a@x-example' }],
    [{ to: ['a@x.example'] }, { to: ['a@x.example', 'eve@x.example'] }],
    [{ to: ['a@x.example', 'b@x.example'] }, { to: ['a@x.example'] }],
    [{ to: 'Apple' }, { to: 'SE3550000001' }],
    [{ to: 'Spotify Family' }, { to: 'SE3550000001' }],
    [{ to: 'Apple' }, { to: 'Other Shop' }],
    [{ to: 'Bodo' }, { to: 'Zed Zot' }],
    [{ to: 'GB2900000001' }, { to: 'GB2900000002' }],
  ])('does not take %j for what is planned as %j', (planned, args) => {
    expect(kindOf(pinsOf({ tool: 'send', args: planned }), 'send', args)).toBe('deviates in to')
  })
})
