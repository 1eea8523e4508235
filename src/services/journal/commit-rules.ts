import { sha256 } from '../../model/digest.ts'
import { encodeEntry } from './entry-text.ts'
import type { Commit, EffectRecord, InboxRow, RunSummary } from './journal.ts'
import { leaseLost, refusedCommit, runUnknown } from './journal-failure.ts'
import type { Claim } from './lease-rules.ts'

/** A commit as it will be stored: checked as far as it can be alone, its entries encoded, so that later changes cannot reach it. */
export interface PreparedCommit {
  readonly runId: string
  readonly token: number
  /** The `seq` of each entry, and its text. */
  readonly seqs: readonly number[]
  readonly bodies: readonly string[]
  readonly summary: RunSummary | null
  readonly blobs: ReadonlyMap<string, string>
  readonly effects: readonly EffectRecord[]
  readonly answers: NonNullable<Commit['answers']>
  readonly basedOn: string | null
}

/** What is stored already, as far as a commit must agree with it. */
export interface StoredState {
  /** The next free `seq`; null when the run does not exist. */
  nextSeq(runId: string): number | null
  claim(runId: string): Claim | null
  inbox(inboxId: number): InboxRow | null
  effect(key: string): EffectRecord | null
}

/**
 * Checks what can be checked without the store, and encodes.
 * @throws ControllerError JOURNAL_CORRUPT
 */
export function prepareCommit(commit: Commit): PreparedCommit {
  const { runId, token, entries, summary = null, blobs = new Map<string, string>(), effects = [], answers = [], basedOn = null } = commit
  for (const [ref, body] of blobs) {
    if (sha256(body) !== ref) throw refusedCommit(runId, `the blob ${ref} has another content (${sha256(body)})`)
  }
  const stranger = [summary, ...effects].find((record) => record !== null && record.runId !== runId)
  if (stranger) throw refusedCommit(runId, `it holds something of run ${stranger.runId}`)
  if (new Set(answers.map((answer) => answer.inboxId)).size < answers.length) throw refusedCommit(runId, 'it answers a request twice')
  return {
    runId,
    token,
    seqs: entries.map((entry) => entry.seq),
    bodies: entries.map((entry) => encodeEntry(runId, entry)),
    summary: summary === null ? null : { ...summary },
    blobs: new Map(blobs),
    effects: effects.map((effect) => ({ ...effect })),
    answers: answers.map((answer) => ({ ...answer })),
    basedOn,
  }
}

/**
 * Checks a commit against what is stored, before anything of it is written.
 * @throws ControllerError RUN_UNKNOWN, LEASE_LOST, JOURNAL_CORRUPT
 */
export function checkCommit(commit: PreparedCommit, stored: StoredState): void {
  const { runId } = commit
  const nextSeq = stored.nextSeq(runId)
  if (nextSeq === null) throw runUnknown(runId)
  if (commit.basedOn !== null && stored.nextSeq(commit.basedOn) === null) throw runUnknown(commit.basedOn)
  const claim = stored.claim(runId)
  if (claim === null || claim.owner === null || claim.token !== commit.token) throw leaseLost(runId, commit.token)
  const gap = commit.seqs.findIndex((seq, index) => seq !== nextSeq + index)
  if (gap >= 0) throw refusedCommit(runId, `record ${commit.seqs[gap]} was given where ${nextSeq + gap} is next`)
  for (const { inboxId } of commit.answers) checkAnswer(runId, inboxId, stored.inbox(inboxId))
  for (const effect of commit.effects) checkEffect(effect, stored.effect(effect.key))
}

/** The blobs that nothing of this commit refers to: a record is to come that does. Until then they must not look forgotten. */
export function blobsAhead({ blobs, bodies, effects }: PreparedCommit): readonly string[] {
  const isNamed = (ref: string) => bodies.some((body) => body.includes(ref)) || effects.some(({ outputRef }) => outputRef === ref)
  return [...blobs.keys()].filter((ref) => !isNamed(ref))
}

function checkAnswer(runId: string, inboxId: number, row: InboxRow | null): void {
  if (row === null || row.runId !== runId) throw refusedCommit(runId, `it answers request ${inboxId}, which is not one of the run`)
  if (row.state !== 'pending') throw refusedCommit(runId, `it answers request ${inboxId} again, which was ${row.state}`)
}

function checkEffect(effect: EffectRecord, known: EffectRecord | null): void {
  if (known === null) return
  if (known.runId !== effect.runId) throw refusedCommit(effect.runId, `the effect ${effect.key} belongs to run ${known.runId}`)
  if (known.state === 'done' && effect.state !== 'done') {
    throw refusedCommit(effect.runId, `the effect ${effect.key} is done and cannot become ${effect.state}`)
  }
}
