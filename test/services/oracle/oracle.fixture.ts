import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { z } from 'zod'
import { Plan, type PlanInput } from '../../../src/model/plan.ts'
import { NO_USAGE, type ActionResult } from '../../../src/model/result.ts'
import { createCatalog } from '../../../src/services/executor/catalog.ts'
import { defineCapability } from '../../../src/services/executor/define-capability.ts'
import type { CapabilityDefinition } from '../../../src/services/executor/executor.ts'
import type { OracleRequest } from '../../../src/services/oracle/oracle.ts'

const base = { title: 'A capability', description: 'Does one thing.', needs: [], timeoutMs: 1_000 } as const

export const readFileCapability = defineCapability({
  ...base,
  name: 'file.read.v1',
  args: z.strictObject({
    path: z.string().min(1).max(20),
    lines: z.number().int().optional(),
    tags: z.array(z.string()).optional(),
    range: z.union([z.number(), z.tuple([z.number(), z.number()])]).optional(),
  }),
  output: z.strictObject({ text: z.string(), lines: z.array(z.strictObject({ number: z.number() })), extra: z.looseObject({}).optional() }),
  effect: 'read',
  risk: 'low',
  targets: ({ path }) => [{ kind: 'path', access: 'read', path }],
  run: async () => ({ text: '', lines: [] }),
})

export const writeFileCapability = defineCapability({
  ...base,
  name: 'file.write.v1',
  args: z.strictObject({ path: z.string(), text: z.string().default(''), mode: z.number().optional() }),
  output: z.strictObject({ bytes: z.number() }),
  effect: 'idempotent',
  risk: 'medium',
  targets: ({ path }) => [{ kind: 'path', access: 'write', path }],
  run: async () => ({ bytes: 0 }),
})

export const wipeCapability = defineCapability({
  ...base,
  name: 'disk.wipe.v1',
  args: z.strictObject({}),
  output: z.looseObject({}),
  effect: 'external',
  risk: 'critical',
  targets: () => [],
  run: async () => ({}),
})

export const historyCapability = defineCapability({
  ...base,
  name: 'git.history.v1',
  args: z.strictObject({}),
  output: z.looseObject({}),
  effect: 'read',
  risk: 'low',
  needs: ['git'],
  targets: () => [],
  run: async () => ({}),
})

const definitions: readonly CapabilityDefinition[] = [readFileCapability, writeFileCapability, wipeCapability, historyCapability]

export const catalog = createCatalog(definitions, { git: null, sandbox: null })
export const catalogWithoutGit = createCatalog(definitions, { git: { reason: 'git is not installed', hint: 'Install git.' }, sandbox: null })

/** Steps that read a file of their own each, unless they say otherwise. */
export function planOf(steps: readonly Partial<PlanInput['steps'][number]>[], rest: Partial<PlanInput> = {}): Plan {
  return Plan.parse({
    version: 1,
    successCriteria: [{ kind: 'fileExists', path: 'a' }],
    evidence: [{ ref: 'e1' }],
    ...rest,
    steps: steps.map((step, at) => ({ id: `s${at}`, title: `Step ${at}`, capability: 'file.read.v1', args: { path: `f${at}` }, ...step })),
  })
}

export function resultOf(stepId: string, result: Partial<ActionResult> = {}): ActionResult {
  return {
    stepId,
    outcome: 'succeeded',
    inDoubt: false,
    provenance: 'capability',
    outputRef: null,
    failure: null,
    digest: null,
    ruleId: null,
    attempts: 1,
    usage: NO_USAGE,
    ...result,
  }
}

export function requestOf(goal: string, rest: Partial<OracleRequest> = {}): OracleRequest {
  const signal = new AbortController().signal
  return {
    runId: 'r1',
    goal,
    workflowType: 'simple',
    maxSteps: 10,
    context: {},
    assumption: null,
    evidence: [],
    findings: [],
    objections: [],
    done: [],
    replans: 0,
    signal,
    ...rest,
  }
}

/** A folder with these files, removed after the test. */
export async function folderWith(files: Readonly<Record<string, string | Uint8Array>>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'oracle-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  await Promise.all(Object.entries(files).map(([name, content]) => writeFile(join(folder, name), content)))
  return folder
}
