import { describe, expect, it } from 'vitest'
import { inspectArgs, inspectTargets } from '../../../src/services/guard/inspect.ts'
import { temporaryFolder, tinyCatalog } from './fixtures.ts'

describe('inspectArgs', () => {
  it('gives the targets of the arguments with their defaults', () => {
    const definition = tinyCatalog().get('fs.list.v1')

    expect(definition && inspectArgs(definition, {})).toEqual({ targets: [{ kind: 'path', access: 'read', path: '.' }] })
  })
})

describe('inspectTargets', () => {
  it('parts what rules may look at from what is refused', async () => {
    const workspace = await temporaryFolder()
    const places = { workspace, workspaceAlias: workspace, stateDir: `${workspace}/s`, home: '/home/a' }

    const { checked, refusals } = inspectTargets(
      [
        { kind: 'path', access: 'read', path: 'a' },
        { kind: 'command', argv: ['ls'] },
        { kind: 'url', url: 'file:///x' },
      ],
      places,
    )

    expect(checked.map(({ kind }) => kind)).toEqual(['path', 'command'])
    expect(refusals.map(({ ruleId }) => ruleId)).toEqual(['builtin:url'])
  })
})
