import { execPath } from 'node:process'
import { spawn, type ChildProcess } from 'node:child_process'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { JournalEntry } from '../../../src/model/journal-entry.ts'
import { processOwner } from '../../../src/services/journal/process-owner.ts'
import type { Journal, Lease, RunSummary } from '../../../src/services/journal/journal.ts'

export const NOW = 1_700_000_000_000
const TTL_MS = 60_000

/** A database path in a folder of its own; the state folder does not exist yet. */
export function newDatabase(): string {
  return join(mkdtempSync(join(tmpdir(), 'journal-')), '.planner-exec', 'planner-exec.db')
}

export function entry(seq: number, data: Record<string, unknown> = {}): JournalEntry {
  return { kind: 'event', seq, at: NOW + seq, runAt: seq, path: 's1', event: { type: 'step.done', ...data } }
}

export function entries(from: number, count: number): JournalEntry[] {
  return Array.from({ length: count }, (_, index) => entry(from + index))
}

export function summary(runId: string, createdAt = NOW): RunSummary {
  return {
    runId,
    goal: 'Fix it',
    workflowType: 'simple',
    state: 'open.active',
    needsPerson: false,
    finished: false,
    exitReason: null,
    createdAt,
    updatedAt: createdAt,
  }
}

/** Reserves a new run for this process. */
export function claimRun(journal: Journal, runId: string, owner = processOwner()): Lease {
  return present(journal.acquire(runId, { owner, ttlMs: TTL_MS, now: NOW, create: true }))
}

export function claimAgain(journal: Journal, runId: string, now: number = NOW, owner = processOwner()): Lease | null {
  return journal.acquire(runId, { owner, ttlMs: TTL_MS, now })
}

export function present<T>(value: T | null | undefined): T {
  if (value === null || value === undefined) throw new Error('nothing there')
  return value
}

/** Starts one of the programs in `children/`. */
export function startChild(program: string, args: readonly string[]): ChildProcess & { readonly stdout: NodeJS.ReadableStream } {
  const path = join(dirname(fileURLToPath(import.meta.url)), 'children', program)
  return spawn(execPath, ['--import', 'tsx', path, ...args], { stdio: ['ignore', 'pipe', 'inherit'] })
}

export function lines(child: { readonly stdout: NodeJS.ReadableStream }): AsyncIterable<string> {
  return createInterface({ input: child.stdout })
}

export async function exitOf(child: ChildProcess): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode
  return new Promise((resolve) => {
    child.once('exit', resolve)
  })
}
