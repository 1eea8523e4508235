import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { describeReach, isAddress, mayBeOpened, reachOfAddress, reachOfHost } from '../../src/input/address.ts'
import { readWebUrl } from '../../src/input/web-url.ts'

describe('where an address leads', () => {
  it.each([
    ['8.8.8.8', 'public'],
    ['127.0.0.1', 'loopback'],
    ['10.255.255.255', 'private'],
    ['172.16.0.0', 'private'],
    ['172.31.255.255', 'private'],
    ['192.168.1.1', 'private'],
    ['100.64.0.1', 'carrier-grade-nat'],
    ['169.254.1.1', 'link-local'],
    ['169.254.169.254', 'metadata'],
    ['169.254.170.2', 'metadata'],
    ['168.63.129.16', 'metadata'],
    ['100.100.100.200', 'metadata'],
    ['0.0.0.0', 'unspecified'],
    ['255.255.255.255', 'broadcast'],
    ['224.0.0.251', 'multicast'],
    ['198.18.0.1', 'benchmarking'],
    ['192.0.2.1', 'documentation'],
    ['192.0.0.8', 'reserved'],
    ['192.88.99.1', 'reserved'],
    ['250.1.2.3', 'reserved'],
    ['2606:4700:4700::1111', 'public'],
    ['::1', 'loopback'],
    ['::', 'unspecified'],
    ['fc00::1', 'unique-local'],
    ['fe80::1', 'link-local'],
    ['fe80::1%eth0', 'zoned'],
    ['2606:4700::1%1', 'zoned'],
    ['fec0::1', 'site-local'],
    ['ff02::1', 'multicast'],
    ['fd00:ec2::254', 'metadata'],
    ['FD00:0EC2:0:0:0:0:0:0254', 'metadata'],
    ['2001:db8::1', 'documentation'],
    ['3fff:fff::1', 'documentation'],
    ['2001:2::1', 'benchmarking'],
    ['::ffff:8.8.8.8', 'public'],
    ['::ffff:127.0.0.1', 'loopback'],
    ['::ffff:a9fe:a9fe', 'metadata'],
    ['::127.0.0.1', 'reserved'],
    ['::8.8.8.8', 'reserved'],
    ['::ffff:0:8.8.8.8', 'tunnel'],
    ['64:ff9b::8.8.8.8', 'public'],
    ['64:ff9b::10.0.0.1', 'private'],
    ['64:ff9b::100.100.100.200', 'metadata'],
    ['64:ff9b:1::8.8.8.8', 'tunnel'],
    ['2002:808:808::', 'tunnel'],
    ['2001::1', 'tunnel'],
    ['2600::5efe:10.0.0.1', 'tunnel'],
    ['2600::200:5efe:808:808', 'tunnel'],
    ['100::1', 'reserved'],
    ['4000::1', 'reserved'],
    ['1::1', 'reserved'],
    ['', 'invalid'],
    ['127.1', 'invalid'],
    ['0x7f000001', 'invalid'],
    ['localhost', 'invalid'],
    ['1:2', 'invalid'],
  ])('%s: %s', (address, reach) => {
    expect(reachOfAddress(address)).toBe(reach)
  })
})

describe('where a host leads', () => {
  it.each([
    ['example.com', 'public'],
    ['EXAMPLE.com.', 'public'],
    ['_dmarc.example.com', 'public'],
    ['[::1]', 'loopback'],
    ['127.0.0.1', 'loopback'],
    ['localhost', 'loopback'],
    ['a.b.LOCALHOST.', 'loopback'],
    ['printer.local', 'local-name'],
    ['internal', 'local-name'],
    ['x.internal', 'local-name'],
    ['x.home.arpa', 'local-name'],
    ['single', 'local-name'],
    ['metadata.google.internal', 'metadata'],
    ['metadata', 'metadata'],
    ['metadata.goog', 'metadata'],
    ['metadata.example.com', 'public'],
    ['notlocal', 'local-name'],
    ['notlocal.example', 'public'],
    ['x.notlocal.org', 'public'],
    ['a..b', 'invalid'],
    ['.', 'invalid'],
    ['a*b.com', 'invalid'],
    [`${'a'.repeat(64)}.com`, 'invalid'],
    [`${'a.'.repeat(127)}com`, 'invalid'],
  ])('%s: %s', (host, reach) => {
    expect(reachOfHost(host)).toBe(reach)
  })

  it('tells addresses from names', () => {
    expect(['1.2.3.4', '[::1]', '::1', '1.2.3', 'a.b'].map(isAddress)).toEqual([true, true, true, false, false])
  })

  it('is never opened where it hands out credentials or is no host of its own', () => {
    expect((['metadata', 'link-local', 'multicast', 'tunnel', 'zoned', 'invalid'] as const).filter(mayBeOpened)).toEqual([])
    expect((['loopback', 'private', 'unique-local', 'local-name', 'public'] as const).every(mayBeOpened)).toBe(true)
  })

  it('is told in words', () => {
    expect(describeReach('loopback')).toBe('this machine itself')
  })
})

/** [first address as a number, bits of the prefix] of all that is not public in IPv4. */
const V4_BLOCKS: readonly (readonly [string, number])[] = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
]
/** The first byte pair and its mask of all that is not public in IPv6. */
const V6_BLOCKS: readonly (readonly [number, number])[] = [
  [0xfc00, 0xfe00],
  [0xfe80, 0xffc0],
  [0xfec0, 0xffc0],
  [0xff00, 0xff00],
  [0x2002, 0xffff],
  [0x4000, 0xe000],
  [0x8000, 0xe000],
  [0x0100, 0xffff],
]

const numberOf = (address: string): number => address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0)
const v4 = fc
  .tuple(fc.constantFrom(...V4_BLOCKS), fc.integer({ min: 0, max: 0xffffffff }))
  .map(([[first, bits], random]) => numberOf(first) + (random % 2 ** (32 - bits)))
const v6 = fc
  .tuple(fc.constantFrom(...V6_BLOCKS), fc.array(fc.integer({ min: 0, max: 0xffff }), { minLength: 8, maxLength: 8 }))
  .map(([[first, mask], [head = 0, ...rest]]) => [first | (head & ~mask & 0xffff), ...rest])

/** One part of an IPv4 address in decimal, octal or hexadecimal. */
const spell = (part: number, how: number): string =>
  [`${part}`, `0${part.toString(8)}`, `0x${part.toString(16)}`, `0X000${part.toString(16)}`][how] ?? ''

/** An IPv4 address with its last parts joined, each part in its own base. */
function spellV4(address: number, parts: number, bases: readonly number[]): string {
  const bytes = [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256)
  const last = bytes.slice(parts - 1).reduce((sum, byte) => sum * 256 + byte, 0)
  return [...bytes.slice(0, parts - 1), last].map((part, index) => spell(part, bases[index] ?? 0)).join('.')
}

const wide = (text: string): string => text.replace(/[0-9]/g, (digit) => String.fromCodePoint(0xff10 + Number(digit)))

describe('an address that is not public', () => {
  it('is known in every spelling of IPv4', () => {
    fc.assert(
      fc.property(
        v4,
        fc.integer({ min: 1, max: 4 }),
        fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 4, maxLength: 4 }),
        fc.boolean(),
        (address, parts, bases, isWide) => {
          const host = spellV4(address, parts, bases)
          const url = readWebUrl(`http://${isWide ? wide(host) : host}/`)

          return typeof url === 'object' && url.reach !== 'public'
        },
      ),
      { seed: 5, numRuns: 3000 },
    )
  })

  it('is known inside an IPv6 address that leads to it', () => {
    const wrapped = [
      (low: string) => `::ffff:${low}`,
      (low: string) => `64:ff9b::${low}`,
      (low: string) => `::${low}`,
      (low: string) => `64:ff9b:1::${low}`,
    ]
    fc.assert(
      fc.property(v4, fc.constantFrom(...wrapped), (address, wrap) => {
        const dotted = spellV4(address, 4, [])
        const hex = `${Math.floor(address / 65536).toString(16)}:${(address % 65536).toString(16)}`

        return [dotted, hex].every((low) => reachOfHost(new URL(`http://[${wrap(low)}]/`).hostname) !== 'public')
      }),
      { seed: 5, numRuns: 2000 },
    )
  })

  it('is known in every spelling of IPv6', () => {
    fc.assert(
      fc.property(v6, fc.boolean(), fc.boolean(), (groups, isPadded, isUpper) => {
        const text = groups.map((group) => group.toString(16).padStart(isPadded ? 4 : 1, '0')).join(':')
        const url = readWebUrl(`http://[${isUpper ? text.toUpperCase() : text}]/`)

        return typeof url === 'object' && url.reach !== 'public' && reachOfAddress(text) !== 'public'
      }),
      { seed: 5, numRuns: 3000 },
    )
  })

  it('is not what a public one is taken for', () => {
    const inBlock = (address: number) =>
      V4_BLOCKS.some(([first, bits]) => Math.floor((address - numberOf(first)) / 2 ** (32 - bits)) === 0 && address >= numberOf(first))
    const special = new Set(['168.63.129.16', '192.88.99', '192.175.48', '192.31.196', '192.52.193'])
    fc.assert(
      fc.property(fc.integer({ min: 0x01000000, max: 0xdfffffff }), (address) => {
        const text = spellV4(address, 4, [])
        fc.pre(!inBlock(address) && !special.has(text) && !special.has(text.split('.').slice(0, 3).join('.')))

        return reachOfAddress(text) === 'public'
      }),
      { seed: 5, numRuns: 2000 },
    )
  })
})
