import { execFile } from 'node:child_process'
import { cp, mkdir, readdir, rm, writeFile } from 'node:fs/promises'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Ended } from '../e2e/invoke-cli.ts'
import { ROOT } from './e2e-cli.ts'

const QUIET = ['--prefer-offline', '--no-audit', '--no-fund', '--loglevel=error']
const ADDON = join('node_modules', 'better-sqlite3', 'build')

/** Runs a command without what an npm that runs the tests puts into the environment. */
export function command(file: string, words: readonly string[], cwd: string, extra: Record<string, string> = {}): Promise<Ended> {
  const env = { PATH: process.env['PATH'], HOME: process.env['HOME'], ...extra }
  return new Promise((resolve) => {
    execFile(file, words, { cwd, env, maxBuffer: 64 * 1024 * 1024 }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr })
    })
  })
}

async function succeed(file: string, words: readonly string[], cwd: string): Promise<string> {
  const ended = await command(file, words, cwd)
  if (ended.code !== 0) throw new Error(`${file} ${words.join(' ')} ended with ${ended.code}:\n${ended.stdout}\n${ended.stderr}`)
  return ended.stdout
}

/** Packs the project as it is built, as `npm publish` would; returns the tarball's path and the files in it. */
export async function pack(folder: string): Promise<{ readonly tarball: string; readonly files: readonly string[] }> {
  const told = await succeed('npm', ['pack', '--ignore-scripts', '--json', '--pack-destination', folder, '--loglevel=error'], ROOT)
  const [made]: { filename: string; files: { path: string }[] }[] = JSON.parse(told)
  if (made === undefined) throw new Error(`npm pack told nothing: ${told}`)
  return { tarball: join(folder, made.filename), files: made.files.map(({ path }) => path) }
}

/**
 * Installs a tarball into a folder of its own. better-sqlite3 is not compiled again, which takes minutes: the binary that the set-up of this
 * checkout compiled from the same source is put where the compiler would have.
 */
export async function install(folder: string, tarball: string): Promise<void> {
  await mkdir(folder, { recursive: true })
  await writeFile(join(folder, 'package.json'), JSON.stringify({ name: 'consumer', private: true, type: 'module' }))
  await succeed('npm', ['install', '--ignore-scripts', ...QUIET, tarball], folder)
  if (existsSync(join(ROOT, ADDON)) && !existsSync(join(folder, ADDON))) await cp(join(ROOT, ADDON), join(folder, ADDON), { recursive: true })
}

/** A Node of another version, from npm; returns its executable. */
export async function nodeOf(version: string, folder: string): Promise<string> {
  await rm(folder, { recursive: true, force: true })
  await mkdir(folder, { recursive: true })
  await writeFile(join(folder, 'package.json'), JSON.stringify({ private: true }))
  // Its install script links the executable of this platform into `node/bin`.
  await succeed('npm', ['install', ...QUIET, `node@${version}`], folder)
  const found = [join('node', 'bin'), ...(await readdir(join(folder, 'node_modules'))).map((name) => join(name, 'bin'))]
    .map((bin) => join(folder, 'node_modules', bin, 'node'))
    .find((path) => existsSync(path))
  if (found === undefined) throw new Error(`node@${version} brought no executable`)
  return found
}
