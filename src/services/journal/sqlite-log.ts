import { closeSync, fstatSync, lstatSync, openSync, readSync } from 'node:fs'
import { corrupt } from './journal-failure.ts'

// The format is https://www.sqlite.org/fileformat2.html#the_write_ahead_log.
const HEADER_BYTES = 32
const FRAME_HEADER_BYTES = 24
/** Of a log that is being written, what is read may be older than what follows: it is looked at again before it is called damaged. */
const LOOKS = 5
const PAUSE_MS = 10
/** A longer log is what a reader left that never ended, and takes too long to look through at each opening. */
const LONGEST_BYTES = 256 * 2 ** 20

/** The least size of a page: SQLite takes a shorter file for an empty one, and would make a new store of it. */
const LEAST_BYTES = 512

/** Refuses a database of which hardly anything is left. An empty file is what a process leaves that was killed while it made one. */
export function assertNotCutOff(file: string): void {
  const bytes = lstatSync(file, { throwIfNoEntry: false })?.size ?? 0
  if (bytes === 0 || bytes >= LEAST_BYTES) return
  const problem = `only ${bytes} bytes of it are left`
  throw corrupt(`The journal ${file} is damaged: ${problem}.`, { file, problem })
}

/**
 * Refuses a write-ahead log that is damaged before its last transaction. SQLite takes the first frame whose checksum is wrong for the end
 * of the log, and would silently forget what was committed after it. The last transaction alone may be torn: it was not acknowledged when
 * its write did not end, and nothing tells that from damage. With `sync: 'normal'` a loss of power may leave such a log, and going on with what
 * comes before the gap is what was agreed to: it is not for stores that are opened so.
 * @throws ControllerError JOURNAL_CORRUPT
 */
export function assertWholeLog(file: string): void {
  const path = `${file}-wal`
  for (let look = 1; ; look += 1) {
    const log = readIfThere(path)
    const frame = log === null ? null : damagedFrame(log)
    if (frame === null) return
    if (look < LOOKS) {
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PAUSE_MS)
      continue
    }
    const problem = `frame ${frame} of its write-ahead log is damaged, and later commits follow it`
    throw corrupt(`The journal ${file} is damaged: ${problem}. Opened once with \`sync: normal\`, it goes on with what comes before.`, {
      file: path,
      problem,
    })
  }
}

function readIfThere(path: string): Buffer | null {
  let descriptor: number
  try {
    descriptor = openSync(path, 'r')
  } catch {
    return null
  }
  try {
    const { size } = fstatSync(descriptor)
    if (size > LONGEST_BYTES) return null
    const log = Buffer.alloc(size)
    return log.subarray(0, readSync(descriptor, log, 0, log.length, 0))
  } finally {
    closeSync(descriptor)
  }
}

/** The first frame that SQLite will not take although at least two later commits of the same log are there; null when there is none. */
function damagedFrame(log: Buffer): number | null {
  if (log.length < HEADER_BYTES + FRAME_HEADER_BYTES) return null
  const littleEndian = (log.readUInt32BE(0) & 1) === 0
  const header = sumOf(log, 0, 24, littleEndian, [0, 0])
  const isSound = (log.readUInt32BE(0) & ~1) >>> 0 === 0x377f0682 && header[0] === log.readUInt32BE(24) && header[1] === log.readUInt32BE(28)
  const pageBytes = isSound ? log.readUInt32BE(8) : 4096
  const frameBytes = FRAME_HEADER_BYTES + pageBytes
  const count = Math.floor((log.length - HEADER_BYTES) / frameBytes)
  const salts = (start: number) => log.readBigUInt64BE(start)
  // A header that is wrong makes SQLite forget everything: then the frames say which log they are of.
  const own = isSound ? salts(16) : count > 1 ? salts(HEADER_BYTES + frameBytes + 8) : 0n
  let sum = header
  let first = isSound ? count : 0
  for (let index = 0; isSound && index < count; index += 1) {
    const start = HEADER_BYTES + index * frameBytes
    if (salts(start + 8) !== own) {
      first = index
      break
    }
    sum = sumOf(log, start, start + 8, littleEndian, sum)
    sum = sumOf(log, start + FRAME_HEADER_BYTES, start + frameBytes, littleEndian, sum)
    if (sum[0] !== log.readUInt32BE(start + 16) || sum[1] !== log.readUInt32BE(start + 20)) {
      first = index
      break
    }
  }
  let commits = 0
  for (let index = first; index < count; index += 1) {
    const start = HEADER_BYTES + index * frameBytes
    if (salts(start + 8) === own && log.readUInt32BE(start + 4) !== 0) commits += 1
  }
  return commits > 1 ? first : null
}

type Sum = readonly [number, number]

/** SQLite's checksum over words of 32 bits, in pairs. */
function sumOf(log: Buffer, from: number, to: number, littleEndian: boolean, [a, b]: Sum): Sum {
  let [s0, s1] = [a, b]
  const view = new DataView(log.buffer, log.byteOffset, log.byteLength)
  for (let at = from; at < to; at += 8) {
    s0 = (s0 + view.getUint32(at, littleEndian) + s1) >>> 0
    s1 = (s1 + view.getUint32(at + 4, littleEndian) + s0) >>> 0
  }
  return [s0, s1]
}
