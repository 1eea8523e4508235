import { describe, expect, it } from 'vitest'
import { ResourceLimits } from '../../../src/model/goal.ts'
import { createMeter, meterThrough, treeCounter } from '../../../src/services/executor/meter.ts'

const limits = ResourceLimits.parse({ max_fs_operations: 3, max_network_requests: 1 })

describe('the meter', () => {
  it('counts up to the limit and refuses what passes it', () => {
    const meter = createMeter(limits)

    meter.use('fsOperations', 2)
    meter.use('fsOperations')

    expect(() => meter.use('fsOperations')).toThrow(expect.objectContaining({ code: 'RESOURCE_LIMIT' }))
    expect(meter.usage()).toEqual({ fsOperations: 3, networkRequests: 0, bytes: 0 })
  })

  it('counts nothing of what it refuses', () => {
    const meter = createMeter(limits)

    expect(() => meter.use('fsOperations', 4)).toThrow()

    expect(meter.usage().fsOperations).toBe(0)
  })

  it('names the limit, what was used and what was asked for', () => {
    const meter = createMeter(limits, { fsOperations: 2 })

    expect(() => meter.use('fsOperations', 5)).toThrow('max_fs_operations is 3: 2 file operations were used, 5 more were asked for.')
  })

  it('goes on from what a run spent before it was resumed', () => {
    const meter = createMeter(limits, { networkRequests: 1 })

    expect(() => meter.use('networkRequests')).toThrow('max_network_requests is 1')
    expect(meter.usage().networkRequests).toBe(0)
  })

  it.each([Number.NaN, -1, Number.POSITIVE_INFINITY])('does not count %s of anything', (amount) => {
    const meter = createMeter(limits)

    expect(() => meter.use('fsOperations', amount)).toThrow()

    expect(meter.usage().fsOperations).toBe(0)
  })

  it('is shared by the handles of its actions, each of which knows its own part', () => {
    const meter = createMeter(limits)
    const [one, two] = [meterThrough(meter), meterThrough(meter)]

    one.use('fsOperations', 2)
    two.use('fsOperations')

    expect([one.usage().fsOperations, two.usage().fsOperations]).toEqual([2, 1])
    expect(() => one.use('fsOperations')).toThrow()
    expect(one.usage().fsOperations).toBe(2)
  })

  it('takes one operation for each started hundred files of a tree', () => {
    const meter = createMeter(limits)
    const count = treeCounter(meter)

    for (let file = 0; file < 101; file += 1) count()

    expect(meter.usage().fsOperations).toBe(2)
  })
})
