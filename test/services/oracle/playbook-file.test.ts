import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { loadPlaybookFile, loadPlaybooks } from '../../../src/services/oracle/playbook-file.ts'
import { folderWith } from './oracle.fixture.ts'

const GOOD = `id: look-around
title: Look around
description: Lists the folder.
match:
  any: [look around]
params:
  path: { description: Where to look, default: '.' }
steps:
  - id: list
    title: List
    capability: fs.list.v1
    args: { path: '\${params.path}' }
    when: { git: true, exists: package.json }
  - id: read
    title: Read
    capability: fs.read.v1
    dependsOn: [list]
    args: { path: '\${steps.list.output.entries.0.path}' }
fallbacks:
  read:
    title: Search
    capability: fs.search.v1
    args: { pattern: x }
    dependsOn: [list]
`

const load = async (text: string) => loadPlaybookFile(join(await folderWith({ 'p.yaml': text }), 'p.yaml'))

describe('loadPlaybookFile', () => {
  it('reads a playbook and fills in what may be left out', async () => {
    expect(await load(GOOD)).toMatchObject({
      id: 'look-around',
      match: { needs: [] },
      research: [],
      steps: [{ when: { git: true } }, { dependsOn: ['list'] }],
    })
  })

  it.each<[string, string, string, string]>([
    ['an unknown key', '    title: Read', '    titel: Read', 'steps.1.titel ("Read"): no such field (line 15)'],
    ['a condition that says nothing', '{ git: true, exists: package.json }', '{}', 'must hold exists, missing, git or param (line 13)'],
    ['an expression for a condition', '{ git: true, exists: package.json }', '"files.length > 3"', 'an object'],
    ['a parameter that is not declared', 'params.path}', 'params.place}', 'uses ${params.place}, which the playbook does not declare (line 12)'],
    [
      'a condition on a parameter that is not declared',
      'git: true, exists: package.json',
      'param: place',
      'uses parameter place, which the playbook does not declare (line 13)',
    ],
    ['a condition on what is no name', 'git: true, exists: package.json', "param: 'a b'", 'a letter a-z, then letters'],
    ['a fallback for no step', '\n  read:\n', '\n  reed:\n', 'fallbacks.reed (an object with'],
    ['a fallback with another id', '    title: Search', '    id: other\n    title: Search', 'must be read or absent'],
    ['a dependency on no step', 'dependsOn: [list]\n    args', 'dependsOn: [lost]\n    args', 'which the plan does not have. (line 17)'],
    [
      'a fallback that waits for itself',
      'args: { pattern: x }\n    dependsOn: [list]',
      'args: { pattern: x }\n    dependsOn: [read]',
      'Step read waits for itself. (line 20)',
    ],
    ['a key twice', 'id: look-around', 'id: look-around\nid: b', 'Map keys must be unique'],
  ])('refuses %s', async (_, from, to, message) => {
    const text = GOOD.replace(from, to)

    expect(text).not.toBe(GOOD)
    await expect(load(text)).rejects.toMatchObject({ code: 'PLAYBOOK_INVALID', message: expect.stringContaining(message) })
  })
})

describe('loadPlaybooks', () => {
  it('reads the YAML files of the folders in order of their names', async () => {
    const folder = await folderWith({ 'b.yaml': GOOD.replace('look-around', 'b'), 'a.yml': GOOD.replace('look-around', 'a'), 'notes.txt': 'no' })
    const second = await folderWith({ 'a.yaml': GOOD.replace('look-around', 'c') })

    expect((await loadPlaybooks([folder, second])).map(({ id }) => id)).toEqual(['a', 'b', 'c'])
  })

  it('names every bad file', async () => {
    const folder = await folderWith({ 'a.yaml': 'id: 3', 'b.yaml': '"', 'c.yaml': GOOD })

    await expect(loadPlaybooks([folder])).rejects.toMatchObject({
      code: 'PLAYBOOK_INVALID',
      message: expect.stringMatching(/a\.yaml has[^]*b\.yaml is not valid/),
    })
  })

  it('refuses two playbooks of one id, and a folder that is not there', async () => {
    const folder = await folderWith({ 'a.yaml': GOOD, 'b.yaml': GOOD })

    await expect(loadPlaybooks([folder])).rejects.toMatchObject({
      code: 'PLAYBOOK_INVALID',
      message: expect.stringContaining('are both called look-around'),
    })
    await expect(loadPlaybooks([join(folder, 'nothing')])).rejects.toMatchObject({
      code: 'PLAYBOOK_INVALID',
      message: expect.stringContaining('ENOENT'),
    })
  })
})
