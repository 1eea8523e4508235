import { chmodSync, chownSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { defaultKeyFile, openVaultKey } from '../../../src/services/secrets/vault-key.ts'
import { places } from './secrets.fixture.ts'
import type { Places } from './secrets.fixture.ts'

const open = (at: Places, file?: string) =>
  openVaultKey({ env: at.env, outside: [at.workspace, at.stateDir], ...(file === undefined ? {} : { file }) })
const refusal = (pattern: RegExp) => expect.objectContaining({ code: 'CONFIG_INVALID', message: expect.stringMatching(pattern) })

describe('the key of a vault', () => {
  it('is made once, and the same from then on', () => {
    const at = places()

    const first = open(at)

    expect(open(at)).toEqual(first)
    expect(open(places()).id).not.toBe(first.id)
    expect(readdirSync(dirname(at.keyFile))).toEqual(['vault.key'])
  })

  it('is in the configuration of the user', () => {
    expect(defaultKeyFile({ HOME: '/home/u' })).toBe('/home/u/.config/planner-exec/vault.key')
    expect(defaultKeyFile({ HOME: '/home/u', XDG_CONFIG_HOME: '/etc/u' })).toBe('/etc/u/planner-exec/vault.key')
    expect(defaultKeyFile({ HOME: '/home/u', XDG_CONFIG_HOME: 'relative' })).toBe('/home/u/.config/planner-exec/vault.key')
  })

  it.each([
    ['others may read it', (file: string) => chmodSync(file, 0o640), /others can read/],
    ['others may write it', (file: string) => chmodSync(file, 0o602), /others can read or change/],
    ['others may write in its folder', (file: string) => chmodSync(dirname(file), 0o777), /write in its folder/],
    ['it is cut off', (file: string) => writeFileSync(file, readFileSync(file).subarray(0, 60)), /does not hold a key/],
    ['it is empty', (file: string) => writeFileSync(file, ''), /does not hold a key/],
    ['something is behind it', (file: string) => writeFileSync(file, 'x', { flag: 'a' }), /does not hold a key/],
    [
      'it is a link',
      (file: string) => {
        renameSync(file, `${file}.real`)
        symlinkSync(`${file}.real`, file)
      },
      /symbolic link/,
    ],
    [
      'it is a folder',
      (file: string) => {
        renameSync(file, `${file}.real`)
        mkdirSync(file)
      },
      /no regular file/,
    ],
  ])('is refused when %s', (_what, spoil, problem) => {
    const at = places()
    open(at)
    spoil(at.keyFile)

    expect(() => open(at)).toThrow(refusal(problem))
  })

  it.skipIf(process.getuid?.() !== 0)('is refused when it belongs to another user', () => {
    const at = places()
    open(at)
    chownSync(at.keyFile, 65_534, 65_534)

    expect(() => open(at)).toThrow(refusal(/another user/))
  })

  it('is refused in the workspace and in the state folder, by whatever way', () => {
    const at = places()
    symlinkSync(at.workspace, join(at.root, 'way-in'))

    for (const file of [join(at.workspace, 'k'), join(at.stateDir, 'deep/er/k'), join(at.root, 'way-in/k'), join(at.root, 'home/../workspace/k')]) {
      expect(() => open(at, file)).toThrow(refusal(/inside/))
    }
    expect([readdirSync(at.workspace), readdirSync(at.stateDir)]).toEqual([[], []])
  })

  it('is refused where it cannot be made', () => {
    const at = places()
    writeFileSync(join(at.root, 'file'), '')

    expect(() => open(at, join(at.root, 'file/vault.key'))).toThrow(refusal(/neither read nor made/))
    expect(() => open(at, '/proc/none/vault.key')).toThrow(refusal(/neither read nor made/))
    expect(existsSync(at.keyFile)).toBe(false)
  })

  it('is made at the place that is given', () => {
    const at = places()
    const file = join(at.root, 'keys/mine.key')

    expect(open(at, file)).toEqual(open(at, file))
    expect(existsSync(at.keyFile)).toBe(false)
  })
})
