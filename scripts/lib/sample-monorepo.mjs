// A TypeScript monorepo like those that people have, made from nothing: the same for the same size, to measure and to test with.
import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

const PACKAGES = 20
const COMMITS = 50
const FILES_A_COMMIT = 25
const FIRST_COMMIT_S = 1_700_000_000
const DAY_S = 86_400
const AUTHORS = ['Ada', 'Barbara', 'Edsger', 'Grace']
const WORDS =
  'order price stock client basket invoice region store label route parcel ticket account ledger margin quota batch shift crate depot fleet cargo lane gate'.split(
    ' ',
  )

/**
 * Makes a git repository of about `lines` lines in `folder`, which must be empty or missing, and says what is in it.
 * @returns {{ files: number, lines: number, cycles: string[][], typeCycles: string[][], todos: string[] }} paths in path order, `todos` as `path:line`
 */
export function makeMonorepo(folder, lines) {
  const made = describeMonorepo(lines)
  mkdirSync(folder, { recursive: true })
  const git = (args, input) =>
    execFileSync('git', ['-C', folder, ...args], { input, env: gitEnvironment(folder), stdio: ['pipe', 'ignore', 'inherit'] })
  git(['init', '-q', '-b', 'main'])
  git(['fast-import', '--quiet'], historyOf(made.files))
  for (const [path, content] of made.files) {
    mkdirSync(join(folder, dirname(path)), { recursive: true })
    writeFileSync(join(folder, path), content)
  }
  git(['reset', '-q', 'main'])
  return {
    files: made.files.size,
    lines: [...made.files.values()].reduce((sum, content) => sum + content.split('\n').length - 1, 0),
    cycles: made.cycles,
    typeCycles: made.typeCycles,
    todos: made.todos,
  }
}

function describeMonorepo(wanted) {
  const random = randomOf(wanted)
  const files = new Map()
  const facts = { files, cycles: [], typeCycles: [], todos: [] }
  putJson(files, 'package.json', {
    name: 'sample',
    private: true,
    license: 'MIT',
    engines: { node: '>=20' },
    type: 'module',
    workspaces: ['packages/*'],
    scripts: { test: 'node --test', build: 'tsc -b' },
  })
  putJson(files, 'tsconfig.json', {
    compilerOptions: { module: 'nodenext', strict: true, rootDir: '.', paths: { '@sample/*/internal': ['./packages/*/src/module-000.ts'] } },
  })
  files.set('README.md', '# Sample\n\nRun `npm test`.\n')
  files.set('.gitignore', 'node_modules/\ndist/\n')
  for (let index = 0; index < PACKAGES; index += 1) putPackage(facts, index, Math.ceil(wanted / PACKAGES), random)
  return { ...facts, files: new Map([...files].sort(([a], [b]) => (a < b ? -1 : 1))) }
}

const packageName = (index) => `@sample/${WORDS[index]}`
const packageFolder = (index) => `packages/${WORDS[index]}`
const moduleName = (index) => `module-${String(index).padStart(3, '0')}`

function putPackage({ files, cycles, typeCycles, todos }, index, wanted, random) {
  const folder = packageFolder(index)
  const needed = index === 0 ? [] : [...new Set([random(index), random(index)])].sort((a, b) => a - b)
  putJson(files, `${folder}/package.json`, {
    name: packageName(index),
    version: '1.0.0',
    license: 'MIT',
    type: 'module',
    exports: { '.': './src/index.ts' },
    dependencies: Object.fromEntries(needed.map((other) => [packageName(other), '1.0.0'])),
  })
  let lines = 0
  let count = 0
  while (lines < wanted || count < 4) {
    const path = `${folder}/src/${moduleName(count)}.ts`
    const content = moduleOf(count, needed, random)
    files.set(path, content)
    lines += content.split('\n').length - 1
    if (count % 3 !== 0) {
      const test = testOf(count)
      files.set(`${folder}/test/${moduleName(count)}.test.ts`, test)
      lines += test.split('\n').length - 1
    }
    count += 1
  }
  files.set(`${folder}/src/index.ts`, Array.from({ length: count }, (_, at) => `export * from './${moduleName(at)}.ts'\n`).join(''))
  // An early module that needs a later one closes a circle; every fourth package has one, every fourth other one of types alone.
  if (index % 4 === 1) cycles.push(closeCircle(files, folder, count, ''))
  if (index % 4 === 3) typeCycles.push(closeCircle(files, folder, count, 'type '))
  for (const at of [1, 2]) {
    const path = `${folder}/src/${moduleName(at)}.ts`
    const lineOf = files.get(path).split('\n').length
    files.set(path, `${files.get(path)}// TODO: ${WORDS[random(WORDS.length)]} of the ${WORDS[index]} is counted twice\n`)
    todos.push(`${path}:${lineOf}`)
  }
}

/** The last module imports its predecessor, which imports it back. */
function closeCircle(files, folder, count, kind) {
  const [early, late] = [count - 2, count - 1].map((at) => `${folder}/src/${moduleName(at)}.ts`)
  const name = kind === '' ? `value${count - 1}` : `Shape${count - 1}`
  const back = kind === '' ? `value${count - 2}` : `Shape${count - 2}`
  const importOf = (what, at) => `import ${kind}{ ${what} as other } from './${moduleName(at)}.ts'\n`
  const use = (at) => (kind === '' ? `export const around${at} = () => other\n` : `export type Around${at} = other\n`)
  files.set(early, `${importOf(name, count - 1)}${files.get(early)}${use(count - 2)}`)
  files.set(late, `${importOf(back, count - 2)}${files.get(late)}${use(count - 1)}`)
  return [early, late]
}

function moduleOf(index, needed, random) {
  const lines = []
  const known = []
  // Only earlier modules of the package, never the next to last: what closes a circle is added on purpose.
  for (const back of [2, 3, 5]) if (index >= back && random(3) > 0) known.push(index - back)
  for (const at of known) lines.push(`import { value${at}, type Shape${at} } from './${moduleName(at)}.ts'`)
  for (const other of needed) if (random(6) === 0) lines.push(`import { value0 as from${other} } from '${packageName(other)}'`)
  const first = needed[0]
  if (first !== undefined && random(8) === 0) lines.push(`import { value0 as internal } from '${packageName(first)}/internal'`)
  lines.push('', `export interface Shape${index} {`)
  for (const at of range(3 + random(4)))
    lines.push(`  readonly ${word(random)}${at}: ${['string', 'number', 'boolean', 'readonly string[]'][random(4)]}`)
  lines.push('}', '', `export const value${index} = ${random(10_000)}`)
  for (const at of range(4 + random(5))) lines.push('', ...functionOf(index, at, known, random))
  return `${lines.join('\n')}\n`
}

function functionOf(index, at, known, random) {
  const [name, total, item] = [word(random), word(random), word(random)]
  const lines = [
    `/** The ${name} of each ${item}, with ${total} at ${random(1000)} or more. */`,
    `export function ${name}${index}From${at}(${item}s: readonly number[], ${total}Limit = ${random(1000)}): number {`,
    `  let ${total}Sum = ${random(100)}`,
  ]
  for (const step of range(3 + random(8))) {
    const number = random(10_000)
    lines.push(
      ...[
        [`  if (${total}Sum > ${total}Limit + ${number}) return ${total}Sum - ${random(500)}`],
        [`  for (const ${item} of ${item}s) {`, `    if (${item} % ${2 + (number % 97)} === 0) ${total}Sum += ${item} * ${number}`, '  }'],
        [`  const ${name}Of${step} = ${item}s.filter((one) => one > ${number}).length`, `  ${total}Sum += ${name}Of${step}`],
        [
          `  // The ${name} is charged from the ${number}th ${item} on.`,
          `  ${total}Sum = Math.max(${total}Sum, ${item}s[${number % 50}] ?? ${number})`,
        ],
        known.length === 0 ? [`  ${total}Sum += ${number}`] : [`  ${total}Sum += value${known[number % known.length]} % ${1 + (number % 89)}`],
      ][random(5)],
    )
  }
  lines.push(`  return ${total}Sum`, '}')
  return lines
}

function testOf(index) {
  return [
    "import assert from 'node:assert/strict'",
    "import { test } from 'node:test'",
    `import { value${index} } from '../src/${moduleName(index)}.ts'`,
    '',
    `test('the value of module ${index} is a whole number', () => {`,
    `  assert.ok(Number.isInteger(value${index}))`,
    '})',
    '',
  ].join('\n')
}

/** A stream for `git fast-import`: everything at first, then some files at a time, which end as they are on disk. */
function historyOf(files) {
  const random = randomOf(files.size)
  const sources = [...files.keys()].filter((path) => path.endsWith('.ts'))
  const changes = range(COMMITS - 1).map(() => [
    ...new Set(range(FILES_A_COMMIT).map(() => sources[Math.min(random(sources.length), random(sources.length))])),
  ])
  const lastChange = new Map(changes.flatMap((paths, at) => paths.map((path) => [path, at])))
  const contentAt = (path, at) => ((lastChange.get(path) ?? -1) <= at ? files.get(path) : `${files.get(path)}// Revision ${at + 2}.\n`)
  const commits = [[...files.keys()], ...changes].map((paths, at) => {
    const stamp = `${AUTHORS[at % AUTHORS.length]} <author@example.org> ${FIRST_COMMIT_S + at * DAY_S} +0000`
    const changed = paths.map((path) => `M 100644 inline ${path}\n${dataOf(contentAt(path, at - 1))}`)
    return `commit refs/heads/main\ncommitter ${stamp}\n${dataOf(`Change ${paths.length} files`)}${changed.join('')}`
  })
  return commits.join('')
}

const dataOf = (content) => `data ${Buffer.byteLength(content)}\n${content}\n`
const putJson = (files, path, value) => files.set(path, `${JSON.stringify(value, null, 2)}\n`)
const range = (length) => Array.from({ length }, (_, index) => index)
const word = (random) => WORDS[random(WORDS.length)]
const gitEnvironment = (home) => ({ PATH: process.env['PATH'], HOME: home, GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_NOSYSTEM: '1' })

/** Whole numbers below a limit, the same for the same seed (mulberry32). */
function randomOf(seed) {
  let state = seed >>> 0
  return (limit) => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) % limit
  }
}
