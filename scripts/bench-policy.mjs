// Measures what the guard costs: `node scripts/bench-policy.mjs --help`.
import { mkdtempSync, mkdirSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { pathToFileURL } from 'node:url'
import { build } from 'esbuild'
import { inRoot, runScript } from './lib/project.mjs'

const HELP = `node scripts/bench-policy.mjs

Decides normalised requests under a policy of mixed rules (paths, commands, hosts, conditions), normalises paths, and runs patterns that make
backtracking engines run for hours. Prints a line of JSON for each, in microseconds.

  --rules N      rules of the policy (default: 200)
  --rounds N     decisions of each kind (default: 20000)
  --assert       exit with 1 when a bound is missed, see below
  --help

Bounds for 200 rules: a decision in 20 µs (p50) and 200 µs (p99), a path in 100 µs (p50).`

const MEASURED = [
  ...['model/policy', 'services/guard/condition/condition', 'services/guard/condition/meter', 'services/guard/decide'],
  ...['services/guard/inspect', 'services/guard/path', 'services/guard/rules'],
]
/** What is measured; filled before anything is. */
const built = {}
const BOUNDS = { decideP50: 20, decideP99: 200, pathP50: 100 }

await runScript(async () => {
  const { values } = parseArgs({
    options: {
      rules: { type: 'string', default: '200' },
      rounds: { type: 'string', default: '20000' },
      assert: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) return console.log(HELP)
  Object.assign(built, await compileGuard())
  const scratch = realpathSync(mkdtempSync(join(tmpdir(), 'planner-exec-bench-')))
  try {
    const places = placesIn(scratch)
    const measured = [
      ...(await measureDecisions(places, Number(values.rules), Number(values.rounds))),
      ...(await measurePaths(places, Number(values.rounds) / 4)),
      ...measureConditions(places, Number(values.rounds)),
      ...measurePatterns(),
    ]
    for (const one of measured) console.log(JSON.stringify(one))
    if (values.assert && measured.some((one) => one.ok === false)) process.exitCode = 1
  } finally {
    rmSync(scratch, { recursive: true, force: true })
  }
})

/** Compiles the guard as the program is compiled: what runs TypeScript directly wraps functions, which would be measured too. */
async function compileGuard() {
  const outfile = inRoot('node_modules/.bench-policy/guard.mjs')
  const contents = MEASURED.map((file) => `export * from './src/${file}.ts'`).join('\n')
  const stdin = { contents, resolveDir: inRoot('.'), loader: 'ts' }
  await build({ stdin, outfile, bundle: true, format: 'esm', platform: 'node', target: 'node20', packages: 'external', logLevel: 'error' })
  return import(pathToFileURL(outfile).href)
}

function placesIn(scratch) {
  const workspace = join(scratch, 'workspace')
  mkdirSync(join(workspace, 'src', 'services', 'guard'), { recursive: true })
  writeFileSync(join(workspace, 'src', 'services', 'guard', 'decide.ts'), '')
  return { workspace, workspaceAlias: workspace, stateDir: join(workspace, '.planner-exec'), home: join(scratch, 'home') }
}

/** Rules of every kind in equal parts. Most match nothing, as in real policies: of the conditions about a kind of target, one in five has to be told. */
function mixedPolicy(count) {
  const kinds = [
    (n) => ({ deny: `*(**/*.secret${n})` }),
    (n) => ({ deny: `fs.*(\${workspace}/private-${n}/**)` }),
    (n) => ({ ask: `fs.write(src/area-${n}/*.{ts,js})` }),
    (n) => ({ deny: `shell.exec(tool-${n} --force *)` }),
    (n) => ({ ask: `shell.exec(git sub-${n} *)` }),
    (n) => ({ deny: `http.*({*.tracker-${n}.example})` }),
    (n) => ({ ask: `http.fetch({host-${n}.example.com})` }),
    (n) => ({ deny: `shell.exec(${n % 50 < 10 ? 'git' : `tool-${n}`} *)`, when: `command.argv.exists(a, a == "--option-${n}")` }),
    (n) => ({ deny: `fs.write(${n % 50 < 10 ? 'src' : `area-${n}`}/**)`, when: `args.path.endsWith(".lock") || size(args.path) > 200` }),
    (n) => ({ deny: `http.fetch({${n % 50 < 10 ? '*' : `host-${n}.example`}})`, when: `url.path.startsWith("/internal-${n}/")` }),
  ]
  const rules = Array.from({ length: count - 4 }, (_, n) => kinds[n % kinds.length](n))
  const last = [{ allow: 'fs.read(${workspace}/**)' }, { allow: 'shell.exec(git *)' }, { allow: 'http.fetch({*})' }, { allow: 'fs.write(src/**)' }]
  return built.Policy.parse({ version: 1, rules: [...rules, ...last] })
}

async function measureDecisions(places, rules, rounds) {
  const { book, problems } = built.compileRules(mixedPolicy(rules), 'bench', null)
  if (problems.length > 0) throw new Error(JSON.stringify(problems[0]))
  const path = 'src/services/guard/decide.ts'
  const requests = [
    { capability: 'fs.read', args: { path }, targets: [{ kind: 'path', access: 'read', path }] },
    { capability: 'fs.write', args: { path, content: 'x' }, targets: [{ kind: 'path', access: 'write', path }] },
    {
      capability: 'shell.exec',
      args: { argv: ['git', 'commit', '-m', 'a message'] },
      targets: [{ kind: 'command', argv: ['git', 'commit', '-m', 'a message'] }],
    },
    {
      capability: 'http.fetch',
      args: { url: 'https://api.example.org/v1/items' },
      targets: [{ kind: 'url', url: 'https://api.example.org/v1/items' }],
    },
  ]
  const all = []
  const lines = []
  for (const { capability, args, targets } of requests) {
    // Each decision gets a request of its own, as normalising leaves it: what is remembered of one must not help the next.
    const times = timesOf(
      rounds,
      (checked) => built.decide(book, capability, args, checked, places),
      () => normalised(targets, places),
    )
    all.push(...times)
    lines.push({ what: `decide ${capability}`, rules, ...quantiles(times) })
  }
  const mixed = quantiles(all)
  return [...lines, { what: 'decide, all together', rules, ...mixed, ok: mixed.p50 <= BOUNDS.decideP50 && mixed.p99 <= BOUNDS.decideP99 }]
}

function normalised(targets, places) {
  const { checked, refusals } = built.inspectTargets(structuredClone(targets), places)
  if (refusals.length > 0) throw new Error(refusals[0].reason)
  return checked
}

async function measurePaths(places, rounds) {
  const times = []
  for (let round = 0; round < rounds * 2; round += 1) {
    const from = process.hrtime.bigint()
    await built.checkPath({ access: 'read', path: 'src/services/guard/decide.ts' }, places)
    if (round >= rounds) times.push(Number(process.hrtime.bigint() - from) / 1000)
  }
  const measured = quantiles(times)
  return [{ what: 'normalise a path', ...measured, ok: measured.p50 <= BOUNDS.pathP50 }]
}

/** What each condition adds that has to be told. */
function measureConditions(places, rounds) {
  const argv = ['git', 'commit', '-m', 'a message']
  const texts = [
    'command.read_only',
    'command.program == "git"',
    '"--force" in args.argv',
    'command.argv.exists(a, a.startsWith("--force"))',
    'args.argv[2].matches("^-[a-z]+$")',
  ]
  return texts.map((text) => {
    const decideWith = (rules) => {
      const { book, problems } = built.compileRules(built.Policy.parse({ version: 1, rules }), 'bench', null)
      if (problems.length > 0) throw new Error(problems[0].message)
      return quantiles(timesOf(rounds, () => built.decide(book, 'shell.exec', { argv }, [{ kind: 'command', argv }], places))).p50
    }
    const without = decideWith([{ allow: 'shell.exec' }])
    const twenty = decideWith([
      ...Array.from({ length: 20 }, () => ({ allow: 'shell.exec(git *)', when: `${text} && false` })),
      { allow: 'shell.exec' },
    ])
    return { what: `condition ${text}`, each: Number(((twenty - without) / 20).toFixed(2)) }
  })
}

/** Once each, as the first and only time that an attacker's argument is looked at. */
function measurePatterns() {
  const cases = [
    ['a regular expression', 'args.x.matches("^(a+)+$")', `${'a'.repeat(30)}!`],
    ['a regular expression, long text', 'args.x.matches("^(a+)+$")', `${'a'.repeat(10_000)}!`],
    ['nested loops', 'args.x.split.all(a, args.x.split.all(b, a + b != ""))', Array.from({ length: 10_000 }, (_, n) => `${n}`)],
  ]
  const conditions = cases.map(([what, text, value]) => {
    const condition = built.compileCondition(text)
    if (typeof condition === 'string') throw new Error(condition)
    const args = Array.isArray(value) ? new Map([['x', new Map([['split', value]])]]) : new Map([['x', value]])
    const from = process.hrtime.bigint()
    const answer = condition.test({ args }, built.createMeter())
    return { what, us: Number(process.hrtime.bigint() - from) / 1000, answer }
  })
  const { book } = built.compileRules(built.Policy.parse({ version: 1, rules: [{ deny: `*(**/${'*a'.repeat(20)}b)` }] }), 'bench', null)
  const places = { workspace: '/w', workspaceAlias: '/w', stateDir: '/w/.s', home: '/h' }
  const from = process.hrtime.bigint()
  const { decision } = built.decide(book, 'fs.read', {}, [{ kind: 'path', access: 'read', names: [`/w/${'a'.repeat(4000)}`] }], places)
  return [...conditions, { what: 'a path pattern with 20 stars, 4,000 letters', us: Number(process.hrtime.bigint() - from) / 1000, answer: decision }]
}

/** Microseconds of each round; what `prepare` takes is not counted. */
function timesOf(rounds, act, prepare = () => undefined) {
  for (let round = 0; round < rounds; round += 1) act(prepare())
  return Array.from({ length: rounds }, () => {
    const given = prepare()
    const from = process.hrtime.bigint()
    act(given)
    return Number(process.hrtime.bigint() - from) / 1000
  })
}

function quantiles(times) {
  const sorted = times.toSorted((a, b) => a - b)
  const at = (share) => Number(sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))].toFixed(2))
  return { p50: at(0.5), p95: at(0.95), p99: at(0.99), max: at(1) }
}
