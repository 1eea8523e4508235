// Compiles src/ into dist/ and removes what no source stands for any more.
import { chmodSync, rmSync } from 'node:fs'
import { SetupError, filesIn, hashFiles, inRoot, isMain, readStamp, removeStamp, runScript, writeStamp } from './lib/project.mjs'
import { runWithProgress } from './lib/run.mjs'

const STAMP = 'dist/.build.json'
const MAIN = 'dist/cli/main.js'

/** Builds unless dist/ already stands for the sources as they are. */
export async function ensureBuilt() {
  const sources = hashOfSources()
  const isFresh = readStamp(STAMP)?.sources === sources && filesIn('dist').includes(MAIN)
  if (!isFresh) await build(sources)
}

async function build(sources) {
  removeStamp(STAMP)
  const tsc = inRoot('node_modules/typescript/bin/tsc')
  const { code, output } = await runWithProgress(process.execPath, [tsc, '-p', 'tsconfig.build.json', '--noEmitOnError'], { label: 'Building' })
  if (code !== 0) {
    throw new SetupError('The sources do not compile.', { why: output, remedy: 'correct the places that are named; `npm run check` shows them too.' })
  }
  removeStaleFiles()
  chmodSync(inRoot(MAIN), 0o755)
  writeStamp(STAMP, { sources })
}

function removeStaleFiles() {
  const made = filesIn('src').flatMap((path) => {
    const base = path.replace(/^src/, 'dist').replace(/\.ts$/, '')
    return [`${base}.js`, `${base}.d.ts`]
  })
  const expected = new Set(made)
  for (const path of filesIn('dist')) if (!expected.has(path)) rmSync(inRoot(path))
}

function hashOfSources() {
  return hashFiles([...filesIn('src'), 'tsconfig.json', 'tsconfig.build.json'])
}

if (isMain(import.meta)) await runScript(() => build(hashOfSources()))
