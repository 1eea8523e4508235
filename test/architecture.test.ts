import { describe, expect, it } from 'vitest'
import { cyclesIn, importsOf, readSources, type Import } from './imports.ts'

type Layer =
  | 'package'
  | 'input'
  | 'model'
  | 'errors'
  | 'port'
  | 'service'
  | 'machines'
  | 'engine'
  | 'flow'
  | 'host'
  | 'controller'
  | 'entry'
  | 'cli'
  | 'server'
  | 'testing'
  | 'testing entry'

/** The first pattern that fits names a file's layer. A service's port is the file that is called like its folder. */
const LAYERS: readonly (readonly [RegExp, Layer])[] = [
  [/^src\/package-path\.ts$/, 'package'],
  [/^src\/model\//, 'model'],
  [/^src\/errors\.ts$/, 'errors'],
  // Reading what people write: knows no noun of ours.
  [/^src\/input\//, 'input'],
  [/^src\/services\/([^/]+)\/\1\.ts$/, 'port'],
  // The controller's own contract: types of ports and nouns, which its parts and its users share.
  [/^src\/controller\.types\.ts$/, 'port'],
  [/^src\/services\//, 'service'],
  [/^src\/machines\//, 'machines'],
  [/^src\/engine\//, 'engine'],
  [/^src\/flow\//, 'flow'],
  [/^src\/host\//, 'host'],
  [/^src\/(?:controller|open-runs|runner)\.ts$/, 'controller'],
  [/^src\/(?:index|client)\.ts$/, 'entry'],
  [/^src\/cli\//, 'cli'],
  [/^src\/server\//, 'server'],
  [/^src\/testing\//, 'testing'],
  // Nothing imports the kit but its own entry.
  [/^src\/testing\.ts$/, 'testing entry'],
]

interface Rule {
  /** Layers it may import. */
  readonly from: readonly Layer[]
  /** Layers it may import types of. */
  readonly types: readonly Layer[]
  /** Packages it may import; absent = any. */
  readonly packages?: RegExp
}

const RULES: Readonly<Record<Layer, Rule>> = {
  // Where the files that come with the package are; whoever reads shipped files may ask.
  package: { from: [], types: [], packages: /^node:/ },
  input: { from: ['input'], types: [], packages: /^(?:yaml|ipaddr\.js)$/ },
  model: { from: ['model'], types: [], packages: /^(?!node:(?!crypto$))/ },
  errors: { from: ['model'], types: [], packages: /^$/ },
  port: { from: ['model', 'errors', 'port'], types: [] },
  service: { from: ['package', 'input', 'model', 'errors', 'port'], types: [] },
  machines: { from: ['machines', 'model', 'errors'], types: ['port'], packages: /^xstate$/ },
  engine: { from: ['engine', 'model', 'errors', 'port'], types: ['machines'] },
  // What the machines invoke, put together of ports and of what the services do in pure functions.
  flow: { from: ['flow', 'service', 'port', 'model', 'errors'], types: ['machines', 'engine'] },
  // Runs in this process: it opens the adapters and puts the engine, the machines and the flow to work on a journal.
  host: { from: ['package', 'host', 'flow', 'machines', 'engine', 'service', 'port', 'model', 'errors'], types: [] },
  controller: { from: ['controller', 'host', 'flow', 'machines', 'engine', 'service', 'port', 'model', 'errors'], types: [] },
  entry: { from: ['controller', 'machines', 'engine', 'service', 'port', 'model', 'errors'], types: [] },
  cli: { from: ['package', 'input', 'cli', 'controller', 'entry', 'model', 'errors'], types: ['port', 'engine'] },
  // What users test their own machines and services with; nothing that runs in earnest imports it.
  testing: {
    from: ['testing', 'controller', 'machines', 'engine', 'service', 'port', 'model', 'errors'],
    types: [],
    // No library for properties: users bring their own.
    packages: /^(?:xstate(?:\/graph)?|zod|node:.*)$/,
  },
  'testing entry': { from: ['testing', 'machines', 'engine', 'service', 'port', 'model', 'errors'], types: [] },
  server: { from: ['server', 'controller', 'entry', 'model', 'errors'], types: ['port', 'engine'] },
}

/** Imports against the arrow, each with its reason. */
const EXCEPTIONS: readonly { readonly from: RegExp; readonly to: RegExp; readonly reason: string }[] = [
  { from: /^src\/cli\//, to: /^src\/services\/telemetry\/report\.ts$/, reason: 'a report is data; it is laid out for people where it is shown' },
  {
    from: /^src\/cli\//,
    to: /^src\/services\/oracle\/(?:yaml-document|nearest)\.ts$/,
    reason: 'one strict YAML reader and one "did you mean" for every file and name a person gives',
  },
  { from: /^src\/cli\/planning\.ts$/, to: /^src\/services\/oracle\/plan-file\.oracle\.ts$/, reason: '--plan is read before there is a controller' },
  { from: /^src\/cli\/doctor\//, to: /^src\/services\//, reason: 'doctor tries each part by itself, so that a broken one cannot hide the others' },
  {
    from: /^src\/cli\/commands\/policy(?:-replay)?\.ts$/,
    to: /^src\/services\/(?:guard\/(?:policy-file|policy-tests|policy\.guard|replay\/replay-(?:policy|run))|executor\/(?:catalog|capabilities\/(?:http\.fetch|(?:analysis\/)?index)))\.ts$/,
    reason: 'a policy file is checked, tested and tried on recordings without a controller, against the shipped capabilities',
  },
  {
    from: /^src\/cli\/commands\/playbooks\.ts$/,
    to: /^src\/services\/oracle\/playbook-file\.ts$/,
    reason: 'playbooks that do not load are shown as well',
  },
  {
    from: /^src\/cli\/commands\/export\.ts$/,
    to: /^src\/(?:engine\/statechart-export|machines\/\w+\.machine)\.ts$/,
    reason: 'charts are exported without a controller',
  },
  {
    from: /^src\/cli\/commands\/bench(?:-ports)?\.ts$/,
    to: /^src\/services\/(?:guard\/admission|executor\/meter|journal\/(?:memory|sqlite)\.journal)\.ts$/,
    reason: 'the engine is measured with instant services of its own, which the public API takes',
  },
  {
    from: /^src\/services\/executor\/local\.executor\.ts$/,
    to: /^src\/services\/guard\/admission\.ts$/,
    reason: "part of the guard's port: only what it admitted is executed",
  },
]

const layerOf = (file: string): Layer | undefined => LAYERS.find(([pattern]) => pattern.test(file))?.[1]
const folderOf = (file: string): string | undefined => /^src\/services\/[^/]+\//.exec(file)?.[0]
const isExcepted = ({ from, to }: Import): boolean => EXCEPTIONS.some((exception) => exception.from.test(from) && exception.to.test(to))

function isAllowed({ from, to, typeOnly }: Import): boolean {
  const layer = layerOf(from)
  if (layer === undefined) return false
  const { from: layers, types, packages } = RULES[layer]
  if (!to.startsWith('src/')) return !to.startsWith('.') && (packages?.test(to) ?? true)
  const target = layerOf(to)
  if (target === undefined) return false
  const isOwnFolder = layer === 'service' && target === 'service' && folderOf(from) === folderOf(to)
  return isOwnFolder || layers.includes(target) || (typeOnly && types.includes(target))
}

const violations = (imports: readonly Import[]): readonly string[] =>
  imports.filter((one) => !isAllowed(one) && !isExcepted(one)).map(({ from, to, typeOnly }) => `${from} → ${to}${typeOnly ? ' (type)' : ''}`)

const sources = await readSources('src')
const imports = [...sources].flatMap(([file, source]) => importsOf(file, source))

describe('the source files', () => {
  it('are looked at, all of them', () => {
    expect(sources.size).toBeGreaterThan(50)
    expect(imports.length).toBeGreaterThan(sources.size)
  })

  it('each belong to a layer', () => {
    const homeless = [...sources.keys()].filter((file) => layerOf(file) === undefined)

    expect(homeless).toEqual([])
  })

  it('import along the arrow only', () => {
    expect(violations(imports)).toEqual([])
  })

  it('have no import cycles, type-only ones included', () => {
    expect(cyclesIn(imports)).toEqual([])
  })

  it('import files that exist', () => {
    const missing = imports.filter(({ to }) => to.startsWith('src/') && !sources.has(to))

    expect(missing.map(({ from, to }) => `${from} → ${to}`)).toEqual([])
  })

  it('need every exception that is made', () => {
    const idle = EXCEPTIONS.filter(({ from, to }) => !imports.some((one) => from.test(one.from) && to.test(one.to)))

    expect(idle).toEqual([])
  })

  it('that are entries hold re-exports and no code', () => {
    const withCode = [...sources].filter(
      ([file, source]) =>
        (layerOf(file) === 'entry' || layerOf(file) === 'testing entry') &&
        !/^(?:\s*(?:\/\*[\s\S]*?\*\/|\/\/.*|export\s+(?:type\s+)?(?:\*|\{[^}]*\})\s*(?:as \w+ )?from\s*'[^']+'))*\s*$/.test(source),
    )

    expect(withCode.map(([file]) => file)).toEqual([])
  })
})

describe('the rules', () => {
  it.each([
    ['src/model/goal.ts', "import { toFailure } from '../errors.ts'"],
    ['src/model/goal.ts', "import { readFile } from 'node:fs/promises'"],
    ['src/errors.ts', "import type { Guard } from './services/guard/guard.ts'"],
    ['src/services/guard/guard.ts', "import { judge } from './policy.guard.ts'"],
    ['src/services/guard/policy.guard.ts', "export * from '../executor/catalog.ts'"],
    ['src/services/guard/policy.guard.ts', "export type X = typeof import('../executor/catalog.ts')"],
    ['src/services/guard/policy.guard.ts', "import { fold } from '../../engine/fold.ts'"],
    ['src/machines/action.machine.ts', "import { createUuidIds } from '../services/ids/ids.ts'"],
    ['src/machines/action.machine.ts', "import type { X } from '../services/guard/policy.guard.ts'"],
    ['src/machines/action.machine.ts', "import 'node:fs'"],
    ['src/engine/fold.ts', "const x = await import('../services/journal/sqlite.journal.ts')"],
    ['src/engine/fold.ts', "import { actionMachine } from '../machines/action.machine.ts'"],
    ['src/controller.ts', "import {\n  a,\n  b,\n} from './cli/main.ts'"],
    ['src/cli/run.ts', "import { createPolicyGuard } from '../services/guard/policy.guard.ts'"],
    ['src/stray.ts', "import { z } from 'zod'"],
    ['src/flow/run.ts', "import { createController } from '../controller.ts'"],
    ['src/engine/fold.ts', "import { createWalk } from '../testing/walk.ts'"],
    ['src/index.ts', "export { createWalk } from './testing.ts'"],
    ['src/testing/walk.ts', "import fc from 'fast-check'"],
    ['src/testing/walk.ts', "import { main } from '../cli/main.ts'"],
  ])('forbid what %s does with: %s', (file, source) => {
    expect(violations(importsOf(file, source))).toHaveLength(1)
  })

  it.each([
    ['src/model/goal.ts', "import { z } from 'zod'\nimport { createHash } from 'node:crypto'"],
    ['src/services/guard/policy.guard.ts', "import type { CapabilityCatalog } from '../executor/executor.ts'\nimport { rule } from './rules.ts'"],
    ['src/machines/action.machine.ts', "import { setup } from 'xstate'\nimport type { Guard } from '../services/guard/guard.ts'"],
    [
      'src/engine/fold.ts',
      "import type { ActionInput } from '../machines/action.types.ts'\nimport type { Journal } from '../services/journal/journal.ts'",
    ],
    ['src/testing.ts', "export { createWalk } from './testing/walk.ts'\nexport { createSimulatedClock } from './services/clock/simulated.clock.ts'"],
    ['src/controller.ts', "import { createSqliteJournal } from './services/journal/sqlite.journal.ts'"],
    ['src/cli/run.ts', "const { createController } = await import('../controller.ts')"],
  ])('allow what %s does', (file, source) => {
    const found = importsOf(file, source)

    expect(found.length).toBeGreaterThan(0)
    expect(violations(found)).toEqual([])
  })

  it('see a cycle of any length, also one of types', () => {
    const circle = [
      ...importsOf('src/a.ts', "import type { B } from './b.ts'"),
      ...importsOf('src/b.ts', "import { c } from './c.ts'"),
      ...importsOf('src/c.ts', "export { a } from './a.ts'"),
      ...importsOf('src/d.ts', "import { a } from './a.ts'"),
    ]

    expect(cyclesIn(circle)).toEqual([['src/a.ts', 'src/b.ts', 'src/c.ts']])
  })
})
