// Adds a capability of one's own: a plan uses it, and the policy, not the code, decides whether it may.
//
//   node examples/add-a-capability.mjs
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createController, defineCapability } from 'planner-exec'
import { z } from 'zod'

const countWords = defineCapability({
  name: 'text.count.v1',
  title: 'Count words',
  description: 'Counts the words of a text.',
  args: z.strictObject({ text: z.string().max(10_000).describe('The text') }),
  output: z.strictObject({ words: z.number().int() }),
  effect: 'read',
  risk: 'low',
  needs: [],
  timeoutMs: 1_000,
  targets: () => [],
  run: async ({ text }) => ({ words: text.split(/\s+/).filter(Boolean).length }),
})

const plan = {
  version: 1,
  steps: [
    { id: 'read', title: 'Read the poem', capability: 'fs.read.v1', args: { path: 'poem.txt' } },
    { id: 'count', title: 'Count its words', capability: 'text.count.v1', args: { text: '${steps.read.output.text}' }, dependsOn: ['read'] },
  ],
  successCriteria: [{ kind: 'outputAtLeast', step: 'count', path: 'words', value: 5 }],
}

const folder = await mkdtemp(join(tmpdir(), 'planner-exec-example-'))
await writeFile(join(folder, 'poem.txt'), 'The fog comes\non little cat feet.\n')
await writeFile(join(folder, 'policy.yaml'), "version: 1\ndefaults: { fs.read: allow, text.count: allow, '*': deny }\n")

const controller = await createController({ workspace: folder, policy: join(folder, 'policy.yaml'), capabilities: [countWords] })
try {
  const run = await controller.start({ goal: 'Count the words of the poem' }, { plan })
  const { status, summary, criteria } = await run.result()
  console.log(`${status}: ${summary}`)
  for (const { criterion, verdict, evidence } of criteria) console.log(`  ${verdict}: ${criterion}. ${evidence}`)
  process.exitCode = status === 'completed' ? 0 : 1
} finally {
  await controller.close()
  await rm(folder, { recursive: true })
}
