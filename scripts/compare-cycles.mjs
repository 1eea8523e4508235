// Compares our import cycles with those of dependency-cruiser on packages of npm: `node scripts/compare-cycles.mjs --help`.
import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs, promisify } from 'node:util'
import { SetupError, inRoot, runScript } from './lib/project.mjs'
import { stepOutput } from './lib/step-output.mjs'

/** With their sources in the tarball, and cycles in them: of values and of types, in TypeScript, ES modules and CommonJS. */
const PACKAGES = ['effect@3.22.4', 'leaflet@1.9.4', 'mobx@7.1.3', 'typeorm@0.3.27:browser', 'webpack@5.99.9']
/** The newest that works with Node 20, and the last TypeScript with the interface that it needs: with a later one it finds no module at all. */
const TOOLS = ['dependency-cruiser@17.4.3', 'typescript@5.9.3']
const SOURCES = ['src', 'lib']

const HELP = `node scripts/compare-cycles.mjs [PACKAGE@VERSION[:FOLDER]…]

For development. Fetches each package from npm into a temporary folder, finds the import cycles in its sources (FOLDER, else src, else lib, else
all of it) with the built program and with ${TOOLS.join(' and ')}, which it installs there and not here, and compares them: as
strongly connected components of more than one module, and modules that import themselves. What a compiler drops (types) and what is imported
later (dynamically) is left out. Prints a line of JSON a package; exits with 1 on a difference.

  --keep   keep the temporary folder and say where it is
  --help

Default: ${PACKAGES.join(' ')}`

await runScript(async () => {
  const { values, positionals } = readArguments()
  if (values.help) return console.log(HELP)
  if (!existsSync(inRoot('dist/cli/main.js'))) throw new SetupError('There is no built program.', { remedy: 'run `npm run build` first.' })
  const scratch = mkdtempSync(join(tmpdir(), 'planner-exec-cycles-'))
  try {
    await install(scratch)
    for (const wanted of positionals.length === 0 ? PACKAGES : positionals) {
      const compared = await compare(scratch, wanted)
      console.log(JSON.stringify(compared))
      if (!compared.equal) process.exitCode = 1
    }
  } finally {
    if (values.keep) console.error(`Kept: ${scratch}`)
    else rmSync(scratch, { recursive: true, force: true })
  }
})

function readArguments() {
  try {
    return parseArgs({ allowPositionals: true, options: { keep: { type: 'boolean', default: false }, help: { type: 'boolean', default: false } } })
  } catch (error) {
    throw new SetupError(error.message, { remedy: 'see `node scripts/compare-cycles.mjs --help`.' })
  }
}

async function install(scratch) {
  writeFileSync(join(scratch, 'package.json'), '{ "private": true }\n')
  await must(
    'npm',
    ['install', '--prefix', scratch, '--no-audit', '--no-fund', '--ignore-scripts', ...TOOLS],
    `${TOOLS.join(' and ')} could not be installed.`,
  )
}

async function compare(scratch, wanted) {
  const [, name, folder] = /^(.+?)(?::(.+))?$/.exec(wanted)
  const workspace = join(scratch, 'packages', name.replaceAll(/[^\w.-]/g, '_'))
  mkdirSync(workspace, { recursive: true })
  await must('npm', ['pack', '--silent', '--pack-destination', workspace, name], `${name} could not be fetched.`)
  const tarball = readdirSync(workspace).find((file) => file.endsWith('.tgz'))
  await must('tar', ['-xzf', join(workspace, tarball), '-C', workspace, '--strip-components=1'], `${name} could not be unpacked.`)
  rmSync(join(workspace, tarball))
  const sources = folder ?? SOURCES.find((candidate) => existsSync(join(workspace, candidate))) ?? '.'
  const ours = await analyse(scratch, workspace, sources)
  const theirs = await cruise(scratch, workspace, sources)
  const kinds = Object.fromEntries(['cycles', 'typeCycles'].map((kind) => [kind, compared(ours[kind], theirs[kind])]))
  const equal = Object.values(kinds).every((kind) => kind.onlyOurs.length === 0 && kind.onlyTheirs.length === 0)
  return {
    package: name,
    folder: sources,
    equal,
    modules: { ours: ours.modules, theirs: theirs.modules },
    imports: ours.imports,
    edges: theirs.edges,
    ...kinds,
  }
}

/** Components of which only one knows, in full; the others by their sizes. */
function compared(ours, theirs) {
  const [onlyOurs, onlyTheirs] = [without(ours, theirs), without(theirs, ours)]
  const sizes = ours.map(({ length }) => length).sort((a, b) => b - a)
  return { ours: ours.length, theirs: theirs.length, sizes, onlyOurs, onlyTheirs }
}

/** The cycles of dependency-cruiser's graphs: of what a compiler leaves, and with what it drops, as far as types make a difference. */
async function cruise(scratch, workspace, sources) {
  const compiled = await graphOf(scratch, workspace, [sources], isAtLoad)
  const written = await graphOf(scratch, workspace, ['--ts-pre-compilation-deps', sources], isImported)
  if (compiled.size === 0)
    throw new SetupError('dependency-cruiser found no modules.', { remedy: `name a folder that has some: PACKAGE@VERSION:FOLDER, not ${sources}.` })
  const cycles = circularComponents(compiled)
  return {
    modules: compiled.size,
    edges: [...compiled.values()].reduce((sum, targets) => sum + targets.length, 0),
    cycles,
    typeCycles: without(circularComponents(written), cycles),
  }
}

/** Modules, and the modules that each of them imports, of those dependencies that fit. */
async function graphOf(scratch, workspace, words, fits) {
  const out = join(scratch, 'cruised.json')
  const cruiser = join(scratch, 'node_modules/dependency-cruiser/bin/dependency-cruise.mjs')
  const options = ['--no-config', '--module-systems', 'es6,cjs', '--exclude', 'node_modules', '--output-type', 'json', '--output-to', out]
  await must(process.execPath, [cruiser, ...options, ...words], 'dependency-cruiser failed.', workspace)
  const { modules } = JSON.parse(readFileSync(out, 'utf8'))
  const known = new Set(modules.map(({ source }) => source))
  return new Map(
    modules.map(({ source, dependencies }) => [
      source,
      [...new Set(dependencies.filter(fits).map(({ resolved }) => resolved))].filter((to) => known.has(to)),
    ]),
  )
}

/** Loaded with the module that names it: neither dropped by a compiler nor imported later. */
function isAtLoad({ dependencyTypes, dynamic }) {
  return !dynamic && !dependencyTypes.some((type) => ['type-only', 'type-import'].includes(type)) && isImported({ dependencyTypes, dynamic })
}

/** Imported in any way that has a place in the language; not by a comment. */
function isImported({ dependencyTypes, dynamic }) {
  const isComment = dependencyTypes.some((type) => type.startsWith('jsdoc') || type.startsWith('triple-slash'))
  return !dynamic && !isComment && dependencyTypes.some((type) => ['import', 'export', 'require', 'import-equals', 'type-import'].includes(type))
}

/** The cycles that the built program tells. */
async function analyse(scratch, workspace, sources) {
  const [state, plan] = [join(scratch, 'state'), join(scratch, 'plan.json')]
  const step = { id: 'imports', title: 'Import graph', capability: 'analysis.imports.v1', args: { path: sources } }
  writeFileSync(plan, JSON.stringify({ version: 1, steps: [step], successCriteria: [{ kind: 'stepSucceeded', step: 'imports' }] }))
  const words = [
    'run',
    'Find import cycles',
    '--plan',
    plan,
    '--workspace',
    workspace,
    '--state',
    state,
    '--out',
    join(scratch, 'out'),
    '--non-interactive',
  ]
  await must(process.execPath, [inRoot('dist/cli/main.js'), ...words], 'The built program failed.')
  const report = JSON.parse(readFileSync(join(scratch, 'out', 'report.json'), 'utf8'))
  const output = await stepOutput(state, report, 'analysis.imports.v1')
  if (output === null) throw new SetupError('The built program has no import graph.', { remedy: 'look at the report with --keep.' })
  const { value, require } = output.imports
  return {
    modules: output.modules,
    imports: value + require,
    cycles: sorted(output.cycles),
    typeCycles: without(sorted(output.typeCycles), sorted(output.cycles)),
  }
}

/** Strongly connected components with a cycle in them, each sorted (Kosaraju's algorithm, on purpose another than the program's). */
function circularComponents(edges) {
  const order = []
  const seen = new Set()
  for (const root of edges.keys()) visit(root, edges, seen, (node) => order.push(node))
  const reversed = new Map([...edges.keys()].map((node) => [node, []]))
  for (const [from, targets] of edges) for (const to of targets) reversed.get(to).push(from)
  const placed = new Set()
  return order
    .reverse()
    .map((root) => {
      const members = []
      visit(root, reversed, placed, (node) => members.push(node))
      return members.sort()
    })
    .filter((members) => members.length > 1 || (members.length === 1 && edges.get(members[0]).includes(members[0])))
}

/** Depth first, without recursion; each node is told after all that it leads to. */
function visit(root, edges, seen, tell) {
  if (seen.has(root)) return
  seen.add(root)
  const way = [[root, 0]]
  while (way.length > 0) {
    const top = way.at(-1)
    const next = edges.get(top[0])[top[1]++]
    if (next === undefined) tell(way.pop()[0])
    else if (!seen.has(next)) {
      seen.add(next)
      way.push([next, 0])
    }
  }
}

function sorted(components) {
  return components.map((members) => [...members].sort())
}

function without(components, others) {
  const known = new Set(others.map((members) => members.join('\n')))
  return components.filter((members) => !known.has(members.join('\n')))
}

async function must(command, args, what, cwd = tmpdir()) {
  try {
    await promisify(execFile)(command, args, { cwd, maxBuffer: 64 * 1024 * 1024 })
  } catch ({ stdout = '', stderr = '', message }) {
    const said = `${stdout}\n${stderr}`.trim() || message
    throw new SetupError(what, { why: said.split('\n').slice(-15).join('\n  '), remedy: 'check the network and the names, then try again.' })
  }
}
