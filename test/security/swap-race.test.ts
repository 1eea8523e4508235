import { execFileSync } from 'node:child_process'
import { existsSync, linkSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
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
import { startSwapping } from './swapper.ts'

/** Reads and writes together; `RACE_TRIES=40000` is the long form. */
const TRIES = Number(process.env['RACE_TRIES'] ?? 4_000)
const LONG = 60_000 + TRIES * 20
/** A race that a naive reader does not lose within so many tries is none. */
const MAX_NAIVE = 1_000_000

const SECRET = 'SECRET-b71e'
const SECRET_BYTES = 4_242
const SECRET_NAME = 'only-outside.txt'

let base: string
let workspace: string
let outside: string
let executor: Executor
let guard: Guard

beforeEach(async () => {
  base = realpathSync(mkdtempSync(join(tmpdir(), 'swap-race-')))
  workspace = join(base, 'ws')
  outside = join(base, 'outside')
  for (const folder of ['ws/folder/below', 'ws/.planner-exec', 'outside/below']) mkdirSync(join(base, folder), { recursive: true })
  for (const file of ['folder/file.txt', 'folder/below/file.txt', 'file.txt']) writeFileSync(join(workspace, file), 'open')
  for (const file of ['file.txt', 'below/file.txt', SECRET_NAME]) writeFileSync(join(outside, file), SECRET.padEnd(SECRET_BYTES))
  symlinkSync(outside, join(workspace, 'other-folder'))
  symlinkSync(join(outside, 'file.txt'), join(workspace, 'other-file'))
  const stateDir = join(workspace, '.planner-exec')
  executor = await createLocalExecutor({ capabilities: baseCapabilities, workspace, stateDir })
  guard = createPolicyGuard({
    policy: Policy.parse({ version: 1, defaults: { '*': 'allow' } }),
    name: 'all',
    catalog: executor.catalog,
    workspace,
    stateDir,
  })
})

afterEach(() => rmSync(base, { recursive: true, force: true }))

const swapped = () => [
  { path: join(workspace, 'folder'), other: join(workspace, 'other-folder') },
  { path: join(workspace, 'file.txt'), other: join(workspace, 'other-file') },
]

/** What a call gave back, or null when it was refused; every fourth goes through the guard, too. */
async function attempt(at: number, capability: string, args: Action['args']): Promise<JsonObject | null> {
  const action: Action = { runId: 'run-1', stepId: 'step', capability, args }
  const meter = createMeter(ResourceLimits.parse({ max_fs_operations: 10_000_000 }))
  try {
    const admitted = at % 4 === 0 ? await guard.admit(action, { runId: 'run-1', allowedCapabilities: [] }) : admit(capability, args)
    return (await executor.execute(admitted, makeContext(workspace, join(workspace, '.planner-exec'), { meter, idempotencyKey: `key-${at}` }))).output
  } catch {
    return null
  }
}

const isLeak = (output: JsonObject | null): boolean => {
  const text = JSON.stringify(output)
  return [SECRET, String(SECRET_BYTES), SECRET_NAME].some((sign) => text.includes(sign))
}

const tree = (folder: string) => readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort()
const contents = (folder: string) => [SECRET_NAME, 'file.txt', 'below/file.txt'].map((file) => readFileSync(join(folder, file), 'utf8').trim())

interface Tally {
  readonly answered: number
  readonly refused: number
  readonly leaks: readonly (JsonObject | null)[]
}

async function tryAll(tries: number, call: (at: number) => Promise<JsonObject | null>): Promise<Tally> {
  let answered = 0
  const leaks: (JsonObject | null)[] = []
  for (let at = 0; at < tries; at += 1) {
    const output = await call(at)
    if (output !== null) answered += 1
    if (isLeak(output)) leaks.push(output)
  }
  return { answered, refused: tries - answered, leaks }
}

describe('while names are swapped for links to the outside', () => {
  const share = (part: number) => Math.round(TRIES * part)

  it.each<[string, string, Action['args'], number]>([
    ['a file below the folder', 'fs.read.v1', { path: 'folder/file.txt' }, 0.15],
    ['a file deeper below it', 'fs.read.v1', { path: 'folder/below/file.txt' }, 0.1],
    ['the file itself', 'fs.read.v1', { path: 'file.txt' }, 0.15],
    ['what is in the folder', 'fs.list.v1', { path: 'folder', recursive: true }, 0.1],
    ['what is in the workspace', 'fs.list.v1', { path: '.', recursive: true }, 0.1],
    ['how a file below it looks', 'fs.stat.v1', { path: 'folder/file.txt' }, 0.1],
    ['the lines of a file below it', 'fs.search.v1', { path: 'folder/file.txt', pattern: 'e' }, 0.08],
    ['the lines of all files', 'fs.search.v1', { path: '.', pattern: 'e' }, 0.02],
  ])(
    'nobody outside is read: %s, by %s',
    async (_, capability, args, part) => {
      const swapping = await startSwapping(swapped())

      const { answered, leaks } = await tryAll(share(part), (at) => attempt(at, capability, args))
      const rounds = await swapping.stop()

      expect(leaks).toEqual([])
      expect(answered).toBeGreaterThan(0)
      expect(rounds).toBeGreaterThan(10)
    },
    LONG,
  )

  it.each<[string, (at: number) => Action['args'], number]>([
    ['a file below the folder', (at) => ({ path: `folder/new-${at % 20}.txt`, content: 'written' }), 0.07],
    ['a file in folders that are made for it', (at) => ({ path: `folder/made-${at}/deep/new.txt`, content: 'written', createDirs: true }), 0.06],
    ['the file itself', () => ({ path: 'file.txt', content: 'written' }), 0.05],
    ['a file that must not be there', (at) => ({ path: `folder/once-${at}.txt`, content: 'written', ifSha256: null }), 0.02],
  ])(
    'nothing outside is written: %s',
    async (_, argsOf, part) => {
      const before = { tree: tree(outside), contents: contents(outside) }
      const swapping = await startSwapping(swapped())

      const { answered } = await tryAll(share(part), (at) => attempt(at, 'fs.write.v1', argsOf(at)))
      await swapping.stop()

      expect({ tree: tree(outside), contents: contents(outside) }).toEqual(before)
      expect(answered).toBeGreaterThan(0)
    },
    LONG,
  )
})

describe('the race itself', () => {
  /** What most programs do: follow the links, look whether that is inside, and then use the path. */
  const isInside = (path: string) => realpathSync(path).startsWith(`${workspace}/`)

  it(
    'is lost by a reader who checks the real path and then opens',
    async () => {
      const path = join(workspace, 'folder/file.txt')
      const swapping = await startSwapping(swapped())
      const readNaively = () => {
        try {
          return isInside(path) ? readFileSync(path, 'utf8') : ''
        } catch {
          return ''
        }
      }

      let tries = 1
      while (!readNaively().includes(SECRET) && tries < MAX_NAIVE) tries += 1
      await swapping.stop()

      expect(tries).toBeLessThan(MAX_NAIVE)
    },
    LONG,
  )

  it(
    'is lost by a writer who checks the real path of the folder and then writes',
    async () => {
      const path = join(workspace, 'folder/escaped.txt')
      const swapping = await startSwapping(swapped())
      const writeNaively = () => {
        try {
          if (isInside(dirname(path))) writeFileSync(path, 'written')
        } catch {
          // The folder was away just then.
        }
      }

      let tries = 0
      while (!existsSync(join(outside, 'escaped.txt')) && tries < MAX_NAIVE) {
        writeNaively()
        tries += 1
      }
      await swapping.stop()

      expect(tries).toBeLessThan(MAX_NAIVE)
    },
    LONG,
  )
})

describe('while a file is swapped for something that is none', () => {
  const KINDS: Readonly<Record<string, (path: string) => void | Promise<() => void>>> = {
    'a FIFO that nobody writes to': (path) => void execFileSync('mkfifo', [path]),
    'a link to an endless device': (path) => symlinkSync('/dev/zero', path),
    'a link to an open descriptor': (path) => symlinkSync('/proc/self/fd/0', path),
    'a folder': (path) => mkdirSync(path),
    'a socket': async (path) => {
      const server = createServer()
      await new Promise<void>((resolve) => server.listen(path, resolve))
      // By its own name, so that closing it removes nothing that was swapped in.
      return () => server.close()
    },
  }

  it.each(Object.entries(KINDS))(
    'a read gives the file or a refusal, and never waits: %s',
    async (_, make) => {
      const release = await make(join(workspace, 'special'))
      const swapping = await startSwapping([{ path: join(workspace, 'file.txt'), other: join(workspace, 'special') }])

      const texts = new Set<unknown>()
      for (let at = 0; at < TRIES / 20; at += 1) texts.add((await attempt(at, 'fs.read.v1', { path: 'file.txt' }))?.['text'])
      await swapping.stop()
      release?.()

      texts.delete(undefined)
      expect([...texts]).toEqual(['open'])
    },
    LONG,
  )

  it(
    'a write never changes a file outside that has a second name inside',
    async () => {
      linkSync(join(outside, 'file.txt'), join(workspace, 'special'))
      const swapping = await startSwapping([{ path: join(workspace, 'file.txt'), other: join(workspace, 'special') }])

      await tryAll(TRIES / 40, (at) => attempt(at, 'fs.write.v1', { path: 'file.txt', content: 'written' }))
      await swapping.stop()

      expect(contents(outside)).toEqual([SECRET, SECRET, SECRET])
    },
    LONG,
  )
})
