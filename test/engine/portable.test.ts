import { createMachine, not } from 'xstate'
import { describe, expect, it } from 'vitest'
import { readChart } from '../../src/engine/chart.ts'
import { machineHash, machineVersion, portableConfig } from '../../src/engine/portable.ts'
import { sampleMachine } from './sample-machine.ts'

describe('portableConfig', () => {
  it('makes the same chart again after a trip through JSON', () => {
    const again = createMachine(JSON.parse(JSON.stringify(portableConfig(sampleMachine))))

    expect(readChart(again)).toEqual(readChart(sampleMachine))
  })

  it('leaves out mappers and keeps the order as written', () => {
    const machine = createMachine({ id: 'm', context: () => ({}), entry: { type: 'b', params: () => ({}) }, description: 'x', output: () => 1 })

    const config = portableConfig(machine)

    expect(JSON.stringify(config)).toBe('{"id":"m","entry":{"type":"b"},"description":"x"}')
  })

  it('is a copy', () => {
    const machine = createMachine({ id: 'm', meta: { list: [1] } })

    const config = portableConfig(machine)

    expect(config).toEqual(machine.config)
    expect(config['meta']).not.toBe(machine.config.meta)
  })

  it.each([
    ['an inline action', { entry: () => {} }, /entry: an inline function/],
    ['an inline guard', { on: { go: { guard: () => true } } }, /on\.go\.guard: an inline function/],
    ['a composed guard', { on: { go: { guard: not('may') } } }, /on\.go\.guard: an inline function/],
    ['a number that JSON has no word for', { meta: { limit: Number.POSITIVE_INFINITY } }, /meta\.limit: Infinity, which JSON cannot keep/],
    ['a map', { meta: { seen: new Map() } }, /meta\.seen: a Map, which JSON cannot keep/],
    ['a gap in a list', { meta: { list: [undefined] } }, /meta\.list\[0\]: undefined, which JSON cannot keep/],
  ])('refuses %s', (_, config, expected) => {
    const machine = createMachine({ id: 'm', ...config })

    expect(() => portableConfig(machine)).toThrow(expected)
  })
})

describe('machineHash', () => {
  const base = { id: 'm', initial: 'a', states: { a: { on: { go: { target: 'b', actions: 'note' } } }, b: {} } } as const

  it('is the same for the same chart, whatever the order of its keys', () => {
    const turned = { states: base.states, initial: base.initial, id: base.id }

    expect(machineHash(createMachine(turned))).toBe(machineHash(createMachine(base)))
  })

  it.each([
    ['a name', { ...base, states: { ...base.states, a: { on: { go: { target: 'b', actions: 'other' } } } } }],
    ['a target', { ...base, states: { ...base.states, a: { on: { go: { target: 'a', actions: 'note' } } } } }],
    ['the version', { ...base, version: '2' }],
  ])('changes with %s', (_, config) => {
    expect(machineHash(createMachine(config))).not.toBe(machineHash(createMachine(base)))
  })
})

describe('machineVersion', () => {
  it('is the one the machine was written with', () => {
    expect(machineVersion(sampleMachine)).toBe('3')
  })

  it('is refused when there is none', () => {
    expect(() => machineVersion(createMachine({ id: 'm' }))).toThrow('Machine m has no version')
  })
})
