import { spawn } from 'node:child_process'
import type { ChildProcessByStdio } from 'node:child_process'
import { appendFileSync, existsSync, mkdirSync, readFileSync, statSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { ControllerError } from '../../../src/errors.ts'
import { createFileVault } from '../../../src/services/secrets/vault.ts'
import { places, vaultIn } from './secrets.fixture.ts'
import type { Places } from './secrets.fixture.ts'

const secret = (value: string, kind = 'test') => ({ kind, value })
const modeOf = (path: string) => statSync(path).mode & 0o777

async function keptOne(at: Places, value = 'the value', runId = 'r1'): Promise<string> {
  const [ref = ''] = await vaultIn(at).keep(runId, [secret(value)])
  return ref
}

/** A process that keeps `count` values of its own. */
function keeper(at: Places, runId: string, prefix: string, count: number): Keeper {
  const program = join(dirname(fileURLToPath(import.meta.url)), 'children', 'keep.ts')
  const args = [at.stateDir, at.workspace, join(at.root, 'home'), runId, prefix, String(count)]
  return { prefix, child: spawn(process.execPath, ['--import', 'tsx', program, ...args], { stdio: ['ignore', 'pipe', 'inherit'] }) }
}

interface Keeper {
  readonly prefix: string
  readonly child: ChildProcessByStdio<null, Readable, null>
}

interface Kept {
  readonly ref: string
  readonly value: string
}

/** What a child printed up to `limit` lines, after which it is killed; all of it without a limit. */
async function printed({ prefix, child }: Keeper, limit = Infinity): Promise<readonly Kept[]> {
  const kept: Kept[] = []
  for await (const line of createInterface({ input: child.stdout })) {
    const { ref, index } = JSON.parse(line)
    kept.push({ ref, value: `${prefix}-${index}-${'v'.repeat(index % 7 === 0 ? 5_000 : 20)}` })
    if (kept.length === limit) child.kill('SIGKILL')
  }
  return kept
}

describe('a kept value', () => {
  it('is read by another process, exactly, whatever it is', async () => {
    const at = places()
    const values = ['plain', 'é𝒳\0\n', '\ud800 half', 'x'.repeat(300_000), '']
    const refs = await vaultIn(at).keep(
      'r1',
      values.map((value) => secret(value)),
    )

    const other = vaultIn(at)

    expect(await Promise.all(refs.map((ref) => other.read('r1', ref)))).toEqual(values)
    expect(await other.read('r1', 'test-00000000')).toBeNull()
    expect(await other.read('r2', refs[0] ?? '')).toBeNull()
  })

  it('is kept once, and cannot be read in the file', async () => {
    const at = places()
    const first = await keptOne(at)
    const size = statSync(at.runFile('r1')).size

    const again = await keptOne(at)

    expect(again).toBe(first)
    expect(first).toMatch(/^test-[0-9a-f]{8}$/)
    expect(statSync(at.runFile('r1')).size).toBe(size)
    expect(readFileSync(at.runFile('r1'), 'latin1')).not.toMatch(/the value|t\0h\0e/)
  })

  it('is for its owner alone, and so is the key', async () => {
    const at = places()

    await keptOne(at)

    expect([at.runFile('r1'), dirname(at.runFile('r1')), at.keyFile, dirname(at.keyFile)].map(modeOf)).toEqual([0o600, 0o700, 0o600, 0o700])
  })

  it('goes with its run', async () => {
    const at = places()
    const ref = await keptOne(at)
    const vault = vaultIn(at)

    expect([vault.remove('r1'), vault.remove('r1'), vault.remove('never')]).toEqual([true, true, true])

    expect(await vault.read('r1', ref)).toBeNull()
    expect(existsSync(at.runFile('r1'))).toBe(false)
  })

  it('is that of a fork, too, and outlives the run it came from', async () => {
    const at = places()
    const ref = await keptOne(at)
    const vault = vaultIn(at)

    await vault.copy('r1', 'r2')
    await vault.copy('none', 'r3')
    vault.remove('r1')

    expect(await vault.read('r2', ref)).toBe('the value')
    expect(existsSync(at.runFile('r3'))).toBe(false)
  })
})

describe('nothing is left behind', () => {
  it('by looking something up, or by removing a run', async () => {
    const at = places()
    const vault = vaultIn(at)

    await vault.read('r1', 'test-00000000')
    await vault.keep('r1', [])
    vault.remove('r1')

    expect([existsSync(join(at.stateDir, 'vault')), existsSync(at.keyFile)]).toEqual([false, false])
  })
})

describe('a damaged vault', () => {
  it('never gives another value: each changed byte is noticed, or changes nothing', async () => {
    const at = places()
    const ref = await keptOne(at)
    const whole = readFileSync(at.runFile('r1'))

    for (let index = 1; index < whole.length - 1; index++) {
      const bytes = Buffer.from(whole)
      bytes[index] = (bytes[index] ?? 0) ^ 0x04
      writeFileSync(at.runFile('r1'), bytes)
      const read = await vaultIn(at)
        .read('r1', ref)
        .catch((error: unknown) => (error instanceof ControllerError ? error.code : error))
      expect([null, 'JOURNAL_CORRUPT', 'CONFIG_INVALID', 'the value']).toContain(read)
      expect(read === 'the value' ? String.fromCharCode(bytes[index] ?? 0) : '').toMatch(/^[A-Za-z0-9+/=]?$/)
    }
  })

  it('does not take a line of another run, or of another reference', async () => {
    const at = places()
    const ref = await keptOne(at, 'of run one', 'r1')
    const other = await keptOne(at, 'another value', 'r2')
    const line = readFileSync(at.runFile('r2'), 'latin1')
    writeFileSync(at.runFile('r1'), line.replace(other, ref))
    writeFileSync(at.runFile('r3'), line)

    await expect(vaultIn(at).read('r1', ref)).rejects.toMatchObject({ code: 'JOURNAL_CORRUPT' })
    await expect(vaultIn(at).read('r3', other)).rejects.toMatchObject({ code: 'JOURNAL_CORRUPT' })
  })

  it('says so when it was written with another key', async () => {
    const at = places()
    const ref = await keptOne(at)
    const other = createFileVault({ stateDir: at.stateDir, workspace: at.workspace, env: at.env, keyFile: join(at.root, 'other', 'vault.key') })

    await expect(other.read('r1', ref)).rejects.toMatchObject({ code: 'CONFIG_INVALID', message: expect.stringContaining('another key') })
  })

  it('that is cut off anywhere loses the last value alone, and takes the next', async () => {
    const at = places()
    const first = await keptOne(at, 'first')
    const size = statSync(at.runFile('r1')).size
    const second = await keptOne(at, 'second')
    const whole = readFileSync(at.runFile('r1'))

    for (let length = size; length < whole.length - 1; length++) {
      writeFileSync(at.runFile('r1'), whole.subarray(0, length))
      const vault = vaultIn(at)
      expect(await vault.read('r1', first)).toBe('first')
      expect(await vault.read('r1', second)).toBeNull()
      const [third = ''] = await vault.keep('r1', [secret('third')])
      expect(await vaultIn(at).read('r1', third)).toBe('third')
      expect(await vaultIn(at).read('r1', first)).toBe('first')
    }
  })

  it('that lost lines says so instead of denying the secret', async () => {
    const at = places()
    const ref = await keptOne(at)
    const { size } = statSync(at.runFile('r1'))
    truncateSync(at.runFile('r1'), size - 10)
    appendFileSync(at.runFile('r1'), '\n')

    await expect(vaultIn(at).read('r1', ref)).rejects.toMatchObject({ code: 'JOURNAL_CORRUPT', message: expect.stringContaining('damaged') })
  })
})

describe('what came with a workspace', () => {
  it.each(['vault', 'vault/r1.jsonl'])('is not written through: a link in place of %s', async (name) => {
    const at = places()
    const target = join(at.root, 'target')
    mkdirSync(target)
    if (name !== 'vault') mkdirSync(join(at.stateDir, 'vault'))
    symlinkSync(name === 'vault' ? target : join(target, 'file'), join(at.stateDir, name))

    await expect(keptOne(at)).rejects.toMatchObject({ code: expect.stringMatching(/JOURNAL_UNWRITABLE|JOURNAL_CORRUPT/) })

    expect(existsSync(join(target, 'file')) || existsSync(join(target, 'r1.jsonl'))).toBe(false)
  })

  it.each(['../r1', 'a/b', '', '.', 'x\0y'])('cannot lead elsewhere by the id %j', async (runId) => {
    const at = places()

    await expect(vaultIn(at).keep(runId, [secret('v')])).rejects.toBeInstanceOf(ControllerError)
    await expect(vaultIn(at).read(runId, 'test-00000000')).rejects.toBeInstanceOf(ControllerError)
    expect(vaultIn(at).remove(runId)).toBe(false)
  })
})

describe('several processes', () => {
  it('keep values of one run at a time, and each is read', async () => {
    const at = places()

    const kept = (await Promise.all(['a', 'b', 'c'].map((prefix) => printed(keeper(at, 'r1', prefix, 40))))).flat()

    const vault = vaultIn(at)
    expect(kept).toHaveLength(120)
    expect(await Promise.all(kept.map(({ ref }) => vault.read('r1', ref)))).toEqual(kept.map(({ value }) => value))
  })

  it('that are killed while they keep values have kept what they said', async () => {
    const at = places()

    for (const limit of [1, 8, 15]) {
      const kept = await printed(keeper(at, 'r1', `k${limit}`, 1_000_000), limit)
      const vault = vaultIn(at)
      expect(kept.length).toBeGreaterThanOrEqual(limit)
      expect(await Promise.all(kept.map(({ ref }) => vault.read('r1', ref)))).toEqual(kept.map(({ value }) => value))
    }
  })
})
