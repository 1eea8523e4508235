import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))

/**
 * The program compiled into a folder of its own: a copy that nobody edits while it runs, and quick to start. `remove` clears it.
 */
export async function buildCli(): Promise<{ readonly main: string; remove(): Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'planner-exec-build-'))
  for (const name of ['package.json', 'node_modules', 'playbooks', 'policies']) await symlink(join(ROOT, name), join(folder, name))
  const compiler = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc')
  const main = join(folder, 'dist', 'cli', 'main.js')
  // Types are judged by `npm run check`; what matters here is what is emitted.
  const options = [
    '-p',
    join(ROOT, 'tsconfig.build.json'),
    '--emitDeclarationOnly',
    'false',
    '--declaration',
    'false',
    '--outDir',
    join(folder, 'dist'),
  ]
  await once(spawn(process.execPath, [compiler, ...options], { stdio: 'ignore' }), 'exit')
  if (!existsSync(main)) throw new Error('The program does not build: run `npx tsc -p tsconfig.build.json`')
  return { main, remove: () => rm(folder, { recursive: true, force: true }) }
}

export interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface Invocation {
  readonly process: ChildProcessWithoutNullStreams
  readonly ended: Promise<Ended>
  /** Resolves with everything written so far once standard output or standard error fits. */
  until(pattern: RegExp): Promise<string>
}

/** A folder of its own for a workspace, and the command line in it. */
export interface Desk {
  readonly folder: string
  /** Starts `planner-exec` with these words. */
  start(words: readonly string[], env?: Record<string, string>): Invocation
  /** Runs it to its end. */
  run(...words: readonly string[]): Promise<Ended>
  /** Starts it on a pseudo-terminal of this size. */
  onTerminal(words: readonly string[], size: { readonly columns: number; readonly rows: number }): Invocation
  write(name: string, content: unknown): Promise<string>
}

/** Works at a desk that is cleared afterwards. */
export async function atDesk(main: string, work: (desk: Desk) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'planner-exec-e2e-'))
  const begun: Invocation[] = []
  const begin = (file: string, words: readonly string[], env: Record<string, string>) => {
    const invocation = watch(spawn(file, words, { cwd: folder, env: { PATH: process.env['PATH'], HOME: folder, ...env } }))
    begun.push(invocation)
    return invocation
  }
  const cli = (words: readonly string[]) => [main, ...words]
  try {
    await work({
      folder,
      start: (words, env = {}) => begin(process.execPath, cli(words), env),
      run: (...words) => begin(process.execPath, cli(words), {}).ended,
      onTerminal: (words, { columns, rows }) => {
        const line = [process.execPath, ...cli(words)].map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(' ')
        return begin('script', ['-qefc', `stty cols ${columns} rows ${rows}; exec ${line}`, '/dev/null'], { TERM: 'xterm', NO_COLOR: '1' })
      },
      write: async (name, content) => {
        await writeFile(join(folder, name), typeof content === 'string' ? content : JSON.stringify(content))
        return join(folder, name)
      },
    })
  } finally {
    for (const { process: child } of begun) child.kill('SIGKILL')
    await Promise.all(begun.map(({ ended }) => ended))
    await rm(folder, { recursive: true, force: true })
  }
}

function watch(child: ChildProcessWithoutNullStreams): Invocation {
  const texts = { stdout: '', stderr: '' }
  const waiting = new Set<() => void>()
  const take = (name: keyof typeof texts) => (chunk: Buffer) => {
    texts[name] += chunk.toString('utf8')
    for (const look of waiting) look()
  }
  child.stdout.on('data', take('stdout'))
  child.stderr.on('data', take('stderr'))
  const ended = new Promise<Ended>((resolve) => child.once('close', (code) => resolve({ code, ...texts })))
  return {
    process: child,
    ended,
    until: (pattern) =>
      new Promise((resolve, reject) => {
        const look = () => {
          if (!pattern.test(texts.stdout) && !pattern.test(texts.stderr)) return
          waiting.delete(look)
          resolve(texts.stdout + texts.stderr)
        }
        waiting.add(look)
        look()
        void ended.then(({ code }) => reject(new Error(`It ended with ${code} before ${pattern} came:\n${texts.stdout}\n${texts.stderr}`)))
      }),
  }
}
