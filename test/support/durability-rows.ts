import type { Driver } from '../../src/services/journal/sqlite-driver.ts'

/** A row of the journal as it is stored. */
export interface JournalRow {
  readonly record_id: number
  readonly run_id: string
  readonly seq: number
  readonly body: string
  readonly hash: Uint8Array
}

/** A change of stored rows, and the first record that is no longer what it was. */
export interface Damage {
  readonly what: string
  readonly first: number
  /** The run is no longer listed: whoever asks for it by its name is told that there is none. */
  readonly unlisted?: true
  /** The only row that it changes, where that is so. */
  readonly row?: JournalRow
  apply(database: Driver): void
}

const SET = {
  body: 'UPDATE journal SET body = CAST(? AS TEXT) WHERE seq = ?',
  hash: 'UPDATE journal SET hash = ? WHERE seq = ?',
  run_id: 'UPDATE journal SET run_id = CAST(? AS TEXT) WHERE seq = ?',
} as const

export type ByteColumn = keyof typeof SET

const bytesOf = (row: JournalRow, column: ByteColumn): Buffer =>
  column === 'hash' ? Buffer.from(row.hash) : Buffer.from(column === 'body' ? row.body : row.run_id)

const run = (database: Driver, sql: string, ...params: (string | number | Uint8Array)[]) => database.prepare(sql).run(...params)

/** Every byte of a column of every row, changed by each of the masks. */
export function* changedBytes(rows: readonly JournalRow[], column: ByteColumn, masks: readonly number[]): Generator<Damage> {
  for (const row of rows) {
    const sound = bytesOf(row, column)
    for (let at = 0; at < sound.length; at += 1) {
      for (const mask of masks) {
        const changed = Buffer.from(sound)
        changed[at] = (changed[at] ?? 0) ^ mask
        yield { what: `${column} of ${row.seq}, byte ${at} ^ ${mask}`, first: row.seq, row, apply: (to) => run(to, SET[column], changed, row.seq) }
      }
    }
  }
}

/** A column of every row, cut off at every length. */
export function* cutColumns(rows: readonly JournalRow[], column: ByteColumn): Generator<Damage> {
  for (const row of rows) {
    const sound = bytesOf(row, column)
    for (let length = 0; length < sound.length; length += 1) {
      const cut = sound.subarray(0, length)
      yield { what: `${column} of ${row.seq}, cut to ${length}`, first: row.seq, row, apply: (to) => run(to, SET[column], cut, row.seq) }
    }
  }
}

/** A whole number of every row with each of its bits changed: a record in another's place takes that place, too. */
export function* changedNumbers(rows: readonly JournalRow[], column: 'seq' | 'record_id'): Generator<Damage> {
  const places = new Map(rows.map(({ record_id: id, seq }) => [id, seq]))
  for (const row of rows) {
    for (let bit = 0; bit < 52; bit += 1) {
      const flag = 2 ** bit
      const changed = Math.floor(row[column] / flag) % 2 === 1 ? row[column] - flag : row[column] + flag
      const taken = column === 'record_id' ? (places.get(changed) ?? row.seq) : row.seq
      yield {
        what: `${column} of ${row.seq}, ${row[column]} made ${changed}`,
        first: Math.min(row.seq, taken),
        apply: (to) => run(to, `UPDATE OR REPLACE journal SET ${column} = ? WHERE record_id = ?`, changed, row.record_id),
      }
    }
  }
}

const insert = (database: Driver, { record_id: id, run_id: runId, seq, body, hash }: JournalRow) =>
  run(database, 'INSERT INTO journal (record_id, run_id, seq, body, hash) VALUES (?, ?, ?, ?, ?)', id, runId, seq, body, hash)

/** Puts one row back as it was. */
export const mendRow = (database: Driver, { record_id: id, run_id: runId, seq, body, hash }: JournalRow): void =>
  run(database, 'UPDATE journal SET run_id = ?, seq = ?, body = ?, hash = ? WHERE record_id = ?', runId, seq, body, hash, id)

/** Replaces all rows of the journal. */
export function putRows(database: Driver, rows: readonly JournalRow[]): void {
  database.exec('DELETE FROM journal')
  for (const row of rows) insert(database, row)
}

/** A row with another row's place and number. */
const inPlaceOf = (row: JournalRow, place: JournalRow): JournalRow => ({ ...row, record_id: place.record_id, seq: place.seq })

/** Rows that are missing, exchanged, doubled, or one too many. */
export function* movedRows(rows: readonly JournalRow[]): Generator<Damage> {
  const last = rows.at(-1)
  if (last === undefined) return
  for (const row of rows) {
    const { seq } = row
    yield { what: `${seq} deleted`, first: seq, apply: (to) => run(to, 'DELETE FROM journal WHERE seq = ?', seq) }
    yield { what: `cut off at ${seq}`, first: seq, apply: (to) => run(to, 'DELETE FROM journal WHERE seq >= ?', seq) }
    const shifted = rows.slice(seq).map((later) => ({ ...later, record_id: later.record_id + 1, seq: later.seq + 1 }))
    yield { what: `${seq} doubled`, first: seq + 1, apply: (to) => putRows(to, [...rows.slice(0, seq + 1), ...shifted]) }
    const forged = { ...row, body: row.body.replace(/"at":\d+/, '"at":1') }
    yield { what: `another inserted at ${seq}`, first: seq, apply: (to) => putRows(to, [...rows.slice(0, seq), forged, ...shifted]) }
    for (const other of rows.slice(seq + 1)) {
      const [here, there] = [inPlaceOf(other, row), inPlaceOf(row, other)]
      const exchanged = rows.map((one) => (one === row ? here : one === other ? there : one))
      yield { what: `${seq} and ${other.seq} exchanged`, first: seq, apply: (to) => putRows(to, exchanged) }
      const moved = rows.map((one) => ({ ...one, record_id: one === row ? other.record_id : one === other ? row.record_id : one.record_id }))
      yield { what: `${seq} and ${other.seq} at each other's place`, first: seq, apply: (to) => putRows(to, moved) }
    }
  }
  const more = { ...last, record_id: last.record_id + 1, seq: last.seq + 1 }
  yield { what: 'one more at the end', first: more.seq, apply: (to) => insert(to, more) }
}

/** Where the run is said to end, and under which name it is kept. */
export function* changedEnds(rows: readonly JournalRow[], head: Uint8Array, runId: string): Generator<Damage> {
  const count = rows.length
  for (let next = 0; next < count + 5; next += 1) {
    if (next === count) continue
    yield { what: `next_seq made ${next}`, first: Math.min(next, count), apply: (to) => run(to, 'UPDATE runs SET next_seq = ?', next) }
  }
  for (let at = 0; at < head.length; at += 1) {
    for (const mask of [0x01, 0x80, 0xff]) {
      const changed = Buffer.from(head)
      changed[at] = (changed[at] ?? 0) ^ mask
      yield { what: `head, byte ${at} ^ ${mask}`, first: count - 1, apply: (to) => run(to, 'UPDATE runs SET head = ?', changed) }
    }
  }
  for (let length = 0; length < head.length; length += 1) {
    yield { what: `head cut to ${length}`, first: count - 1, apply: (to) => run(to, 'UPDATE runs SET head = ?', head.subarray(0, length)) }
  }
  for (let at = 0; at < runId.length; at += 1) {
    const other = `${runId.slice(0, at)}~${runId.slice(at + 1)}`
    yield { what: `the run renamed ${other}`, first: 0, unlisted: true, apply: (to) => run(to, 'UPDATE runs SET run_id = ?', other) }
  }
  yield { what: 'the run with another number', first: 0, apply: (to) => run(to, 'UPDATE runs SET run_no = run_no + 1') }
}
