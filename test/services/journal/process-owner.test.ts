import { hostname } from 'node:os'
import { describe, expect, test } from 'vitest'
import { ownerIsDead, processOwner } from '../../../src/services/journal/process-owner.ts'
import { exitOf, startChild } from './journal.fixture.ts'

describe('a process as owner', () => {
  test('is named by host, pid and start time, the same every time', () => {
    const owner = processOwner()

    expect(owner).toMatch(new RegExp(`^${hostname()}:${process.pid}:\\d+$`))
    expect(processOwner()).toBe(owner)
  })

  test('is not dead while it runs', () => {
    expect(ownerIsDead(processOwner())).toBe(false)
    expect(ownerIsDead(`${hostname()}:1:0`)).toBe(false)
  })

  test('is dead when its process ended, whatever its start time', async () => {
    const child = startChild('own.ts', [])
    child.kill('SIGKILL')
    await exitOf(child)

    expect(ownerIsDead(`${hostname()}:${child.pid}:0`)).toBe(true)
    expect(ownerIsDead(`${hostname()}:${child.pid}:12345`)).toBe(true)
  })

  test('is never held for dead when it cannot be known', () => {
    const strangers = ['', 'x', 'elsewhere:1:1', `${hostname()}:-1:1`, `${hostname()}:0:1`, `${hostname()}:1`, `${hostname()}:x:1`]

    expect(strangers.filter(ownerIsDead)).toEqual([])
  })
})
