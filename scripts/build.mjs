// Compiles src/ into dist/: declarations by tsc, code by esbuild in few files, because a module each costs start-up time
// (docs/decisions/0005-bundled-modules.md).
import { chmodSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { SetupError, filesIn, hashFiles, inRoot, isMain, readStamp, runScript, writeStamp } from './lib/project.mjs'
import { runWithProgress } from './lib/run.mjs'

const STAMP = 'dist/.build.json'
/** Built beside dist/ and put in its place when it is whole, so that a failed build leaves the last good one. */
const NEXT = 'dist.next'
const MAIN = 'dist/cli/main.js'
/**
 * Bundled apart where no process loads both: shared chunks would be more files to resolve. A test loads the library and the testing kit,
 * and an error of the one must be an error to the other.
 */
const BUNDLES = [
  { entryPoints: ['src/index.ts', 'src/testing.ts'], outdir: NEXT },
  { entryPoints: ['src/cli/main.ts'], outdir: `${NEXT}/cli` },
  { entryPoints: ['src/services/executor/capabilities/analysis/source/source-reader.ts'], outdir: NEXT },
]
/** Go into the bundle: loading their own files takes longer than running them. */
const BUNDLED = new Set(['zod', 'uuid', 'picomatch', 'canonicalize'])

/** Builds unless dist/ already stands for the sources as they are. */
export async function ensureBuilt() {
  const sources = hashOfSources()
  const isFresh = readStamp(STAMP)?.sources === sources && filesIn('dist').includes(MAIN)
  if (!isFresh) await build(sources)
}

async function build(sources) {
  rmSync(inRoot(NEXT), { recursive: true, force: true })
  const tsc = inRoot('node_modules/typescript/bin/tsc')
  const { code, output } = await runWithProgress(process.execPath, [tsc, '-p', 'tsconfig.build.json', '--noEmitOnError', '--outDir', NEXT], {
    label: 'Building',
  })
  if (code !== 0) {
    throw new SetupError('The sources do not compile.', { why: output, remedy: 'correct the places that are named; `npm run check` shows them too.' })
  }
  await bundle()
  rmSync(inRoot('dist'), { recursive: true, force: true })
  renameSync(inRoot(NEXT), inRoot('dist'))
  chmodSync(inRoot(MAIN), 0o755)
  writeStamp(STAMP, { sources })
}

async function bundle() {
  const { build: esbuild } = await import('esbuild')
  const { dependencies, optionalDependencies } = JSON.parse(readFileSync(inRoot('package.json'), 'utf8'))
  const external = Object.keys({ ...dependencies, ...optionalDependencies }).filter((name) => !BUNDLED.has(name))
  const options = {
    absWorkingDir: inRoot('.'),
    chunkNames: 'chunks/[name]-[hash]',
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    external,
    logLevel: 'error',
  }
  for (const bundle of BUNDLES) await esbuild({ ...options, ...bundle })
}

function hashOfSources() {
  return hashFiles([...filesIn('src'), 'scripts/build.mjs', 'package.json', 'tsconfig.json', 'tsconfig.build.json'])
}

if (isMain(import.meta)) await runScript(() => build(hashOfSources()))
