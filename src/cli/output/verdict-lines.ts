import type { Verdict } from '../../model/verdict.ts'
import { flat } from './columns.ts'
import type { Palette, Style } from './palette.ts'

/** What the guard says of one action, as far as it is told to a person. */
export type TellableVerdict = Pick<Verdict, 'decision' | 'ruleId' | 'reason' | 'hint' | 'risk' | 'score' | 'taint' | 'suggestion' | 'shadow'> & {
  readonly atDispatch?: boolean
}

const DECISION_STYLE: Readonly<Record<Verdict['decision'], Style>> = { allow: 'green', ask: 'yellow', deny: 'red', modify: 'yellow' }

/** A verdict in one line: what, by which rule, why. */
export function verdictLine(verdict: TellableVerdict, palette: Palette): string {
  const later = verdict.atDispatch === true ? ' (final word when its arguments are known)' : ''
  return `${palette(DECISION_STYLE[verdict.decision], verdict.decision)} by ${flat(verdict.ruleId)}: ${flat(verdict.reason)}${later}`
}

/** All there is to a verdict: its risk, where its arguments come from, what would be allowed, and what a policy on trial says. */
export function verdictDetails({ risk, score, taint, hint, suggestion, shadow }: TellableVerdict): string[] {
  return [
    `risk ${flat(risk)}${score === undefined ? '' : ` (${score} of 100)`}`,
    ...(taint ?? []).map(({ path, source, from }) => `${flat(path)} comes from what was read: ${source} (${flat(from)})`),
    ...(hint === null ? [] : [`what would help: ${flat(hint)}`]),
    ...(suggestion === undefined ? [] : [`the guard suggests these arguments: ${flat(JSON.stringify(suggestion))}`]),
    ...(shadow === undefined
      ? []
      : [`the policy on trial, ${flat(shadow.policy)}, says ${flat(shadow.decision)} by ${flat(shadow.ruleId)}: ${flat(shadow.reason)}`]),
  ]
}
