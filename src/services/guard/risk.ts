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

/**
 * The risk of an action: the highest of its capability's floor, of what its effect may do, and of each target. Never an average, so that
 * one more target can only raise it.
 */
export function riskOf(definition: Pick<CapabilityDefinition, 'risk' | 'effect'>, targets: readonly CheckedTarget[]): RiskLevel {
  const effect: RiskLevel = isRepeatable(definition.effect) ? 'low' : 'medium'
  return targets.map(targetRisk).reduce(higherRisk, higherRisk(definition.risk, effect))
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
