import { spawn, type ChildProcess } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { devNull } from 'node:os'
import { delimiter, isAbsolute } from 'node:path'
import { Duplex, Readable } from 'node:stream'
import { ControllerError } from '../../errors.ts'
import { inheritedDescriptors } from './descriptors.ts'
import { isWithin } from './safe-path.ts'
import { fromSystemError } from './system-error.ts'

/** One program to run: no shell, no inherited environment. */
export interface ProcessSpec {
  readonly file: string
  readonly args: readonly string[]
  readonly cwd: string
  readonly env: Readonly<Record<string, string>>
  /** Absent: the program reads an empty input. */
  readonly stdin?: string | undefined
  /** Bytes kept of each stream; what comes after them is read and dropped, so the program is not held up. */
  readonly maxStdoutBytes: number
  readonly maxStderrBytes: number
  /** Aborted: the program gets SIGKILL. */
  readonly signal: AbortSignal
  readonly onStart?: (pid: number) => void
  readonly onOutput?: () => void
  /** Receives what the program writes to descriptor 3; without it there is no such descriptor. */
  readonly onStatus?: (chunk: Buffer) => void
  /** Receives what the program says on descriptor 4 before it begins; `open` lets it begin. When this process ends, it reads the end of file. */
  readonly onGate?: (said: string, open: () => void) => void
  /** The program leads a process group of its own, and its descriptor 5 reads the end of file when it or this process has ended. */
  readonly hasLifeline?: boolean
}

export interface Captured {
  readonly bytes: Buffer
  readonly truncated: boolean
}

export interface ProcessEnd {
  /** Null when a signal ended it. */
  readonly exitCode: number | null
  readonly signal: string | null
  readonly stdout: Captured
  readonly stderr: Captured
  readonly durationMs: number
}

/** Bytes that a program may write to one stream before it is stopped; far above what anybody reads. */
export const MAX_STREAM_BYTES = 256 * 1024 * 1024

const STATUS_FD = 3
const GATE_FD = 4
const LIFELINE_FD = 5
const NOTHING: Captured = { bytes: Buffer.alloc(0), truncated: false }
const NEVER_STARTED: ProcessEnd = { exitCode: null, signal: 'SIGKILL', stdout: NOTHING, stderr: NOTHING, durationMs: 0 }

/**
 * Runs a program to its end. A non-zero exit code is a normal end; one stopped by `signal` ends with `signal: 'SIGKILL'`.
 * @throws ControllerError ACTION_FAILED or ACTION_TRANSIENT when it cannot be started, RESOURCE_LIMIT when it writes more than MAX_STREAM_BYTES
 */
export async function runProcess(spec: ProcessSpec): Promise<ProcessEnd> {
  if (spec.signal.aborted) return NEVER_STARTED
  const started = performance.now()
  const child = start(spec)
  const kill = () => void child.kill('SIGKILL')
  spec.signal.addEventListener('abort', kill, { once: true })
  let flooded = false
  const onFlood = () => {
    flooded = true
    kill()
  }
  const stdout = capture(child.stdout, spec.maxStdoutBytes, onFlood, spec.onOutput)
  const stderr = capture(child.stderr, spec.maxStderrBytes, onFlood, spec.onOutput)
  const status = child.stdio[STATUS_FD]
  if (status instanceof Readable) status.on('data', (chunk: Buffer) => spec.onStatus?.(chunk))
  const gate = child.stdio[GATE_FD]
  if (gate instanceof Duplex) {
    gate.on('data', (chunk: Buffer) => spec.onGate?.(chunk.toString('latin1'), () => gate.write('go\n')))
    gate.on('error', () => undefined)
  }
  const lifeline = child.stdio.at(LIFELINE_FD)
  if (lifeline instanceof Duplex) {
    lifeline.on('error', () => undefined)
    // Ended from this side only, so that the end of whoever watches it is waited for like that of any other output.
    lifeline.resume()
    child.once('exit', () => lifeline.end())
  }
  // A program may end without reading its input; that is its right, not an error.
  child.stdin?.on('error', () => undefined)
  child.stdin?.end(spec.stdin)
  const ended = endOf(child, spec.file)
  if (child.pid !== undefined) spec.onStart?.(child.pid)

  const { exitCode, signal } = await ended.finally(() => spec.signal.removeEventListener('abort', kill))
  if (flooded) {
    throw new ControllerError('RESOURCE_LIMIT', `${spec.file} was stopped: it wrote more than ${MAX_STREAM_BYTES} bytes of output.`, {
      hint: 'Let the command write less, or write to a file.',
    })
  }
  return { exitCode, signal, stdout: stdout(), stderr: stderr(), durationMs: performance.now() - started }
}

function start(spec: ProcessSpec): ChildProcess {
  const nothing = openSync(devNull, 'r')
  const own = [
    spec.stdin === undefined ? 'ignore' : 'pipe',
    'pipe',
    'pipe',
    spec.onStatus === undefined ? 'ignore' : 'pipe',
    spec.onGate === undefined ? 'ignore' : 'pipe',
    spec.hasLifeline === true ? 'pipe' : 'ignore',
  ] as const
  const inherited = new Set(inheritedDescriptors())
  const count = Math.max(own.length, ...[...inherited].map((fd) => fd + 1))
  // Node leaves an ignored descriptor above 2 as it is inherited, so what is inherited gets /dev/null in its place.
  const stdio = Array.from({ length: count }, (_, fd) => (inherited.has(fd) && (own[fd] ?? 'ignore') === 'ignore' ? nothing : (own[fd] ?? 'ignore')))
  try {
    return spawn(spec.file, spec.args, { cwd: spec.cwd, env: spec.env, stdio, detached: spec.hasLifeline === true, windowsHide: true })
  } catch (error) {
    throw fromSystemError(error, spec.file)
  } finally {
    closeSync(nothing)
  }
}

/** Resolves when the program has ended and nobody holds its outputs any more. */
function endOf(child: ChildProcess, file: string): Promise<Pick<ProcessEnd, 'exitCode' | 'signal'>> {
  return new Promise((resolve, reject) => {
    child.once('error', (error) => {
      // An error without a process is that it could not be started; any other (a kill too late) changes nothing.
      if (child.pid === undefined) reject(fromSystemError(error, file))
    })
    child.once('close', (exitCode, signal) => resolve({ exitCode, signal }))
  })
}

/**
 * Where our own programs are looked for: the operator's PATH without what the workspace, a package or the working folder could have put
 * there. `npm start` prepends `node_modules/.bin`, and whoever can write to it must not be able to replace git.
 */
export function trustedPath(workspace: string): string {
  const entries = (process.env['PATH'] ?? '').split(delimiter)
  const trusted = entries.filter((entry) => isAbsolute(entry) && !isWithin(workspace, entry) && !entry.includes('node_modules'))
  return [...new Set([...trusted, '/usr/local/bin', '/usr/bin', '/bin'])].join(delimiter)
}

function capture(stream: Readable | null, maxBytes: number, onFlood: () => void, onOutput?: () => void): () => Captured {
  const kept: Buffer[] = []
  let keptBytes = 0
  let seenBytes = 0
  stream?.on('data', (chunk: Buffer) => {
    onOutput?.()
    const before = seenBytes
    seenBytes += chunk.byteLength
    if (keptBytes < maxBytes) {
      // A copy, or a few kept bytes would hold the whole pool they were read into.
      const part = Buffer.from(chunk.subarray(0, maxBytes - keptBytes))
      kept.push(part)
      keptBytes += part.byteLength
    }
    if (before <= MAX_STREAM_BYTES && seenBytes > MAX_STREAM_BYTES) onFlood()
  })
  return () => ({ bytes: Buffer.concat(kept), truncated: seenBytes > keptBytes })
}
