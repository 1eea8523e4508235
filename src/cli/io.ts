import type { Readable, Writable } from 'node:stream'

/** A stream that may be a terminal. */
export type Terminal = Writable & { readonly isTTY?: boolean; readonly columns?: number; readonly rows?: number }

/** The outside of one invocation. */
export interface Io {
  readonly stdin: Readable & { readonly isTTY?: boolean }
  readonly stdout: Terminal
  readonly stderr: Terminal
  readonly env: Readonly<Record<string, string | undefined>>
  readonly cwd: string
  /** The words after `node main.js`. */
  readonly argv: readonly string[]
  /** The script that runs, for the commands that are printed. */
  readonly script: string
}

/** The streams and the environment of this process. */
export function processIo(): Io {
  const { stdin, stdout, stderr, env, argv } = process
  return { stdin, stdout, stderr, env, cwd: process.cwd(), argv: argv.slice(2), script: argv[1] ?? 'planner-exec' }
}

/**
 * Keeps a reader that went away (`| head`) from becoming an unhandled error. `onClosed` runs once, when standard output has no
 * reader any more; what goes to standard error is then lost without a word.
 */
export function tolerateClosedPipes(io: Io, onClosed: () => void): void {
  io.stdout.once('error', onClosed)
  io.stdout.on('error', () => {})
  io.stderr.on('error', () => {})
}

/** Resolves when everything written so far has left the process, or cannot. */
export function flushed(stream: Writable): Promise<void> {
  return new Promise((resolve) => {
    if (stream.destroyed || stream.writableEnded) resolve()
    else stream.write('', () => resolve())
  })
}
