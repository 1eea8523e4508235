import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { createSqliteJournal } from '../../../src/services/journal/sqlite.journal.ts'
import { newDatabase } from './journal.fixture.ts'

const MAGIC = Buffer.from('d9d505f920a163d7', 'hex')

/** A rollback journal that has nothing to restore, and names a file for SQLite to delete: SQLite's file format, section 3. */
function journalThatDeletes(victim: string): Buffer {
  const header = Buffer.alloc(512)
  MAGIC.copy(header)
  for (const [offset, value] of [
    [12, 1],
    [16, 2],
    [20, 512],
    [24, 4096],
  ] as const)
    header.writeUInt32BE(value, offset)
  const name = Buffer.from(victim)
  const trailer = Buffer.alloc(12)
  trailer.writeUInt32BE(262_145)
  trailer.writeUInt32BE(name.length, 4)
  trailer.writeUInt32BE(
    name.reduce((sum, byte) => sum + byte, 0),
    8,
  )
  return Buffer.concat([header, trailer.subarray(0, 4), name, trailer.subarray(4), MAGIC])
}

/** A state folder with a sound database in it, and a file of the user outside. */
async function cloned(): Promise<{ readonly file: string; readonly victim: string }> {
  const file = newDatabase()
  await (await createSqliteJournal({ file })).close()
  const victim = join(dirname(dirname(file)), 'precious.txt')
  writeFileSync(victim, 'precious')
  return { file, victim }
}

describe('a state folder that came with a workspace', () => {
  test.each(['', '-wal', '-shm', '-journal'])('does not lead SQLite elsewhere by a link in place of planner-exec.db%s', async (companion) => {
    const { file, victim } = await cloned()
    rmSync(`${file}${companion}`, { force: true })
    symlinkSync(victim, `${file}${companion}`)

    const opening = createSqliteJournal({ file })

    await expect(opening).rejects.toMatchObject({ code: 'JOURNAL_UNWRITABLE', message: `The journal ${file}${companion} is a symbolic link.` })
    expect(readFileSync(victim, 'utf8')).toBe('precious')
  })

  test('does not create a file where a dangling link points', async () => {
    const { file, victim } = await cloned()
    rmSync(file)
    symlinkSync(`${victim}.new`, file)

    await expect(createSqliteJournal({ file })).rejects.toMatchObject({ code: 'JOURNAL_UNWRITABLE' })

    expect(existsSync(`${victim}.new`)).toBe(false)
  })

  test('does not hold the process up with a FIFO', async () => {
    const file = newDatabase()
    mkdirSync(dirname(file))
    spawnSync('mkfifo', [file])

    await expect(createSqliteJournal({ file })).rejects.toMatchObject({
      code: 'JOURNAL_UNWRITABLE',
      message: `The journal ${file} is no regular file.`,
    })
  })

  test('does not have SQLite delete a file that its rollback journal names', async () => {
    const { file, victim } = await cloned()
    writeFileSync(`${file}-journal`, journalThatDeletes(victim))

    await expect(createSqliteJournal({ file })).rejects.toMatchObject({
      code: 'JOURNAL_CORRUPT',
      message: expect.stringContaining('delete another file'),
    })

    expect(existsSync(victim)).toBe(true)
  })
})
