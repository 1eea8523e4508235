import { sha256 } from '../../model/digest.ts'
import { corruptRecord } from './journal-failure.ts'

/** One stored record: its JSON text, and the hash (hex) that binds it to all records before it. */
export interface ChainRecord {
  readonly seq: number
  readonly body: string
  readonly hash: string
}

/** Where a run's journal ends: the next free `seq`, and the hash of the last record. */
export interface ChainHead {
  readonly nextSeq: number
  readonly hash: string
}

/** The hash before the first record: no run's records can stand for another's. */
export function genesisHash(runId: string): string {
  return sha256(runId)
}

const beginning = (runId: string): ChainHead => ({ nextSeq: 0, hash: genesisHash(runId) })

/** Hash of a record whose predecessor has the hash `previous`. */
export function nextHash(previous: string, body: string): string {
  return sha256(`${previous}\n${body}`)
}

/** The records that `bodies` become when they follow `head`. */
export function extendChain(head: ChainHead, bodies: readonly string[]): readonly ChainRecord[] {
  let previous = head.hash
  return bodies.map((body, index) => {
    previous = nextHash(previous, body)
    return { seq: head.nextSeq + index, body, hash: previous }
  })
}

/**
 * Checks that `records` are the run's first ones, or those that follow `from`, without gap or change. When they reach to `head`, or
 * beyond, they must end there.
 * @throws ControllerError JOURNAL_CORRUPT naming run, record and what is wrong
 */
export function verifyChain(runId: string, records: readonly ChainRecord[], head: ChainHead, toSeq: number, from = beginning(runId)): void {
  let previous = from.hash
  for (const [position, record] of records.entries()) {
    const index = from.nextSeq + position
    if (record.seq !== index) throw corruptRecord(runId, index, `it is missing; record ${record.seq} stands in its place`)
    if (record.seq >= head.nextSeq) throw corruptRecord(runId, index, `the run ends before it, with ${head.nextSeq} records`)
    const expected = nextHash(previous, record.body)
    if (record.hash !== expected) throw corruptRecord(runId, index, 'its content does not match its hash')
    previous = expected
  }
  const count = from.nextSeq + records.length
  if (count < Math.min(head.nextSeq, toSeq + 1)) {
    throw corruptRecord(runId, count, `it is missing, with everything after it, of ${head.nextSeq} records`)
  }
  if (count === head.nextSeq && toSeq >= head.nextSeq && previous !== head.hash) {
    throw corruptRecord(runId, Math.max(0, count - 1), 'its hash is not the one at which the run ends')
  }
}
