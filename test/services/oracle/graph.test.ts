import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { comesAfter, cyclesOf, graphOf, inherit, longestChain, type GraphStep } from '../../../src/services/oracle/graph.ts'

const anyGraph = fc
  .array(fc.array(fc.nat(11), { maxLength: 3 }), { minLength: 1, maxLength: 12 })
  .map((chosen): GraphStep[] => chosen.map((dependencies, at) => ({ id: `s${at}`, dependsOn: dependencies.map((other) => `s${other}`) })))

/** Reachability by the textbook, to compare with. */
function reachable(steps: readonly GraphStep[], from: number): ReadonlySet<number> {
  const seen = new Set<number>()
  const open = [from]
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    for (const id of steps[next]?.dependsOn ?? []) {
      const at = steps.findIndex((step) => step.id === id)
      if (at === -1 || at === next || seen.has(at)) continue
      seen.add(at)
      open.push(at)
    }
  }
  return seen
}

describe('the graph of a plan', () => {
  it('knows what comes after what, as walking it does', () => {
    fc.assert(
      fc.property(anyGraph, (steps) => {
        const pairs = steps.flatMap((_, first) => steps.map((__, second) => [first, second] as const))

        const answers = comesAfter(graphOf(steps), pairs)

        expect(answers).toEqual(pairs.map(([first, second]) => first !== second && reachable(steps, second).has(first)))
      }),
    )
  })

  it('finds a cycle exactly where steps wait for themselves', () => {
    fc.assert(
      fc.property(anyGraph, (steps) => {
        const cycles = cyclesOf(graphOf(steps))

        const circular = steps.flatMap((_, at) => ([...reachable(steps, at)].some((other) => reachable(steps, other).has(at)) ? [at] : []))
        expect(cycles.length > 0).toBe(circular.length > 0)
        for (const cycle of cycles) {
          for (const [at, position] of cycle.entries()) expect(steps[position]?.dependsOn).toContain(`s${cycle[(at + 1) % cycle.length]}`)
        }
      }),
    )
  })

  it('answers many distant questions at once', () => {
    const steps = Array.from({ length: 200 }, (_, at) => ({ id: `s${at}`, dependsOn: at === 0 || at === 100 ? [] : [`s${at - 1}`] }))
    const pairs = Array.from({ length: 198 }, (_, at) => [at, at + 2] as const)

    const answers = comesAfter(graphOf(steps), pairs)

    expect(answers.flatMap((answer, at) => (answer ? [] : [at]))).toEqual([98, 99])
  })

  it('adds up the longest chain, and hands values down', () => {
    const graph = graphOf([
      { id: 'a', dependsOn: [] },
      { id: 'b', dependsOn: ['a'] },
      { id: 'c', dependsOn: ['a'] },
      { id: 'd', dependsOn: ['b'] },
      { id: 'e', dependsOn: [] },
    ])

    expect(longestChain(graph, (position) => position + 1)).toBe(1 + 2 + 4)
    const marked = inherit(graph, (position) => Number(position === 1), Math.max)
    expect([0, 1, 2, 3, 4].map(marked)).toEqual([0, 1, 0, 1, 0])
  })

  it('is as deep as it needs to be', () => {
    const steps = Array.from({ length: 100_000 }, (_, at) => ({ id: `s${at}`, dependsOn: [`s${at + 1}`] }))

    expect(cyclesOf(graphOf(steps))).toEqual([])
    expect(longestChain(graphOf(steps), () => 1)).toBe(100_000)
  })
})
