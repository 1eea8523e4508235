import { execFileSync, spawn } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/** Numbers from 0 to 1 that a seed decides (mulberry32). */
export function randomOf(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

/**
 * Random moments in the life of a process like `calm`, one in each of `count` equal parts so that no stretch is left out. They are
 * counted from its first output, before which a tenth of them is: a busy machine starts a process late, but what follows keeps its length.
 */
export function momentsIn(calm: Killed, count: number, random: () => number): Moment[] {
  const startMs = calm.firstOutputMs ?? calm.wallMs
  return Array.from({ length: count }, (_, i): Moment => {
    const part = (i + random()) / count
    return part < 0.1 ? { after: 'start', ms: (0.5 + 5 * part) * startMs } : { after: 'output', ms: ((part - 0.1) / 0.9) * (calm.wallMs - startMs) }
  })
}

export interface Killed {
  readonly stdout: string
  readonly stderr: string
  readonly code: number | null
  /** False when the process had ended by itself before. */
  readonly wasKilled: boolean
  readonly wallMs: number
  /** When the first output came, ms from the start; null when none did. */
  readonly firstOutputMs: number | null
}

/** When to kill: so many ms after the process was started, or after its first output. */
export interface Moment {
  readonly after: 'start' | 'output'
  readonly ms: number
}

/** Runs a Node script, and ends it with SIGKILL at a moment when one is given. */
export function runAndKill(words: readonly string[], options: { readonly cwd: string; readonly moment?: Moment }): Promise<Killed> {
  const { cwd, moment } = options
  const startedAt = performance.now()
  const child = spawn(process.execPath, words, { cwd, env: { PATH: process.env['PATH'], HOME: cwd }, stdio: ['ignore', 'pipe', 'pipe'] })
  const texts = { stdout: '', stderr: '' }
  let firstOutputMs: number | null = null
  let timer: NodeJS.Timeout | undefined
  const arm = (event: Moment['after']) => {
    if (moment?.after === event) timer = setTimeout(() => child.kill('SIGKILL'), moment.ms)
  }
  arm('start')
  child.stdout.on('data', (chunk: Buffer) => {
    if (firstOutputMs === null) arm('output')
    firstOutputMs ??= performance.now() - startedAt
    texts.stdout += chunk.toString('utf8')
  })
  child.stderr.on('data', (chunk: Buffer) => (texts.stderr += chunk.toString('utf8')))
  return new Promise((resolve) => {
    child.once('close', (code, signal) => {
      clearTimeout(timer)
      resolve({ ...texts, code, wasKilled: signal === 'SIGKILL', wallMs: performance.now() - startedAt, firstOutputMs })
    })
  })
}

/** A small repository with a few things to find, and some history. */
export async function makeRepository(folder: string, files: number): Promise<void> {
  const git = (...words: string[]) =>
    execFileSync('git', ['-c', 'user.name=A', '-c', 'user.email=a@example.org', ...words], { cwd: folder, stdio: 'ignore' })
  await mkdir(join(folder, 'src'), { recursive: true })
  git('init', '-q')
  await writeFile(join(folder, 'package.json'), '{ "name": "sample", "version": "1.0.0" }\n')
  await writeFile(join(folder, 'README.md'), '# Sample\n')
  for (let round = 0; round < 3; round += 1) {
    for (let i = 0; i < files; i += 1) {
      const todo = i % 5 === 0 ? '// TODO: round off\n' : ''
      await writeFile(join(folder, 'src', `part${i}.ts`), `${todo}export const part${i} = (a: number) => a + ${i + round}\n`.repeat(20))
    }
    git('add', '-A')
    git('commit', '-qm', `Round ${round}`)
  }
}
