import { describe, expect, it } from 'vitest'
import { TrajectorySettings } from '../../../../src/model/trajectory.ts'

describe('TrajectorySettings', () => {
  it('is strictest about what it traces and asks by default', () => {
    expect(TrajectorySettings.parse({})).toEqual({ pin: 'arguments', taint: 'everything', unplanned: 'ask', tainted: 'ask', disguised: 'ask' })
  })

  it.each([{ pins: 'off' }, { pin: 'none' }, { tainted: 'allow' }])('refuses %j', (settings) => {
    expect(TrajectorySettings.safeParse(settings).success).toBe(false)
  })
})
