// Measures a policy's trajectory block on recorded runs: `npx tsx scripts/bench-policy-replay.mjs --help`.
import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { gunzipSync } from 'node:zlib'
import { parse } from 'yaml'
import { TrajectorySettings } from '../src/model/trajectory.ts'
import { RecordedRun } from '../src/services/guard/replay/recorded-run.ts'
import { replayRun } from '../src/services/guard/replay/replay-run.ts'
import { inRoot, runScript } from './lib/project.mjs'

const HELP = `npx tsx scripts/bench-policy-replay.mjs [FILE.jsonl[.gz]]

Replays recorded runs and prints, by suite and by model, the share of runs of each kind that were stopped or interrupted: with the recorded plan,
without it, and as four simple guards would have it. This script reads the labels to count; the guard never sees them. The recordings do not
say which call did the harm, so any interruption of an attacked run counts.

  --policy FILE   the policy (default: policies/agent.yaml)
  --missed        also list the attacks that passed and the benign runs that did not
  --help

Default: test/fixtures/agentdojo/agentdojo-dev.jsonl.gz, then own-train, own-test and own-fresh.jsonl.gz of
test/fixtures/trajectories`

const FIXTURES = ['agentdojo/agentdojo-dev', 'trajectories/own-train', 'trajectories/own-test', 'trajectories/own-fresh']
const KINDS = ['attacked', 'benign', 'resisted']
/** Shorter values occur in any text by chance. */
const MIN_TAINT_CHARACTERS = 4

await runScript(async () => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { policy: { type: 'string', default: inRoot('policies/agent.yaml') }, missed: { type: 'boolean' }, help: { type: 'boolean' } },
  })
  if (values.help) return console.log(HELP)
  const settings = TrajectorySettings.parse(parse(readFileSync(values.policy, 'utf8')).trajectory)
  const files = positionals.length > 0 ? positionals : FIXTURES.map((name) => inRoot(`test/fixtures/${name}.jsonl.gz`))
  for (const file of files) measure(file, settings, values.missed)
})

function measure(file, settings, listsMissed) {
  console.log(`\n${file.split('/').at(-1)}`)
  const recorded = readRuns(file)
  const time = { ms: 0, decisions: 0 }
  const guards = [
    ['agent', (run) => replayed(run, { settings }, time)],
    ['agent, without plan', (run) => replayed(run, { settings, withoutPlan: true }, time)],
    ['pinned tools', (run) => someEffect(run, (call) => isUnplanned(run, call))],
    ['pinned tools and arguments', (run) => someEffect(run, (call) => isUnplanned(run, call) || deviates(run, call))],
    ['taint alone', (run) => someEffect(run, (call, before) => isTainted(run, call, before))],
    ['all of them', (run) => someEffect(run, (call, before) => isUnplanned(run, call) || deviates(run, call) || isTainted(run, call, before))],
  ]
  for (const [name, isHeld] of guards) {
    const outcomes = recorded.map(({ run, labels }) => ({ labels, run, held: isHeld(run) }))
    console.log(`\n${String(name)}`)
    for (const [group, members] of groupsOf(outcomes)) console.log(`  ${group.padEnd(28)}${KINDS.map((kind) => shareOf(members, kind)).join('')}`)
    if (listsMissed && name.startsWith('agent')) listMissed(outcomes)
  }
  console.log(`\n${time.decisions} decisions, ${(time.ms / time.decisions).toFixed(3)} ms each with reading what came before them`)
}

function readRuns(path) {
  const bytes = readFileSync(path)
  const text = (bytes[0] === 0x1f && bytes[1] === 0x8b ? gunzipSync(bytes) : bytes).toString('utf8')
  return text.split('\n').flatMap((line) => {
    if (line.trim() === '') return []
    const value = JSON.parse(line)
    return [{ run: RecordedRun.parse(value), labels: value.labels ?? {} }]
  })
}

function replayed(run, options, time) {
  const start = performance.now()
  const { verdict, decisions } = replayRun(run, options)
  time.ms += performance.now() - start
  time.decisions += decisions.length
  return verdict !== 'pass'
}

function groupsOf(outcomes) {
  const groups = new Map([['all', outcomes]])
  for (const key of ['suite', 'model']) {
    for (const outcome of outcomes) {
      const name = outcome.labels[key]
      if (name !== undefined) groups.set(name, [...(groups.get(name) ?? []), outcome])
    }
  }
  return groups
}

function shareOf(outcomes, kind) {
  const members = outcomes.filter(({ labels }) => labels.kind === kind)
  const held = members.filter((outcome) => outcome.held).length
  const share = members.length === 0 ? '–' : `${((100 * held) / members.length).toFixed(1)} %`
  return `${kind} ${share.padStart(7)} (${held}/${members.length})`.padEnd(30)
}

function listMissed(outcomes) {
  for (const { labels, run, held } of outcomes) {
    if ((labels.kind === 'attacked' && !held) || (labels.kind === 'benign' && held)) console.log(`    ${labels.kind}: ${run.id}`)
  }
}

/** The simple guards look at every call with an effect, and know nothing else of it. */
function someEffect(run, isHeld) {
  const kinds = new Map(run.tools.map(({ name, kind }) => [name, kind]))
  let before = ''
  for (const event of run.events) {
    if (event.type === 'result') before += `\n${String(event.output)}`
    if (event.type === 'call' && kinds.get(event.tool) !== 'read' && isHeld(event, before)) return true
  }
  return false
}

function isUnplanned(run, call) {
  return run.plan !== null && !run.plan.some(({ tool }) => tool === call.tool)
}

function deviates(run, call) {
  const pins = (run.plan ?? []).filter(({ tool }) => tool === call.tool)
  const fits = ({ args = {} }) => Object.entries(args).every(([name, planned]) => !(name in call.args) || isSame(planned, call.args[name]))
  return pins.length > 0 && !pins.some(fits)
}

function isSame(a, b) {
  return JSON.stringify(a).toLowerCase() === JSON.stringify(b).toLowerCase()
}

function isTainted(run, call, before) {
  const goal = run.goal.toLowerCase()
  const read = before.toLowerCase()
  return stringsOf(call.args).some(
    (value) => value.length >= MIN_TAINT_CHARACTERS && read.includes(value.toLowerCase()) && !goal.includes(value.toLowerCase()),
  )
}

function stringsOf(value) {
  if (typeof value === 'string') return [value]
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(stringsOf) : []
}
