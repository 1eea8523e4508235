import { describe, expect, it } from 'vitest'
import { formatAge, formatClock, formatDuration, parseDuration } from '../../src/cli/duration.ts'

describe('parseDuration', () => {
  it.each([
    ['5m', 300_000],
    ['90s', 90_000],
    ['300000ms', 300_000],
    ['1.5h', 5_400_000],
    [' 2s ', 2_000],
  ])('reads %s', (text, ms) => {
    expect(parseDuration(text)).toBe(ms)
  })

  it.each(['5', '', 'm', '-5m', '5 m', '5d', '1e3s', '1h30m', `${'9'.repeat(30)}h`])('takes %j for no duration', (text) => {
    expect(parseDuration(text)).toBeNull()
  })
})

describe('times for people', () => {
  it('shows short times with their unit and long ones as a clock', () => {
    expect([120, 9_540, 125_000, 3_603_000].map(formatDuration)).toEqual(['120 ms', '9.5 s', '2:05', '1:00:03'])
  })

  it('never shows a negative time', () => {
    expect([formatClock(-5), formatDuration(-5), formatAge(-5)]).toEqual(['0:00', '0 ms', '0s'])
  })

  it('shows an age in its largest unit', () => {
    expect([12_000, 300_000, 10_800_000, 172_800_000].map(formatAge)).toEqual(['12s', '5m', '3h', '2d'])
  })
})
