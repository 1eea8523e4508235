import { basename } from 'node:path'
import { printable } from '../input/terminal-text.ts'
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

/** A word for a POSIX shell, safe to show: what a terminal could obey is written as octal bytes between `$'` and `'`. */
export function quoted(word: string): string {
  if (/^[A-Za-z0-9_@%+=:,./-]+$/.test(word)) return word
  if (printable(word) === word && !/[\n\t]/.test(word)) return `'${word.replaceAll("'", `'\\''`)}'`
  return `$'${[...word].map(ansiQuoted).join('')}'`
}

function ansiQuoted(char: string): string {
  if (char === "'" || char === '\\') return `\\${char}`
  return /[\n\t\p{M}]/u.test(char) || printable(char) !== char ? octal(char) : char
}

function octal(char: string): string {
  return [...Buffer.from(char, 'utf8')].map((byte) => `\\${byte.toString(8).padStart(3, '0')}`).join('')
}
