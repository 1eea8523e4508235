import * as z from 'zod'
import { sha256 } from '../../model/digest.ts'
import type { EffectRecord, InboxRow, RunSummary } from './journal.ts'
import { corrupt } from './journal-failure.ts'
import type { Claim } from './lease-rules.ts'
import type { Row } from './sqlite-driver.ts'

// Rows come from a file that others can write: each is checked when it is read.

const StoredSummary = z.strictObject({
  runId: z.string(),
  goal: z.string(),
  workflowType: z.string(),
  state: z.string(),
  needsPerson: z.boolean(),
  finished: z.boolean(),
  exitReason: z.string().nullable(),
  createdAt: z.number(),
  updatedAt: z.number(),
  /** Absent in stores of earlier versions. */
  check: z.string().optional(),
})

const EffectRow: z.ZodType<EffectRecord> = z.strictObject({
  key: z.string(),
  runId: z.string(),
  stepId: z.string(),
  capability: z.string(),
  digest: z.string(),
  attempt: z.int(),
  state: z.enum(['open', 'done', 'failed']),
  outputRef: z.string().nullable(),
  at: z.number(),
})

const RequestRow: z.ZodType<InboxRow> = z.strictObject({
  inboxId: z.int(),
  runId: z.string(),
  // Unreadable text is a request like any other that no run takes: it is answered, and does not stand in the way of the next.
  event: z.looseObject({ type: z.string() }).catch({ type: 'unreadable' }),
  at: z.number(),
  state: z.enum(['pending', 'applied', 'refused']),
  answer: z.string().nullable(),
})

const ClaimRow: z.ZodType<Claim> = z.strictObject({ runId: z.string(), owner: z.string().nullable(), token: z.int(), expiresAt: z.number() })

/** A summary as text, with the hash that tells that it is as it was written. */
export function encodeSummary(summary: RunSummary): string {
  // In the order of the schema, as it will be read.
  const ordered = StoredSummary.parse(summary)
  return JSON.stringify({ ...ordered, check: sha256(JSON.stringify(ordered)) })
}

/** @throws ControllerError JOURNAL_CORRUPT when it is not what was written */
export function toSummary(row: Row): RunSummary {
  const runId = row['run_id']
  const { check, ...summary } = checked(StoredSummary, 'summary', runId, parsed(row['summary']))
  if (summary.runId !== runId) throw damaged('summary', runId, `it is that of run ${summary.runId}`)
  if (check !== undefined && check !== sha256(JSON.stringify(summary))) throw damaged('summary', runId, 'its content does not match its hash')
  return summary
}

export const toEffect = (row: Row): EffectRecord => checked(EffectRow, 'effect', row['key'], { ...row })

export const toClaim = (row: Row): Claim => checked(ClaimRow, 'lease of run', row['runId'], { ...row })

export const toInboxRow = (row: Row): InboxRow => checked(RequestRow, 'request', row['inboxId'], { ...row, event: parsed(row['event']) })

/** A column that must be a whole number; `of` names the row. */
export function integer(row: Row, column: string, of: string): number {
  const value = row[column]
  if (typeof value !== 'number' || !Number.isSafeInteger(value)) throw damaged(column, `of ${of}`, 'it is no whole number')
  return value
}

/** A column that must be bytes, as hex; `of` names the row. */
export function hex(row: Row, column: string, of: string): string {
  const value = row[column]
  if (!(value instanceof Uint8Array)) throw damaged(column, `of ${of}`, 'it is not bytes')
  return toHex(value)
}

/** Bytes as lower-case hex. */
export function toHex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex')
}

function checked<T>(schema: z.ZodType<T>, kind: string, name: unknown, value: unknown): T {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  throw damaged(kind, name, result.error.issues.map((issue) => `${issue.path.map(String).join('.')} ${issue.message}`.trim()).join('; '))
}

function parsed(value: unknown): unknown {
  try {
    return JSON.parse(String(value))
  } catch {
    return null
  }
}

function damaged(kind: string, name: unknown, problem: string): Error {
  return corrupt(`The journal's ${kind} ${String(name)} is damaged: ${problem}.`, { problem })
}
