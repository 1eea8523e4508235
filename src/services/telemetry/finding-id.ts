import { createHash } from 'node:crypto'
import type { Finding, ReportedFinding } from '../../model/report.ts'

/** Hex digits of the hash in an id: 32 bits, so that among 10,000 findings of one rule about one in a hundred runs sees two that need a number. */
const HASH_DIGITS = 8

/**
 * Gives each finding its id, `<rule>-<8 hex digits>` over rule, file and evidence without its numbers: it stays when lines move
 * and counts change. Findings that share those
 * are told apart by `-2`, `-3` … in the order given, so that order must not depend on anything but the findings.
 */
export function identify(ordered: readonly Finding[]): ReportedFinding[] {
  const seen = new Map<string, number>()
  return ordered.map((finding) => {
    const hash = createHash('sha256').update(JSON.stringify([finding.rule, finding.file, finding.evidence.replace(/\d+/g, '0')]))
    const id = `${finding.rule}-${hash.digest('hex').slice(0, HASH_DIGITS)}`
    const count = (seen.get(id) ?? 0) + 1
    seen.set(id, count)
    return { ...finding, id: count === 1 ? id : `${id}-${count}` }
  })
}
