import type { ActionView, RunView } from '../controller.types.ts'
import { InterventionOption } from '../model/request.ts'
import { commandLine, type Invocation } from './invocation.ts'

/** One thing that a run waits for a person to say. `key` changes when what is asked changes. */
export type Wait = { readonly key: string } & (
  | { readonly kind: 'goal'; readonly question: string }
  | { readonly kind: 'plan'; readonly digest: string | null; readonly approvable: boolean }
  | { readonly kind: 'action'; readonly action: ActionView }
  | { readonly kind: 'doubt'; readonly action: ActionView }
  | { readonly kind: 'stall'; readonly why: string; readonly choices: readonly string[] }
)

/** Everything a run waits for, in the order to answer it. */
export function waitsOf(view: RunView): Wait[] {
  if (view.summary.finished) return []
  const waits: Wait[] = []
  if (view.state.includes('clarifying') && view.question !== null) waits.push({ key: `goal:${view.question}`, kind: 'goal', question: view.question })
  if (view.state.includes('signingOff')) {
    waits.push({ key: `plan:${view.planDigest}`, kind: 'plan', digest: view.planDigest, approvable: view.accepts.includes('plan.approve') })
  }
  for (const action of view.actions) {
    if (action.state.endsWith('awaitingApproval')) waits.push({ key: `action:${action.actionId}:${action.digest}`, kind: 'action', action })
    if (action.state.includes('inDoubt')) waits.push({ key: `doubt:${action.actionId}:${action.attempts}`, kind: 'doubt', action })
  }
  if (view.state.includes('stalled.awaitingPerson')) {
    waits.push({ key: `stall:${view.lastSeq}`, kind: 'stall', why: view.needsPerson ?? view.description, choices: InterventionOption.options })
  }
  return waits
}

/** The exact commands that answer a wait. Each is bound to what was seen, so that it cannot answer something else. */
export function answersTo(wait: Wait, runId: string, invocation: Invocation): string[] {
  const say = (...words: string[]) => commandLine(invocation, ...words)
  switch (wait.kind) {
    case 'goal':
      return [say('respond', runId, 'goal', 'YOUR ANSWER')]
    case 'plan': {
      const bound = wait.digest === null ? [] : ['--digest', shortDigest(wait.digest)]
      return [
        ...(wait.approvable ? [say('approve', runId, 'plan', ...bound)] : []),
        say('reject', runId, 'plan', ...bound),
        say('approve', runId, 'plan', '--edit', 'FILE'),
      ]
    }
    case 'action': {
      const { actionId, digest } = wait.action
      const bound = digest === null ? [] : ['--digest', shortDigest(digest)]
      return [say('approve', runId, actionId, ...bound), say('reject', runId, actionId, ...bound), say('skip', runId, actionId)]
    }
    case 'doubt':
      return ['happened', 'did-not', 'failed'].map((resolution) => say('resolve', runId, wait.action.actionId, resolution))
    case 'stall':
      return wait.choices.map((choice) => say('choose', runId, choice))
  }
}

/** The beginning of a digest that is shown and typed: 64 bits, enough to bind an answer to what a person saw. */
export function shortDigest(digest: string): string {
  return digest.slice(0, 16)
}
