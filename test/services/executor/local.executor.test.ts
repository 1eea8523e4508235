import { mkdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { ResourceLimits } from '../../../src/model/goal.ts'
import { defineCapability } from '../../../src/services/executor/define-capability.ts'
import type { CapabilityDefinition } from '../../../src/services/executor/executor.ts'
import { createLocalExecutor } from '../../../src/services/executor/local.executor.ts'
import { createMeter } from '../../../src/services/executor/meter.ts'
import { makeContext } from './context.ts'
import { admit, makeBench, makeFolder, type Bench } from './fixtures.ts'

let bench: Bench
beforeAll(async () => {
  bench = await makeBench()
})

const capability = (changes: Partial<CapabilityDefinition>): CapabilityDefinition => ({
  ...defineCapability({
    name: 'test.echo.v1',
    title: 'Echo',
    description: 'Returns its text.',
    args: z.strictObject({ text: z.string().default('hello'), times: z.number().int().min(1).default(1) }),
    output: z.strictObject({ text: z.string() }),
    effect: 'read',
    risk: 'low',
    needs: [],
    timeoutMs: 1_000,
    targets: () => [],
    run: async (args) => ({ text: args.text.repeat(args.times) }),
  }),
  ...changes,
})

async function executorOf(changes: Partial<CapabilityDefinition>) {
  const workspace = makeFolder()
  const stateDir = join(workspace, '.planner-exec')
  const executor = await createLocalExecutor({ capabilities: [capability(changes)], workspace, stateDir })
  return { executor, context: makeContext(workspace, stateDir) }
}

describe('the local executor', () => {
  it('runs an admitted action with the defaults of its schema', async () => {
    const { executor, context } = await executorOf({})

    const result = await executor.execute(admit('test.echo.v1', {}), context)

    expect(result.output).toEqual({ text: 'hello' })
    expect(result.usage.wallMs).toBeGreaterThan(0)
  })

  it('refuses an action that the guard did not admit, a copy of an admitted one included', async () => {
    const { executor, context } = await executorOf({})
    const forged = JSON.parse(JSON.stringify(admit('test.echo.v1', {})))

    await expect(executor.execute(forged, context)).rejects.toMatchObject({ code: 'GUARD_DENIED' })
    await expect(executor.reconcile(forged, context)).rejects.toMatchObject({ code: 'GUARD_DENIED' })
  })

  it('refuses an action that was admitted for another run or step', async () => {
    const { executor, context } = await executorOf({})

    await expect(executor.execute(admit('test.echo.v1', {}, { runId: 'run-2' }), context)).rejects.toMatchObject({ code: 'GUARD_DENIED' })
    await expect(executor.execute(admit('test.echo.v1', {}, { stepId: 'other' }), context)).rejects.toMatchObject({ code: 'GUARD_DENIED' })
  })

  it('refuses a capability that it does not have', async () => {
    await expect(bench.run('fs.nothing.v1', {})).rejects.toMatchObject({ code: 'CAPABILITY_UNKNOWN' })
  })

  it('reports every problem of the arguments at once', async () => {
    const { executor, context } = await executorOf({})

    const running = executor.execute(admit('test.echo.v1', { text: 1, times: 0, colour: 'red' }), context)

    await expect(running).rejects.toMatchObject({ code: 'ARGS_INVALID', retryable: false })
    await expect(running).rejects.toThrow(/text: .*times: .*colour/s)
  })

  it('refuses an output that does not fit its schema, and one that is no JSON object', async () => {
    const wrong = await executorOf({ run: async () => ({ words: 1 }) })
    const date = await executorOf({ output: z.any(), run: async () => ({ at: new Date(0) }) })
    const text = await executorOf({ output: z.any(), run: async () => 'text' })

    for (const { executor, context } of [wrong, date, text]) {
      await expect(executor.execute(admit('test.echo.v1', {}), context)).rejects.toMatchObject({ code: 'OUTPUT_INVALID' })
    }
  })

  it('does not run what needs a part that the machine lacks, and says how to get it', async () => {
    const workspace = makeFolder()
    const stateDir = join(workspace, 'state')
    const availability = { git: { reason: 'git is not installed.', hint: 'Install git.' }, sandbox: null }
    const executor = await createLocalExecutor({ capabilities: [capability({ needs: ['git'] })], workspace, stateDir, availability })

    const running = executor.execute(admit('test.echo.v1', {}), makeContext(workspace, stateDir))

    await expect(running).rejects.toMatchObject({ code: 'CAPABILITY_UNAVAILABLE', hint: 'Install git.' })
    await expect(running).rejects.toThrow('git is not installed.')
  })

  it('does not start when it was stopped before', async () => {
    let ran = false
    const { executor, context } = await executorOf({
      run: async () => {
        ran = true
        return { text: '' }
      },
    })

    await expect(executor.execute(admit('test.echo.v1', {}), { ...context, signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: 'ACTION_ABORTED',
    })
    expect(ran).toBe(false)
  })

  it('keeps what a capability threw as the cause, and says whether a retry may help', async () => {
    const busy = Object.assign(new Error('EBUSY: resource busy'), { code: 'EBUSY' })
    const { executor, context } = await executorOf({ run: async () => Promise.reject(busy) })

    await expect(executor.execute(admit('test.echo.v1', {}), context)).rejects.toMatchObject({
      code: 'ACTION_TRANSIENT',
      retryable: true,
      cause: busy,
    })
  })

  it('counts the operations of one action, and stops at the limit of the run', async () => {
    bench.put('counted.txt', 'x')
    const limits = ResourceLimits.parse({ max_fs_operations: 2 })
    const meter = createMeter(limits)

    const first = await bench.run('fs.read.v1', { path: 'counted.txt' }, { limits, meter })
    const second = await bench.run('fs.read.v1', { path: 'counted.txt' }, { limits, meter })

    expect([first.usage.fsOperations, second.usage.fsOperations]).toEqual([1, 1])
    await expect(bench.run('fs.read.v1', { path: 'counted.txt' }, { limits, meter })).rejects.toMatchObject({ code: 'RESOURCE_LIMIT' })
  })

  it('answers unknown for an effect that its capability cannot look up', async () => {
    const { executor, context } = await executorOf({})

    expect(await executor.reconcile(admit('test.echo.v1', {}), context)).toBe('unknown')
  })

  it('knows a workspace that is given through a link', async () => {
    const base = makeFolder()
    mkdirSync(join(base, 'real'))
    symlinkSync(join(base, 'real'), join(base, 'link'))
    let seen = ''
    const look = capability({
      run: async (_args, context) => {
        seen = context.workspace
        return { text: '' }
      },
    })
    const executor = await createLocalExecutor({ capabilities: [look], workspace: join(base, 'link'), stateDir: join(base, 'link', 's') })

    await executor.execute(admit('test.echo.v1', {}), makeContext(join(base, 'link'), ''))

    expect(seen).toBe(join(base, 'real'))
  })

  it('refuses a workspace that does not exist or lies in the state folder', async () => {
    const base = makeFolder()

    await expect(createLocalExecutor({ capabilities: [], workspace: join(base, 'none'), stateDir: base })).rejects.toMatchObject({
      code: 'WORKSPACE_INVALID',
    })
    await expect(createLocalExecutor({ capabilities: [], workspace: base, stateDir: base })).rejects.toMatchObject({ code: 'WORKSPACE_INVALID' })
  })
})
