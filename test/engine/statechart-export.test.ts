import { createMachine } from 'xstate'
import { describe, expect, it } from 'vitest'
import { readChart } from '../../src/engine/chart.ts'
import { portableConfig } from '../../src/engine/portable.ts'
import { exportStatechart } from '../../src/engine/statechart-export.ts'
import { sampleMachine } from './sample-machine.ts'
import { evaluateLikeSketch, statesSeenByExtractor } from './stately-tools.ts'

describe('the TypeScript export', () => {
  it('is the same machine when it is evaluated', () => {
    const machine = evaluateLikeSketch(exportStatechart(sampleMachine, 'ts'))

    expect(readChart(machine)).toEqual(readChart(sampleMachine))
    expect(portableConfig(machine)).toEqual(portableConfig(sampleMachine))
  })

  it('imports only xstate', () => {
    const imports = exportStatechart(sampleMachine, 'ts').match(/^import .*$/gm)

    expect(imports).toEqual(["import { createMachine } from 'xstate'"])
  })

  it('shows every state to the parser of the Stately tools', () => {
    const seen = statesSeenByExtractor(exportStatechart(sampleMachine, 'ts'))

    expect(seen).toEqual(readChart(sampleMachine).map(({ path }) => path.join('.')))
  })

  it('keeps text that looks like code', () => {
    const description = 'it\'s "${x}" `y` \\ \\\' \n */ </script>'

    const machine = evaluateLikeSketch(exportStatechart(createMachine({ id: 'odd-name', description }), 'ts'))

    expect(machine.config.description).toBe(description)
  })

  it('is refused for a chart that is not plain data', () => {
    expect(() => exportStatechart(createMachine({ id: 'm', entry: () => {} }), 'ts')).toThrow('Machine m is not plain data')
  })
})

describe('the JSON export', () => {
  it('is what createMachine makes the same machine of', () => {
    const machine = createMachine(JSON.parse(exportStatechart(sampleMachine, 'json')))

    expect(readChart(machine)).toEqual(readChart(sampleMachine))
  })
})

describe('the Mermaid export', () => {
  const lines = exportStatechart(sampleMachine, 'mermaid').split('\n')

  it('opens and closes a box for each state that has others inside', () => {
    const opened = lines.filter((line) => line.endsWith('{')).map((line) => line.trim())

    expect(lines[0]).toBe('stateDiagram-v2')
    expect(opened).toEqual([
      'state "sample" as sample {',
      'state "working" as sample_working {',
      'state "drafting" as sample_working_drafting {',
      'state "judging" as sample_working_judging {',
    ])
    expect(lines.filter((line) => line.trim() === '}')).toHaveLength(opened.length)
  })

  it('separates parallel regions and marks first, final and history states', () => {
    const drawn = lines.map((line) => line.trim())

    expect(drawn.filter((line) => line === '--')).toHaveLength(2)
    expect(drawn).toEqual(expect.arrayContaining(['[*] --> sample_idle', 'sample_completed --> [*]', 'state "H*" as sample_working_whereItWas']))
  })

  it('labels transitions with event, guard, delay and service', () => {
    const edges = lines.map((line) => line.trim()).filter((line) => line.includes(' --> '))

    expect(edges).toEqual(
      expect.arrayContaining([
        'sample --> sample_cancelled : run.cancel',
        'sample_idle --> sample_working : run.start',
        'sample_working --> sample_completed : done sample.working',
        'sample_working_drafting_asking --> sample_working_drafting_drafted : done draftPlan [isBig]',
        'sample_working_drafting_asking --> sample_working_drafting_asking : error draftPlan [mayTry]',
        'sample_working_drafting_asking --> sample_cancelled : after draftTimeout',
        'sample_paused --> sample_idle : [triesLeft]',
        'sample_paused --> sample_working_whereItWas : run.resume',
      ]),
    )
  })

  it('draws every transition that leads somewhere', () => {
    const inChart = readChart(sampleMachine).flatMap(({ edges }) => edges.flatMap(({ targets }) => targets))

    const drawn = lines.filter((line) => / --> sample/.test(line) && !line.includes('[*]'))

    expect(drawn).toHaveLength(inChart.length)
  })

  it('keeps text from being read as syntax', () => {
    const machine = createMachine({ id: 'm', initial: 'a', states: { a: { on: { 'x:y;"z" %%{init}%%': 'a-b' } }, 'a-b': {}, a_b: {} } })

    const mermaid = exportStatechart(machine, 'mermaid')

    expect(mermaid).toContain('m_a --> m_a_b : x#58;y#59;#34;z#34; #37;#37;#123;init#125;#37;#37;')
    expect(mermaid).toContain('state "a_b" as m_a_b_0')
  })
})
