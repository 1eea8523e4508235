import { readFile } from 'node:fs/promises'
import { createMachine } from 'xstate'
import { describe, expect, it } from 'vitest'
import { readChart } from '../../src/engine/chart.ts'
import { exportStatechart, type StatechartFormat } from '../../src/engine/statechart-export.ts'
import { actionMachine } from '../../src/machines/action.machine.ts'
import { workflowMachine } from '../../src/machines/workflow.machine.ts'
import { evaluateLikeSketch, statesSeenByExtractor } from '../engine/stately-tools.ts'

const machines = { workflow: workflowMachine, action: actionMachine }
const endings: Readonly<Record<StatechartFormat, string>> = { ts: 'ts', json: 'json', mermaid: 'mmd' }

const committed = (name: string, ending: string): Promise<string> =>
  readFile(new URL(`../../visualizer/stately/${name}.machine.${ending}`, import.meta.url), 'utf8')

describe.each(Object.entries(machines))('visualizer/stately/%s.machine', (name, machine) => {
  it.each(['ts', 'json', 'mermaid'] as const)('is up to date as %s', async (format) => {
    const text = await committed(name, endings[format])

    expect(text, 'out of date: run `npm run charts` and commit visualizer/stately').toBe(exportStatechart(machine, format))
  })

  it('is the machine that runs, when Stately Sketch evaluates it', async () => {
    const evaluated = evaluateLikeSketch(await committed(name, 'ts'))

    expect(readChart(evaluated)).toEqual(readChart(machine))
  })

  it('is the machine that runs, when createMachine reads the JSON', async () => {
    const made = createMachine(JSON.parse(await committed(name, 'json')))

    expect(readChart(made)).toEqual(readChart(machine))
  })

  it('imports only xstate', async () => {
    const text = await committed(name, 'ts')

    expect(text.match(/\bimport\b.*/g)).toEqual(["import { createMachine } from 'xstate'"])
  })

  it('shows every state to the parser of the Stately tools', async () => {
    const seen = statesSeenByExtractor(await committed(name, 'ts'))

    expect(seen).toEqual(readChart(machine).map(({ path }) => path.join('.')))
  })
})
