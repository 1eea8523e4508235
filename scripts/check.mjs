// `npm run check`: everything that can be known of the code without running it. A line a step; what fails shows its output.
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inRoot } from './lib/project.mjs'
import { runQuietly } from './lib/run.mjs'

const FOLDERS = ['src', 'test', 'scripts', 'examples']
const packed = mkdtempSync(join(tmpdir(), 'planner-exec-check-'))
const bin = (name, ...args) => runQuietly(inRoot('node_modules/.bin', name), args)
const tarball = () => join(packed, readdirSync(packed).find((name) => name.endsWith('.tgz')) ?? 'missing.tgz')

const steps = [
  ['types', () => bin('tsc', '--noEmit', '-p', '.')],
  ['lint', () => bin('oxlint', '--type-aware', ...FOLDERS)],
  ['format', () => bin('oxfmt', '--check', ...FOLDERS)],
  ['unused', () => bin('knip')],
  // `--ignore-scripts`: the build ran before this script did.
  ['pack', () => runQuietly('npm', ['pack', '--ignore-scripts', '--pack-destination', packed])],
  ['package', () => bin('publint', 'run', '--strict', tarball())],
  ['exports', () => bin('attw', tarball(), '--profile', 'esm-only')],
]

const failed = []
for (const [name, run] of steps) {
  const startedAt = Date.now()
  const { code, output } = await run()
  console.log(`${code === 0 ? '✓' : '✗'} ${name.padEnd(8)} ${((Date.now() - startedAt) / 1000).toFixed(1)} s`)
  if (code !== 0) failed.push([name, output])
}
rmSync(packed, { recursive: true, force: true })
for (const [name, output] of failed) console.error(`\n── ${name}\n${output}`)
if (failed.length > 0) console.error(`\n${failed.length} of ${steps.length} checks failed: ${failed.map(([name]) => name).join(', ')}.`)
process.exitCode = failed.length > 0 ? 1 : 0
