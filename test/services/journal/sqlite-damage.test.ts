import { mkdtempSync, mkdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { spawnSync } from 'node:child_process'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { beforeEach, describe, expect, test } from 'vitest'
import { ControllerError } from '../../../src/errors.ts'
import { sha256 } from '../../../src/model/digest.ts'
import type { Journal } from '../../../src/services/journal/journal.ts'
import { loadDriver, type Driver } from '../../../src/services/journal/sqlite-driver.ts'
import { createSqliteJournal } from '../../../src/services/journal/sqlite.journal.ts'
import { claimRun, entries, entry, newDatabase, NOW, summary } from './journal.fixture.ts'

const RECORDS = 6
let file: string

/** A closed journal of one run, with a little of everything. */
beforeEach(async () => {
  file = newDatabase()
  const journal = await createSqliteJournal({ file })
  const lease = claimRun(journal, 'run-1')
  await journal.send('run-1', { type: 'run.pause' }, NOW)
  await journal.commit({
    ...lease,
    entries: entries(0, RECORDS),
    summary: summary('run-1'),
    blobs: new Map([[sha256('body'), 'body']]),
    effects: [
      { key: 'e', runId: 'run-1', stepId: 's1', capability: 'fs.write.v1', digest: 'd', attempt: 1, state: 'open', outputRef: null, at: NOW },
    ],
  })
  await journal.close()
})

async function change(...statements: readonly string[]): Promise<void> {
  const driver: Driver = (await loadDriver())(file)
  for (const sql of statements) driver.exec(sql)
  driver.close()
}

async function refusalOf(work: (journal: Journal) => unknown): Promise<ControllerError> {
  try {
    const journal = await createSqliteJournal({ file })
    try {
      work(journal)
    } finally {
      await journal.close()
    }
  } catch (error) {
    if (error instanceof ControllerError) return error
    throw error
  }
  throw new Error('it was accepted')
}

describe('a damaged run', () => {
  test.each([
    ['a changed body', `UPDATE journal SET body = replace(body, 'step.done', 'step.DONE') WHERE seq = 3`, 3, 'does not match its hash'],
    ['a shortened body', `UPDATE journal SET body = substr(body, 1, length(body) - 1) WHERE seq = 3`, 3, 'does not match its hash'],
    ['a changed hash', `UPDATE journal SET hash = zeroblob(32) WHERE seq = 3`, 3, 'does not match its hash'],
    ['a missing record', `DELETE FROM journal WHERE seq = 3`, 3, 'record 4 stands in its place'],
    ['a missing first record', `DELETE FROM journal WHERE seq = 0`, 0, 'record 1 stands in its place'],
    ['a missing last record', `DELETE FROM journal WHERE seq = 5`, 5, 'of 6 records'],
    ['a missing end', `DELETE FROM journal WHERE seq >= 2`, 2, 'of 6 records'],
    ['a record of another run', `UPDATE journal SET run_id = 'run-2' WHERE seq = 4`, 4, 'marked as that of another run'],
    ['a record with another number', `UPDATE journal SET seq = 99 WHERE seq = 4`, 4, 'record 99 stands in its place'],
    ['a record after the end', `UPDATE runs SET next_seq = 4`, 4, 'the run ends before it, with 4 records'],
    ['an end with another hash', `UPDATE runs SET head = zeroblob(32)`, 5, 'not the one at which the run ends'],
    ['a run that is no longer listed', `DELETE FROM runs`, 0, 'no longer listed'],
  ])('with %s is refused by name', async (_, sql, seq, problem) => {
    await change(sql)

    const refusal = await refusalOf((journal) => journal.read('run-1'))

    expect(refusal.code).toBe('JOURNAL_CORRUPT')
    expect(refusal.message).toContain(`Run run-1 is damaged at record ${seq}: `)
    expect(refusal.message).toContain(problem)
    expect(refusal.details).toMatchObject({ runId: 'run-1', seq })
  })

  describe('with a snapshot', () => {
    beforeEach(async () => {
      file = newDatabase()
      const journal = await createSqliteJournal({ file })
      const lease = claimRun(journal, 'run-1')
      const snapshot = { kind: 'snapshot' as const, seq: 3, at: NOW, runAt: 0, ref: 'body' }
      await journal.commit({ ...lease, entries: [...entries(0, 3), snapshot, ...entries(4, 2)] })
      await journal.close()
    })

    test.each([
      ['a changed snapshot', `UPDATE journal SET body = replace(body, '"ref":"body"', '"ref":"tody"') WHERE seq = 3`, 3],
      ['a snapshot that says it is none', `UPDATE journal SET body = replace(body, 'snapshot', 'napshot') WHERE seq = 3`, 3],
      ['another hash before the snapshot', `UPDATE journal SET hash = zeroblob(32) WHERE seq = 2`, 3],
      ['a changed record after it', `UPDATE journal SET body = replace(body, 'step.done', 'step.DONE') WHERE seq = 4`, 4],
      ['a missing last record', `DELETE FROM journal WHERE seq = 5`, 5],
      ['a missing snapshot', `DELETE FROM journal WHERE seq = 3`, 3],
      ['an end with another hash', `UPDATE runs SET head = zeroblob(32)`, 5],
    ])('and %s is refused by name, also from there on', async (_, sql, seq) => {
      await change(sql)

      const refusal = await refusalOf((journal) => journal.tail('run-1'))

      expect(refusal.code).toBe('JOURNAL_CORRUPT')
      // A record whose predecessor has another hash is as damaged as its predecessor.
      expect(refusal.details).toMatchObject({ runId: 'run-1', seq })
    })
  })

  test('still opens up to the damage', async () => {
    await change(`UPDATE journal SET body = '{}' WHERE seq = 3`)

    const journal = await createSqliteJournal({ file })

    expect(journal.read('run-1', 0, 2)).toEqual(entries(0, 3))
    expect(() => journal.read('run-1', 0, 3)).toThrow('record 3')
    await journal.close()
  })

  test('any changed character of any record is noticed', async () => {
    const journal = await createSqliteJournal({ file })
    const other = (await loadDriver())(file)
    const broken = other.prepare('UPDATE journal SET body = substr(body, 1, ?) || ? || substr(body, ? + 2) WHERE seq = ?')
    const mended = other.prepare('UPDATE journal SET body = ? WHERE seq = ?')

    for (const row of other.prepare('SELECT seq, body FROM journal').all()) {
      const [seq, body] = [Number(row['seq']), String(row['body'])]
      for (let at = 0; at < body.length; at += 1) {
        broken.run(at, body[at] === 'x' ? 'y' : 'x', at, seq)
        expect(() => journal.read('run-1')).toThrow(`Run run-1 is damaged at record ${seq}`)
      }
      mended.run(body, seq)
    }

    expect(journal.read('run-1')).toEqual(entries(0, RECORDS))
    other.close()
    await journal.close()
  })

  test('a chain that was rewritten with other content is refused as no journal entry', async () => {
    const body = '{"kind":"event","seq":0}'
    const hash = sha256(`${sha256('run-1')}\n${body}`)
    await change(
      `DELETE FROM journal WHERE seq > 0`,
      `UPDATE journal SET body = '${body}', hash = x'${hash}'`,
      `UPDATE runs SET next_seq = 1, head = x'${hash}'`,
    )

    const refusal = await refusalOf((journal) => journal.read('run-1'))

    expect(refusal.message).toContain('Run run-1 is damaged at record 0: it is no journal entry (entry.at')
  })
})

describe('a damaged request', () => {
  test.each(['{"typ', 'null', '[]', '{"type":1}'])('%s is one that no run takes, and does not hide the others', async (text) => {
    await change(
      `UPDATE inbox SET event = '${text}'`,
      `INSERT INTO inbox (run_id, at, event, state) VALUES ('run-1', 1, '{"type":"run.cancel"}', 'pending')`,
    )
    const journal = await createSqliteJournal({ file })

    const pending = journal.pending('run-1')

    expect(pending.map(({ event }) => event.type)).toEqual(['unreadable', 'run.cancel'])
    await journal.close()
  })
})

describe('damaged records around the journal', () => {
  test.each([
    ['a blob', `UPDATE blobs SET body = 'bodY'`, (journal: Journal) => journal.blob(sha256('body'))],
    ['a summary', `UPDATE runs SET summary = '{"runId":"run-1"}'`, (journal: Journal) => journal.list()],
    ['an effect', `UPDATE effects SET state = 'opem'`, (journal: Journal) => journal.effect('e')],
    ['the end of a run', `UPDATE runs SET next_seq = 9223372036854775807`, (journal: Journal) => journal.read('run-1')],
    ['a lease', `UPDATE leases SET token = 9223372036854775807`, (journal: Journal) => journal.owner('run-1', NOW)],
  ])('%s is refused', async (_, sql, use) => {
    await change(sql)

    const refusal = await refusalOf(use)

    expect(refusal.code).toBe('JOURNAL_CORRUPT')
    expect(refusal.message).toMatch(/run-1|planner-exec\.db|The blob 230d8358|effect e/)
  })
})

describe('a damaged file', () => {
  test('that is no database is refused by name', async () => {
    writeFileSync(file, 'These are my notes. '.repeat(200))

    const refusal = await refusalOf(() => null)

    expect(refusal.code).toBe('JOURNAL_CORRUPT')
    expect(refusal.message).toBe(`The journal ${file} is damaged: file is not a database.`)
  })

  test('of another program is refused and left as it is', async () => {
    const other = newDatabase()
    mkdirSync(dirname(other))
    file = other
    await change('CREATE TABLE notes (text TEXT)', 'PRAGMA journal_mode = WAL')
    const before = readFileSync(file)

    const refusal = await refusalOf(() => null)

    expect(refusal.message).toContain('a database of another program')
    expect(readFileSync(file).equals(before)).toBe(true)
  })

  test('with tables of a later version is refused with the remedy', async () => {
    await change('PRAGMA user_version = 7')

    const refusal = await refusalOf(() => null)

    expect(refusal).toMatchObject({ code: 'JOURNAL_UNSUPPORTED', hint: expect.stringContaining('Update planner-exec') })
  })

  test('with a trigger or a changed table is refused', async () => {
    await change(`CREATE TRIGGER t AFTER INSERT ON journal BEGIN DELETE FROM effects; END`)
    expect((await refusalOf(() => null)).message).toContain('it has a trigger (t)')

    await change('DROP TRIGGER t', 'ALTER TABLE runs ADD COLUMN more TEXT')
    expect((await refusalOf(() => null)).message).toContain('its runs is missing or not the one')
  })

  test('with any bit flipped gives the same records or a named refusal', async () => {
    const sound = readFileSync(file)
    const outcomes = { same: 0, refused: 0 }
    // A prime stride: over all pages, at varying places in them.
    for (let at = 5; at < sound.length; at += 97) {
      const flipped = Buffer.from(sound)
      flipped[at] = (flipped[at] ?? 0) ^ (1 << (at % 8))
      writeFileSync(file, flipped)
      outcomes[await fold()] += 1
    }

    expect(outcomes.same).toBeGreaterThan(0)
    expect(outcomes.refused).toBeGreaterThan(0)
  }, 30_000)

  test('cut off anywhere gives the same records or a named refusal', async () => {
    const sound = readFileSync(file)
    const outcomes = []
    for (let size = 1; size < sound.length; size += 1013) {
      writeFileSync(file, sound)
      truncateSync(file, size)
      outcomes.push(await fold())
    }

    // Only the last pages hold nothing of the run.
    expect(outcomes.lastIndexOf('refused')).toBeGreaterThan(outcomes.length / 2)
    expect(outcomes.indexOf('same')).toBeGreaterThan(outcomes.length / 2)
  })

  async function fold(): Promise<'same' | 'refused'> {
    try {
      const journal = await createSqliteJournal({ file })
      try {
        expect(journal.read('run-1')).toEqual(entries(0, RECORDS))
        return 'same'
      } finally {
        await journal.close()
      }
    } catch (error) {
      if (!(error instanceof ControllerError)) throw error
      expect(['JOURNAL_CORRUPT', 'JOURNAL_UNWRITABLE', 'JOURNAL_UNSUPPORTED', 'RUN_UNKNOWN']).toContain(error.code)
      expect(error.message).toMatch(/run-1|planner-exec\.db/)
      return 'refused'
    }
  }
})

describe('a place that cannot be written', () => {
  test.each([
    ['below a file', (folder: string) => join(folder, 'file', 'state', 'planner-exec.db')],
    ['where a folder is', (folder: string) => join(folder, 'folder')],
    ['in a system folder', () => '/proc/planner-exec/planner-exec.db'],
  ])('%s is refused with its path', async (_, place) => {
    const folder = mkdtempSync(join(tmpdir(), 'journal-'))
    writeFileSync(join(folder, 'file'), '')
    mkdirSync(join(folder, 'folder'))
    file = place(folder)

    const refusal = await refusalOf(() => null)

    expect(refusal.code).toBe('JOURNAL_UNWRITABLE')
    expect(refusal.message).toContain(file)
    expect(refusal.hint).toContain('--state DIR')
  })

  test('a full disk refuses the commit and keeps the ones before it', () => {
    const disk = mkdtempSync(join(tmpdir(), 'journal-disk-'))
    const program = join(dirname(fileURLToPath(import.meta.url)), 'children', 'fill.ts')
    // A small disk of its own where that may be mounted, else a limit on the size of files.
    const script = `
      trap '' XFSZ
      if mount -t tmpfs -o size=2m tmpfs "$1" 2>/dev/null; then mounted=1; else ulimit -f 2048; fi
      "$2" --import tsx "$3" "$1/state/planner-exec.db"; status=$?
      [ -z "$mounted" ] || umount "$1"
      exit $status`

    const child = spawnSync('sh', ['-c', script, 'sh', disk, process.execPath, program], { encoding: 'utf8' })

    const outcome = JSON.parse(child.stdout)
    expect(outcome).toMatchObject({ code: 'JOURNAL_UNWRITABLE', message: expect.stringContaining(join(disk, 'state', 'planner-exec.db')) })
    expect(outcome.stored).toBeGreaterThan(5)
    expect(outcome.readable).toBe(outcome.stored)
  })

  test('a refused commit of a batch leaves the others stored', async () => {
    const journal = await createSqliteJournal({ file: newDatabase() })
    const good = claimRun(journal, 'good')
    const bad = claimRun(journal, 'bad')
    const wrongType = {
      key: 'e',
      runId: 'bad',
      stepId: 's1',
      capability: 'c',
      digest: 'd',
      attempt: 1.5,
      state: 'open' as const,
      outputRef: null,
      at: NOW,
    }

    const outcomes = await Promise.allSettled([
      journal.commit({ ...good, entries: [entry(0)] }),
      journal.commit({ ...bad, entries: [entry(0)], effects: [wrongType] }),
      journal.commit({ ...good, entries: [entry(1)] }),
    ])

    expect(outcomes.map((outcome) => outcome.status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
    expect(journal.read('good')).toHaveLength(2)
    expect(journal.read('bad')).toEqual([])
    await journal.close()
  })
})
