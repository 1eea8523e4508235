// Measures how long redaction takes: `npx tsx scripts/bench-redaction.mjs`. Prints a line of JSON a text.
import { createHash } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inRoot, runScript } from './lib/project.mjs'

const CHARS = 100_000
const SECRETS = 20
const ROUNDS = 30

await runScript(async () => {
  const { createRedactor } = await import('../src/services/secrets/local.redactor.ts')
  const { createFileVault } = await import('../src/services/secrets/vault.ts')
  const { unknownSpans } = await import('../src/services/secrets/unknown-finder.ts')
  const scratch = mkdtempSync(join(tmpdir(), 'planner-exec-bench-'))
  try {
    const env = Object.fromEntries(Array.from({ length: SECRETS }, (_, index) => [`SERVICE_${index}_TOKEN`, token(index)]))
    const vault = createFileVault({ stateDir: join(scratch, 'state'), workspace: join(scratch, 'workspace'), env: { HOME: join(scratch, 'home') } })
    const redactor = createRedactor({ vault, env })
    for (const [name, text] of Object.entries(texts())) {
      const knownMs = await medianMs(() => redactor.redactKnown(text))
      const json = JSON.stringify({ text })
      const recordMs = await medianMs(() => redactor.redactKnownJsonText(json))
      const unknownMs = await medianMs(() => unknownSpans(text))
      const bodyMs = await medianMs(() => redactor.redactBody({ text }, { runId: 'bench', source: 'bench' }))
      const { found } = await redactor.redactBody({ text }, { runId: 'bench', source: 'bench' })
      const hits = found.reduce((sum, { count }) => sum + count, 0)
      console.log(JSON.stringify({ text: name, chars: text.length, secrets: SECRETS, hits, ...rounded({ knownMs, recordMs, unknownMs, bodyMs }) }))
    }
  } finally {
    rmSync(scratch, { recursive: true, force: true })
  }
})

function token(seed) {
  return createHash('sha512').update(`token ${seed}`).digest('base64').slice(0, 40)
}

function texts() {
  const code = readdirSync(inRoot('src/services'), { recursive: true })
    .filter((name) => name.endsWith('.ts'))
    .toSorted()
    .map((name) => readFileSync(join(inRoot('src/services'), name), 'utf8'))
    .join('\n')
    .slice(0, CHARS)
  const lockfile = readFileSync(inRoot('package-lock.json'), 'utf8').slice(0, CHARS)
  const random = createHash('sha512').update('text').digest('base64')
  const base64 = Array.from({ length: CHARS / 80 }, (_, index) =>
    createHash('sha512')
      .update(random + index)
      .digest('base64')
      .slice(0, 79),
  ).join('\n')
  const every = (gap, of) =>
    Array.from({ length: Math.floor(CHARS / gap) }, (_, index) => code.slice(index * gap, index * gap + gap) + of(index)).join('')
  return {
    'source code': code,
    lockfile,
    'base 64 in lines': base64,
    'source code with 10 known secrets': every(10_000, (index) => ` ${token(index)} `),
    'source code with 100 known secrets, half of them encoded': every(1_000, (index) =>
      index % 2 === 0 ? ` ${token(index % SECRETS)} ` : ` ${Buffer.from(`u:${token(index % SECRETS)}`).toString('base64')} `,
    ),
    'source code with 10 found secrets': every(10_000, (index) => `\nghp_${token(index).replaceAll(/[+/]/g, 'x').slice(0, 36)}\n`),
    'percent-encoded throughout': '%61%20'.repeat(CHARS / 6),
  }
}

async function medianMs(work) {
  const times = []
  for (let round = 0; round < ROUNDS + 5; round++) {
    const start = performance.now()
    await work()
    times.push(performance.now() - start)
  }
  return times.slice(5).toSorted((a, b) => a - b)[ROUNDS / 2]
}

function rounded(figures) {
  return Object.fromEntries(Object.entries(figures).map(([key, value]) => [key, Number(value.toFixed(3))]))
}
