import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { ControllerOptions } from '../../src/index.ts'
import { ResourceLimits } from '../../src/model/goal.ts'
import { createSimulatedClock } from '../../src/services/clock/simulated.clock.ts'
import { makeBench } from '../services/executor/fixtures.ts'
import { append, echo, hold, planOf } from '../support/controller-plans.ts'
import { carryOut, endOf, eventsOf, failureOf, GOAL, makeFolder, openRig, outcomes } from '../support/controller-rig.ts'

async function openLimited(run: Readonly<Record<string, number>>, options: ControllerOptions & { readonly durable?: boolean } = {}) {
  const policy = join(await makeFolder(), 'limited.yaml')
  await writeFile(policy, JSON.stringify({ version: 1, defaults: { '*': 'allow' }, limits: { run } }))
  return openRig({ policy, ...options })
}

const chain = <S extends { readonly id: string }>(steps: readonly S[]) =>
  steps.map((step, index) => ({ ...step, dependsOn: steps.slice(Math.max(0, index - 1), index).map(({ id }) => id) }))
const read = (id: string, path: string) => ({ id, capability: 'fs.read.v1', args: { path } })
const ask = (id: string, requests: number) => ({ id, capability: 'test.network.v1', args: { requests } })
const ON = { preferences: { continue_on_error: true } }

describe('what a policy allows a run in all', () => {
  it('is so many actions, and a plan with more is refused before any runs', async () => {
    const { controller, probe } = await openLimited({ max_actions: 2 })

    expect((await carryOut(controller, planOf([append('one'), append('two')]), { max_steps: 50 })).result.status).toBe('completed')
    const { result } = await carryOut(controller, planOf([append('a'), append('b'), append('c')]), { max_steps: 50 })
    expect(result.failure).toMatchObject({ code: 'PLAN_INVALID', message: expect.stringContaining('3 steps, 2 are allowed') })
    expect(probe.count('a')).toBe(0)
  })

  it('is so many actions, whatever a person raises the run to', async () => {
    const { controller, probe } = await openLimited({ max_actions: 2 })
    const run = await controller.start({ ...GOAL, max_steps: 2 }, { plan: planOf(chain([hold('one'), append('two')])), person: 'here' })
    await probe.begun('one')

    await expect(run.request({ type: 'run.modify', amendment: { maxSteps: 3 } })).rejects.toMatchObject({
      code: 'EVENT_REFUSED',
      message: expect.stringContaining('more than the 2'),
    })
    probe.release('one')
    expect((await endOf(run)).result.status).toBe('completed')
  })

  it('is so many file operations of all its actions together', async () => {
    const { controller, workspace } = await openLimited({ max_fs_operations: 2 })
    await Promise.all(['a', 'b', 'c'].map((path) => writeFile(join(workspace, path), path)))

    const { events } = await carryOut(controller, planOf(chain([read('one', 'a'), read('two', 'b'), read('three', 'c')])), ON)

    expect(outcomes(events)).toEqual({ one: 'succeeded', two: 'succeeded', three: 'failed' })
    expect(failureOf(events, 'three')).toMatchObject({ code: 'RESOURCE_LIMIT', message: expect.stringContaining('max_fs_operations is 2') })
  })

  it('is so many requests, and what was asked for when that is less', async () => {
    const plan = planOf(chain([ask('one', 2), ask('two', 1)]))
    const wide = await openLimited({ max_network_requests: 10 })
    const narrow = await openLimited({ max_network_requests: 2 })

    const within = await carryOut(wide.controller, plan, { resource_limits: { max_network_requests: 100 } })
    const own = await carryOut(wide.controller, plan, { ...ON, resource_limits: { max_network_requests: 2 } })
    const policys = await carryOut(narrow.controller, plan, { ...ON, resource_limits: { max_network_requests: 100 } })

    expect([outcomes(within.events), outcomes(own.events), outcomes(policys.events)]).toEqual([
      { one: 'succeeded', two: 'succeeded' },
      { one: 'succeeded', two: 'failed' },
      { one: 'succeeded', two: 'failed' },
    ])
    expect(failureOf(policys.events, 'two')?.hint).toContain('limits.run')
  })

  it('is so many bytes, read and written', async () => {
    const { controller, workspace } = await openLimited({ max_bytes: 25 })
    await writeFile(join(workspace, 'a.txt'), '0123456789')
    const write = (id: string) => ({ id, capability: 'fs.write.v1', args: { path: `${id}.txt`, content: '0123456789' } })

    const { events } = await carryOut(controller, planOf(chain([read('one', 'a.txt'), write('two'), write('three')])), ON)

    expect(outcomes(events)).toEqual({ one: 'succeeded', two: 'succeeded', three: 'failed' })
    expect(failureOf(events, 'three')).toMatchObject({ code: 'RESOURCE_LIMIT', message: expect.stringContaining('20 bytes were used, 10 more') })
  })

  it('is none at all when it says 0', async () => {
    const { controller } = await openLimited({ max_network_requests: 0 })

    const { events } = await carryOut(controller, planOf([ask('none', 0), ask('one', 1)]), ON)

    expect(outcomes(events)).toEqual({ none: 'succeeded', one: 'failed' })
  })

  it('is so much time, whatever was asked for', async () => {
    const clock = createSimulatedClock()
    const { controller, probe } = await openLimited({ max_duration_ms: 2_000 }, { clock })
    const run = await controller.start({ ...GOAL, timeout_ms: 3_600_000 }, { plan: planOf([hold('one')]) })
    await probe.begun('one')

    await clock.advance(1_900)
    expect(controller.show(run.id).limits.ms[1]).toBe(2_000)
    expect(controller.show(run.id).result).toBe(null)
    await clock.advance(200)

    await expect(run.outcome()).resolves.toMatchObject({ kind: 'settled', result: { exitReason: 'time_limit' } })
  })

  it('counts what was used before a resume', async () => {
    const { controller, another, probe } = await openLimited({ max_network_requests: 3 }, { durable: true })
    const plan = planOf(chain([ask('one', 2), hold('wait'), ask('two', 3)]))
    const run = await controller.start({ ...GOAL, ...ON }, { plan })
    await probe.begun('wait')
    await run.interrupt()

    const resumed = await (await another()).resume(run.id)
    probe.release('wait')
    await endOf(resumed)

    expect(outcomes(await eventsOf(resumed))).toMatchObject({ one: 'succeeded', two: 'failed' })
    expect(failureOf(await eventsOf(resumed), 'two')?.message).toContain('2 network requests were used, 3 more')
  })

  it('counts what was used before a resume from a snapshot, too', async () => {
    const { controller, another, probe } = await openLimited({ max_network_requests: 3 }, { durable: true, snapshotEvery: 1 })
    const plan = planOf(chain([ask('one', 2), hold('wait'), ask('two', 3)]))
    const run = await controller.start({ ...GOAL, ...ON }, { plan })
    await probe.begun('wait')
    await run.interrupt()

    const resumed = await (await another()).resume(run.id)
    probe.release('wait')
    await endOf(resumed)

    expect(outcomes(await eventsOf(resumed))).toMatchObject({ two: 'failed' })
  })

  it('begins anew for each run', async () => {
    const { controller } = await openLimited({ max_network_requests: 2 })

    expect(outcomes((await carryOut(controller, planOf([ask('one', 2)]))).events)).toEqual({ one: 'succeeded' })
    expect(outcomes((await carryOut(controller, planOf([ask('two', 2)]))).events)).toEqual({ two: 'succeeded' })
  })

  it('holds when the run is resumed by a controller with another policy', async () => {
    const { controller, another, probe } = await openLimited({ max_actions: 2 }, { durable: true })
    const run = await controller.start({ ...GOAL, max_steps: 2 }, { plan: planOf(chain([hold('one'), append('two')])) })
    await probe.begun('one')
    await run.interrupt()
    const policy = join(await makeFolder(), 'open.yaml')
    await writeFile(policy, "version: 1\ndefaults: { '*': allow }\n")

    const resumed = await (await another({ policy })).resume(run.id, { person: 'here' })
    await resumed.request({ type: 'run.modify', amendment: { maxSteps: 500 } }).catch(() => undefined)
    probe.release('one')
    await endOf(resumed)

    expect(controller.show(run.id).limits.steps[1]).toBe(2)
  })
})

describe('the CPU time of a run', () => {
  /** Bounded by work, not by time: it uses the same CPU on a busy machine. */
  const burn = { argv: ['bash', '-c', 'for ((i = 0; i < 300000; i++)); do :; done'] }

  it('is that of all its commands together', async () => {
    const bench = await makeBench()
    const limits = ResourceLimits.parse({ max_cpu_seconds: 1 })
    const meter = bench.executor.createMeter(limits)
    const run = () => bench.run('shell.exec.v1', burn, { limits, meter })
    const first = await run()
    // So many that they pass the limit together, however fast the machine is; the limit is held to the second.
    const rest = async () => {
      for (let spent = first.usage.cpuMs ?? 0; spent < 10_000;) spent += (await run()).usage.cpuMs ?? 0
    }

    await expect(rest()).rejects.toMatchObject({ code: 'RESOURCE_LIMIT', message: expect.stringContaining('max_cpu_seconds') })
  })
})

describe('actions that use nothing of what is limited', () => {
  it('are not held up', async () => {
    const { controller } = await openLimited({ max_fs_operations: 0, max_network_requests: 0, max_bytes: 0 })

    expect((await carryOut(controller, planOf([echo('one')]))).result.status).toBe('completed')
  })
})
