import type { Finding } from '../../../../model/report.ts'

/** What a kind of marker means to a reader of the report. */
export interface MarkerRule {
  readonly severity: Finding['severity']
  readonly title: string
  readonly why: string
  readonly fix: string
}

// Spelt in pieces: otherwise every search for leftovers, this one included, would stop here.
const [LATER, BROKEN, CRUDE, DOUBTFUL] = ['TO' + 'DO', 'FIX' + 'ME', 'HA' + 'CK', 'XX' + 'X'] as const

/** The words that people leave where work is unfinished. */
export const MARKER_WORDS: readonly string[] = [LATER, BROKEN, CRUDE, DOUBTFUL]

const LEFT = 'Do it, or turn it into an issue and link that from the comment.'
const NO_REASON = 'Say why in the same comment, or remove the cause and the comment.'

/** Every rule by its id. */
export const MARKER_RULES: Readonly<Record<string, MarkerRule>> = {
  [ruleOfWord(LATER)]: {
    severity: 'info',
    title: `${LATER} in a comment`,
    why: 'Work that its author put off; in a comment nobody is reminded of it.',
    fix: LEFT,
  },
  [ruleOfWord(BROKEN)]: {
    severity: 'low',
    title: `${BROKEN} in a comment`,
    why: 'Its author marked this as wrong.',
    fix: 'Write a test that shows what is wrong, then repair it.',
  },
  [ruleOfWord(CRUDE)]: { severity: 'low', title: `${CRUDE} in a comment`, why: 'Its author marked this as a workaround.', fix: LEFT },
  [ruleOfWord(DOUBTFUL)]: { severity: 'low', title: `${DOUBTFUL} in a comment`, why: 'Its author marked this as questionable.', fix: LEFT },
  'types.ts-ignore': {
    severity: 'low',
    title: '@ts-ignore without an explanation',
    why: 'The compiler reports nothing about the next line, now and after later changes.',
    fix: 'Repair the type, or use @ts-expect-error with the reason, which complains once it is no longer needed.',
  },
  'types.ts-nocheck': {
    severity: 'low',
    title: '@ts-nocheck without an explanation',
    why: 'The compiler reports nothing about the whole file.',
    fix: 'Repair the types and remove it, or say why in the same comment.',
  },
  'types.ts-expect-error': {
    severity: 'info',
    title: '@ts-expect-error without an explanation',
    why: 'A reader cannot tell which error is expected, nor why.',
    fix: NO_REASON,
  },
  'types.any': {
    severity: 'low',
    title: 'Explicit `any`',
    why: 'The compiler checks nothing that is done with this value, or with what is taken from it.',
    fix: 'Give the value its real type, or `unknown` and a check.',
  },
  'lint.disabled-all': {
    severity: 'low',
    title: 'All lint rules are switched off here',
    why: 'Every rule is off, also those nobody thought of.',
    fix: 'Name the rules that are meant, with the reason after `--`.',
  },
  'lint.disabled': {
    severity: 'info',
    title: 'A lint rule is switched off without a reason',
    why: 'A reader cannot tell whether it is still needed.',
    fix: 'Give the reason after `--`, or repair the line and remove the comment.',
  },
}

/** The rule id of a marker word. */
export function ruleOfWord(word: string): string {
  return `marker.${word.toLowerCase()}`
}
