import type { RunRequestInput } from '../../model/request.ts'
import { answerDraft, type Draft } from '../requests.ts'
import type { Wait } from '../waits.ts'

/** What a person typed at a question: something to ask of the run, a wish to stop, or a misunderstanding. */
export type Answer =
  | { readonly kind: 'request'; readonly request: RunRequestInput }
  | { readonly kind: 'quit' }
  | { readonly kind: 'unclear'; readonly problem: string }

/** The line that says what may be typed. */
export function promptOf(wait: Wait): string {
  switch (wait.kind) {
    case 'goal':
      return 'your answer, or q to leave it waiting > '
    case 'plan':
      return `${wait.approvable ? '[a]pprove, ' : ''}[r]eject REASON, [e]dit FILE, [q]uit and leave it waiting > `
    case 'action':
      return '[a]pprove, always (in this run), [r]eject REASON, [s]kip, [e]dit JSON, [q]uit and leave it waiting > '
    case 'doubt':
      return '[h]appened, [d]id not, [f]ailed, [q]uit and leave it waiting > '
    case 'stall':
      return `${wait.choices.map((choice) => `[${choice.charAt(0)}]${choice.slice(1)}`).join(', ')}, [q]uit and leave it waiting > `
  }
}

/** Understands a typed line. `readPlan` reads the plan file of an edit. */
export async function understand(wait: Wait, typed: string, readPlan: (path: string) => Promise<unknown>): Promise<Answer> {
  const line = typed.trim()
  if (line === 'q' || line === 'quit') return { kind: 'quit' }
  if (line === '') return { kind: 'unclear', problem: 'Type one of the letters.' }
  const [word = '', ...others] = line.split(/\s+/)
  const rest = others.length === 0 ? null : line.slice(word.length).trim()
  const draft = await draftOf(wait, line, word.toLowerCase(), rest, readPlan)
  if (draft === null) return { kind: 'unclear', problem: `"${word}" is none of the answers.` }
  const request = answerDraft(draft)
  return 'problem' in request ? { kind: 'unclear', problem: request.problem } : { kind: 'request', request: request.request }
}

async function draftOf(
  wait: Wait,
  line: string,
  word: string,
  rest: string | null,
  readPlan: (path: string) => Promise<unknown>,
): Promise<Draft | null> {
  const is = (full: string) => word === full.charAt(0) || word === full
  switch (wait.kind) {
    case 'goal':
      return { type: 'goal.answer', text: line }
    case 'plan': {
      const digest = wait.digest ?? undefined
      if (is('approve') && wait.approvable) return { type: 'plan.approve', digest, reason: rest }
      if (is('reject')) return { type: 'plan.reject', digest, reason: rest }
      return is('edit') && rest !== null ? { type: 'plan.edit', digest, plan: await readPlan(rest) } : null
    }
    case 'action': {
      const bound = { actionId: wait.action.actionId, digest: wait.action.digest ?? undefined }
      if (is('approve')) return { type: 'action.approve', ...bound, reason: rest }
      if (word === 'always') return { type: 'action.approve', ...bound, reason: rest, scope: 'run' }
      if (is('reject')) return { type: 'action.reject', ...bound, reason: rest }
      if (is('skip')) return { type: 'action.skip', actionId: bound.actionId, reason: rest }
      return is('edit') && rest !== null ? { type: 'action.edit', ...bound, args: rest, reason: null } : null
    }
    case 'doubt': {
      const resolution = is('happened') ? 'happened' : is('failed') ? 'failed' : ['d', 'did', 'did-not'].includes(word) ? 'did-not' : null
      return resolution === null ? null : { type: 'action.resolve', actionId: wait.action.actionId, resolution, reason: word === 'did' ? null : rest }
    }
    case 'stall': {
      const option = wait.choices.find(is)
      return option === undefined ? null : { type: 'intervention.choose', option }
    }
  }
}
