import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { scriptFacts } from '../src/services/guard/shell/facts.ts'

const HELP = `Prints what share of the lines of a file would be allowed as read-only commands, why the others would not, and what a line costs.

  npx tsx scripts/bench-shell.mjs [--show] [FILE]

  --show   print the lines that are read-only
  FILE     one command a line (default test/fixtures/nl2bash/nl2bash-dev.txt)`
const ROUNDS = 20

const { values, positionals } = parseArgs({ allowPositionals: true, options: { show: { type: 'boolean' }, help: { type: 'boolean' } } })
if (values.help) console.log(HELP)
else report(positionals[0] ?? new URL('../test/fixtures/nl2bash/nl2bash-dev.txt', import.meta.url))

function report(file) {
  const lines = readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
  const judged = lines.map((line) => ({ line, facts: scriptFacts(line) }))
  const readOnly = judged.filter(({ facts }) => facts.readOnly)
  if (values.show) for (const { line } of readOnly) console.log(line)
  console.log(`${readOnly.length} of ${lines.length} lines are read-only (${((100 * readOnly.length) / lines.length).toFixed(1)} %)\n`)
  for (const [reason, count] of topReasons(judged)) console.log(`${String(count).padStart(5)}  ${reason}`)
  const times = lines.map(timeOf).sort((a, b) => a - b)
  const at = (share) => times[Math.min(times.length - 1, Math.floor(times.length * share))]?.toFixed(1)
  console.log(`\nµs per line: p50 ${at(0.5)}, p95 ${at(0.95)}, p99 ${at(0.99)}, longest ${at(1)}`)
}

/** The first reason of each line that is not read-only, most frequent first. */
function topReasons(judged) {
  const counts = new Map()
  for (const { facts } of judged) {
    const [reason] = facts.reasons
    if (reason !== undefined) counts.set(reason, (counts.get(reason) ?? 0) + 1)
  }
  return [...counts].sort((a, b) => b[1] - a[1]).slice(0, 25)
}

/** The mean over some rounds, in microseconds. */
function timeOf(line) {
  const started = performance.now()
  for (let round = 0; round < ROUNDS; round += 1) scriptFacts(line)
  return ((performance.now() - started) * 1000) / ROUNDS
}
