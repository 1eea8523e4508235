import { createHash } from 'node:crypto'
import {
  closeSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Action } from '../../src/model/action.ts'
import type { JsonObject } from '../../src/model/json.ts'
import { ResourceLimits } from '../../src/model/goal.ts'
import { Policy } from '../../src/model/policy.ts'
import { baseCapabilities } from '../../src/services/executor/capabilities/index.ts'
import type { Executor } from '../../src/services/executor/executor.ts'
import { createLocalExecutor } from '../../src/services/executor/local.executor.ts'
import { createMeter } from '../../src/services/executor/meter.ts'
import type { Guard } from '../../src/services/guard/guard.ts'
import { createPolicyGuard } from '../../src/services/guard/policy.guard.ts'
import { makeContext } from '../services/executor/context.ts'
import { admit } from '../services/executor/fixtures.ts'
import { hostilePaths } from './path-grammar.ts'

const LEAF = 'leaf.txt'
const SECRET = 'SECRET-5f1c'
/** What may be read: it lies in the workspace, and says so. */
const OPEN = 'open to all'
/** Links of the workspace and where they lead. */
const LINKS: Readonly<Record<string, string>> = {
  up: '..',
  out: '../outside',
  absolute: '/',
  leafLink: `../${LEAF}`,
  dangling: '../outside/made-by-a-link',
  state: '.planner-exec',
  repository: '.git',
  procRoot: '/proc/self/root',
  procFd: '/proc/self/fd',
  chained: 'src/again',
  'src/again': '../../outside',
  loop: 'loop',
}

const base = realpathSync(mkdtempSync(join(tmpdir(), 'traversal-')))
const workspace = join(base, 'ws')
const stateDir = join(workspace, '.planner-exec')
let executor: Executor
let guard: Guard
let fd: number
let paths: readonly string[]

beforeAll(async () => {
  for (const folder of ['ws/src/deep', 'ws/.planner-exec', 'ws/.git/hooks', 'wsx', 'outside/below'])
    mkdirSync(join(base, folder), { recursive: true })
  for (const folder of ['', 'wsx', 'outside', 'outside/below', 'ws/.planner-exec']) writeFileSync(join(base, folder, LEAF), SECRET)
  for (const folder of ['ws', 'ws/src', 'ws/src/deep']) writeFileSync(join(base, folder, LEAF), OPEN)
  for (const [name, target] of Object.entries(LINKS)) symlinkSync(target, join(workspace, name))
  writeFileSync(join(workspace, '.git', LEAF), OPEN)
  fd = openSync(join(base, LEAF), 'r')
  executor = await createLocalExecutor({ capabilities: baseCapabilities, workspace, stateDir })
  const policy = Policy.parse({ version: 1, defaults: { '*': 'allow' } })
  guard = createPolicyGuard({ policy, name: 'all', catalog: executor.catalog, workspace, stateDir })
  paths = hostilePaths({ base, workspace, links: Object.keys(LINKS), fd }, LEAF)
})

afterAll(() => {
  closeSync(fd)
  rmSync(base, { recursive: true, force: true })
})

/** The least that each capability with a path needs besides it. */
const CALLS: readonly (readonly [capability: string, rest: Action['args']])[] = [
  ['fs.read.v1', {}],
  ['fs.list.v1', { recursive: true }],
  ['fs.stat.v1', {}],
  ['fs.search.v1', { pattern: SECRET }],
  ['fs.write.v1', { content: 'written', createDirs: true }],
]

type Door = (action: Action) => Promise<JsonObject | null>

/** Through the guard and the executor; null where either refuses. */
const guarded: Door = async (action) => {
  const admitted = await guard.admit(action, { runId: 'run-1', allowedCapabilities: [] }).catch(() => null)
  return admitted && carryOut(admitted)
}

/** Past the guard: the executor has to hold alone. */
const unguarded: Door = async ({ capability, args }) => carryOut(admit(capability, args))

async function carryOut(admitted: ReturnType<typeof admit>): Promise<JsonObject | null> {
  const context = makeContext(workspace, stateDir, { meter: createMeter(ResourceLimits.parse({ max_fs_operations: 10_000_000 })) })
  return (await executor.execute(admitted, context).catch(() => null))?.output ?? null
}

/** Why what came back is an escape; null when it is none. */
function escapeIn(capability: string, output: JsonObject): string | null {
  if (JSON.stringify(output).includes(SECRET)) return 'the secret came back'
  const path = String(output['path'] ?? '.')
  const place = join(workspace, path)
  if (path.startsWith('/') || path.split('/').includes('..')) return 'it names a place outside'
  if (capability === 'fs.stat.v1' && output['exists'] === false) return null
  const parent = realpathSync(capability === 'fs.stat.v1' ? dirname(place) : place)
  const expected = capability === 'fs.stat.v1' ? dirname(place) : place
  if (path !== '.' && parent !== expected) return `it leads through a link to ${parent}`
  return place === stateDir || place.startsWith(`${stateDir}/`)
    ? capability === 'fs.stat.v1' && place === stateDir
      ? null
      : 'it is in the state folder'
    : null
}

/** Everything below a folder with its content, as one digest, but for what `skip` names. */
function imprint(folder: string, skip: ReadonlySet<string> = new Set()): string {
  const hash = createHash('sha256')
  const visit = (path: string): void => {
    if (skip.has(path)) return
    const stats = lstatSync(path)
    hash.update(`${path}\0${stats.mode}\0${stats.nlink}\0${stats.ino}\0`)
    if (stats.isSymbolicLink()) hash.update(readlinkSync(path))
    else if (stats.isDirectory()) for (const name of readdirSync(path).sort()) visit(join(path, name))
    else hash.update(readFileSync(path))
  }
  visit(folder)
  return hash.digest('hex')
}

const protectedParts = () => [
  imprint(base, new Set([base, workspace])),
  ...['wsx', 'outside', LEAF, 'ws/.planner-exec', 'ws/.git'].map((part) => imprint(join(base, part))),
]
const links = () => Object.keys(LINKS).map((name) => readlinkSync(join(workspace, name)))

describe.each([
  ['the guard and the executor', guarded],
  ['the executor alone', unguarded],
])('paths that want to get out, before %s', (_, door) => {
  it.each(CALLS)('lead %s nowhere outside', async (capability, rest) => {
    const before = { parts: protectedParts(), links: links(), around: readdirSync(base).sort() }
    const escapes: string[] = []
    let answered = 0

    for (const path of paths) {
      const output = await door({ runId: 'run-1', stepId: 'step', capability, args: { ...rest, path } })
      if (output === null) continue
      answered += 1
      const escape = escapeIn(capability, output)
      if (escape !== null) escapes.push(`${JSON.stringify(path.slice(0, 200))}: ${escape}`)
    }

    expect(escapes).toEqual([])
    expect({ parts: protectedParts(), links: links(), around: readdirSync(base).sort() }).toEqual(before)
    // The names that climb nowhere are names like any other: a guard that refuses everything would prove nothing.
    expect(answered).toBeGreaterThan(3)
  })
})

describe('the strings themselves', () => {
  it('are more than 2500, none twice', () => {
    expect(paths.length).toBeGreaterThan(2_500)
    expect(new Set(paths).size).toBe(paths.length)
  })

  it('do get out where nobody stands in the way', () => {
    const reached = paths.filter((path) => !path.includes('\0') && path.length < 4000 && readsSecret(join(workspace, path)))
    const absolute = paths.filter((path) => path.startsWith('/') && !path.includes('\0') && path.length < 4000 && readsSecret(path))

    expect(reached.length).toBeGreaterThan(20)
    expect(absolute.length).toBeGreaterThan(20)
  })
})

function readsSecret(path: string): boolean {
  try {
    return readFileSync(path, 'utf8') === SECRET
  } catch {
    return false
  }
}
