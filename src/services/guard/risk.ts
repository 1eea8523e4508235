import { isRepeatable } from '../../model/action.ts'
import type { RiskLevel } from '../../model/plan.ts'
import type { CapabilityDefinition } from '../executor/executor.ts'
import { runsInlineCode } from './command.ts'
import type { CheckedTarget } from './specifier.ts'

const ORDER: readonly RiskLevel[] = ['low', 'medium', 'high', 'critical']

/** Programs that destroy data or hand out rights, and programs that carry data to or from other machines. */
const DESTRUCTIVE = /^(?:rm|rmdir|shred|dd|mkfs(?:\..*)?|fdisk|parted|chmod|chown|kill|killall|pkill|sudo|su|doas|mount|umount|shutdown|reboot)$/
const NETWORKED = /^(?:curl|wget|ssh|scp|sftp|rsync|ftp|nc|ncat|netcat|socat|telnet|npm|npx|pnpm|yarn|pip[0-9.]*|gem|cargo|docker|kubectl)$/
/** Files that other programs run by themselves: a change to them is a change of what runs. */
const RUNS_LATER =
  /(?:^|\/)(?:package\.json|Makefile|Dockerfile|\.gitlab-ci\.yml|\.npmrc|\.envrc|\.husky\/.*|\.github\/workflows\/.*|\.vscode\/.*|[^/]*\.(?:sh|bash|service))$/i
const SECRET = /(?:^|\/)(?:\.env[^/]*|id_(?:rsa|dsa|ecdsa|ed25519)[^/]*|[^/]*\.(?:pem|key|p12|pfx)|\.netrc|\.git-credentials)$/i

/** The higher of two risks. */
export function higherRisk(a: RiskLevel, b: RiskLevel): RiskLevel {
  return ORDER.indexOf(a) >= ORDER.indexOf(b) ? a : b
}

/** How much each finding adds to a score, as the share of what is left to 100: ours, so that one critical finding outweighs four low ones. */
const WEIGHT: Readonly<Record<RiskLevel, number>> = { low: 0.05, medium: 0.25, high: 0.5, critical: 0.8 }

/** What an action risks, as a word and as a number from 0 to 100. */
export interface Risk {
  readonly risk: RiskLevel
  readonly score: number
}

/** Of something that is not an action, or that no policy could allow. */
export const UTMOST: Risk = { risk: 'critical', score: 100 }

/**
 * The risk of an action: of its capability's floor, of what its effect may do, of each target, and of whatever else was found. The word is
 * the highest of them; the number is `1 - Π(1 - weight)`. Neither is an average, so that one more finding can only raise them.
 */
export function riskOf(
  definition: Pick<CapabilityDefinition, 'risk' | 'effect'>,
  targets: readonly CheckedTarget[],
  others: readonly RiskLevel[] = [],
): Risk {
  const effect: RiskLevel = isRepeatable(definition.effect) ? 'low' : 'medium'
  const findings = [definition.risk, effect, ...targets.map(targetRisk), ...others]
  const left = findings.reduce((rest, finding) => rest * (1 - WEIGHT[finding]), 1)
  return { risk: findings.reduce(higherRisk), score: Math.round(100 * (1 - left)) }
}

function targetRisk(target: CheckedTarget): RiskLevel {
  switch (target.kind) {
    case 'path':
      if (target.names.some((name) => SECRET.test(name))) return 'high'
      if (target.access === 'read') return 'low'
      return target.names.some((name) => RUNS_LATER.test(name)) ? 'high' : 'medium'
    case 'command': {
      if (runsInlineCode(target.argv)) return 'critical'
      const programs = target.argv.map((token) => token.slice(token.lastIndexOf('/') + 1))
      if (programs.some((name) => DESTRUCTIVE.test(name))) return 'critical'
      return programs.some((name) => NETWORKED.test(name)) ? 'high' : 'medium'
    }
    case 'url':
      return 'medium'
  }
}
