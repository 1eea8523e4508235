import { cp, mkdtemp, readFile, readdir, rm, symlink } from 'node:fs/promises'
import { existsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The project's folder, absolute. */
export const ROOT = fileURLToPath(new URL('../../', import.meta.url))

export interface Shipped {
  /** The command's script. */
  readonly main: string
  readonly folder: string
  remove(): Promise<void>
}

/** The built program in a folder of its own: a build that begins while a test runs does not pull it away. */
export async function shippedCli(): Promise<Shipped> {
  if (!existsSync(join(ROOT, 'dist', 'cli', 'main.js'))) throw new Error('There is no dist/: run `npm run build` first')
  const folder = await mkdtemp(join(tmpdir(), 'planner-exec-shipped-'))
  await Promise.all(
    ['dist', 'examples', 'playbooks', 'policies', 'package.json'].map((name) => cp(join(ROOT, name), join(folder, name), { recursive: true })),
  )
  await symlink(join(ROOT, 'node_modules'), join(folder, 'node_modules'))
  return { main: join(folder, 'dist', 'cli', 'main.js'), folder, remove: () => rm(folder, { recursive: true, force: true }) }
}

/** The records of `--json` output. */
export function recordsOf({ stdout }: { readonly stdout: string }): Record<string, unknown>[] {
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line))
}

/** Whether a text has lines of a stack trace. */
export const showsStack = (text: string): boolean => /^\s+at .+(:\d+|\(.+\)|node:)/m.test(text)

/** Command lines of this machine's processes of which one word is `token`. */
export async function processesWith(token: string): Promise<string[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
  const lines = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')))
  return lines.filter((line) => line.split('\0').includes(token))
}
