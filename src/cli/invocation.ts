import { basename } from 'node:path'
import type { Io } from './io.ts'

/** How to call this program again, from another terminal in the same folder. */
export interface Invocation {
  /** `planner-exec`, `npx planner-exec`, `npm start --` or `node /path/main.js`. */
  readonly program: string
  /** Options that every printed command needs to find the run, such as `--workspace DIR`. */
  readonly location: readonly string[]
}

/** What to type to start this program the way it was started. */
export function programOf(io: Pick<Io, 'script' | 'env'>): string {
  const event = io.env['npm_lifecycle_event']
  if (event === 'start') return 'npm start --'
  if (event === 'npx') return 'npx planner-exec'
  return basename(io.script) === 'planner-exec' ? 'planner-exec' : `node ${quoted(io.script)}`
}

/** A command line that can be pasted into a shell. */
export function commandLine(invocation: Invocation, ...words: readonly string[]): string {
  return [invocation.program, ...[...words, ...invocation.location].map(quoted)].join(' ')
}

/** A word for a POSIX shell. */
export function quoted(word: string): string {
  return /^[A-Za-z0-9_@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`
}
