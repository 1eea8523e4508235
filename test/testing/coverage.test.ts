import { describe, expect, test } from 'vitest'
import { createMachine, setup, spawnChild } from 'xstate'
import { createActorDriver } from '../../src/testing/actor-driver.ts'
import { createCoverage } from '../../src/testing/coverage.ts'
import { createFoldDriver } from '../../src/testing/fold-driver.ts'

const child = createMachine({ id: 'child', initial: 'a', states: { a: { on: { go: 'b' } }, b: { always: 'c' }, c: {} } })
const machine = setup({ actors: { child }, guards: { never: () => false } }).createMachine({
  id: 'm',
  entry: spawnChild('child', { id: 'c' }),
  initial: 'a',
  on: { note: { actions: () => {} } },
  states: { a: { on: { go: [{ guard: 'never', target: 'b' }, { target: 'c' }] } }, b: {}, c: {} },
})

describe.each([
  ['the fold', createFoldDriver],
  ['plain actors', createActorDriver],
] as const)('coverage, with %s', (_, createDriver) => {
  test('names what was not taken, branch by branch, also of children and of copies', () => {
    const coverage = createCoverage([machine, child])
    const driver = createDriver(machine.provide({ guards: { never: () => false } }), { onMicrostep: coverage.note })

    driver.send('', { type: 'go' })
    driver.send('c', { type: 'go' })

    expect(coverage.untaken()).toEqual(['m note → stays', 'm.a go → m.b [0]'])
    expect(coverage.all).toHaveLength(5)
  })

  test('excuses what has a reason, and refuses a reason for nothing', () => {
    const coverage = createCoverage([machine])
    const driver = createDriver(machine, { onMicrostep: coverage.note })
    driver.send('', { type: 'go' })

    const reasons = { 'm note → stays': 'nobody notes', 'm.a go → m.c [1]': 'never goes', 'm.a gone → m.c': 'misspelt' }

    expect(coverage.untaken({ reasons })).toEqual([
      'm.a go → m.b [0]',
      'm.a go → m.c [1]: a reason is given, but it was taken',
      'm.a gone → m.c: a reason is given, but there is no such transition',
    ])
  })
})
