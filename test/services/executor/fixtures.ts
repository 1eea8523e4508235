import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll } from 'vitest'
import type { Action } from '../../../src/model/action.ts'
import type { JsonObject } from '../../../src/model/json.ts'
import { baseCapabilities } from '../../../src/services/executor/capabilities/index.ts'
import type { ExecutionContext, ExecutionResult, Executor } from '../../../src/services/executor/executor.ts'
import { createLocalExecutor } from '../../../src/services/executor/local.executor.ts'
import { brand } from '../../../src/services/guard/admission.ts'
import { makeContext } from './context.ts'

const folders: string[] = []
afterAll(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
})

/** A folder of its own that is removed after the file's tests. */
export function makeFolder(): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'planner-exec-test-')))
  folders.push(folder)
  return folder
}

export interface Bench {
  /** Holds the workspace; what lies beside the workspace is outside. */
  readonly base: string
  readonly workspace: string
  readonly stateDir: string
  readonly executor: Executor
  put(path: string, content: string | Buffer): string
  run(capability: string, args: Action['args'], context?: Partial<ExecutionContext>): Promise<ExecutionResult>
  output(capability: string, args: Action['args'], context?: Partial<ExecutionContext>): Promise<JsonObject>
  context(changes?: Partial<ExecutionContext>): ExecutionContext
}

/** A real executor over a real, empty workspace with a state folder in it and a secret beside it. */
export async function makeBench(): Promise<Bench> {
  const base = makeFolder()
  const workspace = join(base, 'workspace')
  const stateDir = join(workspace, '.planner-exec')
  mkdirSync(stateDir, { recursive: true })
  writeFileSync(join(stateDir, 'journal'), 'journal')
  writeFileSync(join(base, 'secret.txt'), 'TOP SECRET')
  const executor = await createLocalExecutor({ capabilities: baseCapabilities, workspace, stateDir })
  const context = (changes: Partial<ExecutionContext> = {}) => makeContext(workspace, stateDir, changes)
  return {
    base,
    workspace,
    stateDir,
    executor,
    context,
    put(path, content) {
      const full = join(workspace, path)
      mkdirSync(dirname(full), { recursive: true })
      writeFileSync(full, content)
      return full
    },
    run: (capability, args, changes) => executor.execute(admit(capability, args), context(changes)),
    output: async (capability, args, changes) => (await executor.execute(admit(capability, args), context(changes))).output,
  }
}

/** An action as the guard would let it pass. */
export function admit(capability: string, args: Action['args'], changes: Partial<Action> = {}) {
  const action: Action = { runId: 'run-1', stepId: 'step', capability, args, ...changes }
  return brand(action, { digest: 'digest', ruleId: 'test', grantedBy: 'policy' })
}

/** Runs git as a person would in a folder, with an identity and no configuration of this machine. */
export function git(folder: string, ...args: string[]): string {
  const identity = { GIT_AUTHOR_NAME: 'Ada', GIT_AUTHOR_EMAIL: 'ada@example.org', GIT_COMMITTER_NAME: 'Ada', GIT_COMMITTER_EMAIL: 'ada@example.org' }
  const env = { ...process.env, ...identity, GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_NOSYSTEM: '1', GIT_LITERAL_PATHSPECS: '1' }
  return execFileSync('git', args, { cwd: folder, env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim()
}

/** A thread that swaps `path` between the folder that is there and a link to `elsewhere`, as fast as it can, until `stop`. */
export async function startSwapping(path: string, elsewhere: string): Promise<{ stop(): Promise<void> }> {
  const { Worker } = await import('node:worker_threads')
  const source = `
    const fs = require('node:fs'), { workerData, parentPort } = require('node:worker_threads')
    const { path, elsewhere, flag } = workerData
    fs.symlinkSync(elsewhere, path + '.link')
    const running = new Int32Array(flag)
    parentPort.postMessage('started')
    while (Atomics.load(running, 0) === 0) {
      fs.renameSync(path, path + '.folder'); fs.renameSync(path + '.link', path)
      fs.renameSync(path, path + '.link'); fs.renameSync(path + '.folder', path)
    }`
  const flag = new SharedArrayBuffer(4)
  const worker = new Worker(source, { eval: true, workerData: { path, elsewhere, flag } })
  await new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject))
  const ended = new Promise((resolve) => worker.once('exit', resolve))
  return {
    async stop() {
      Atomics.store(new Int32Array(flag), 0, 1)
      await ended
    },
  }
}
