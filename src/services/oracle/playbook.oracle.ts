import { ControllerError } from '../../errors.ts'
import type { Evidence } from '../../model/report.ts'
import { factsFrom, needsOf, readFor, unmetNeed, type Facts } from './facts.ts'
import { candidatesOf, rankPlaybooks, type Match } from './matching.ts'
import { nearest } from '../../input/nearest.ts'
import type { Draft, Oracle, OracleRequest, ResearchRead } from './oracle.ts'
import { draftFrom } from './playbook-plan.ts'
import type { Playbook } from './playbook.ts'
import { sourceOf } from './research.ts'

export interface PlaybookOracleOptions {
  readonly playbooks: readonly Playbook[]
  /** The only playbook to plan with, by id; goals are then not matched. */
  readonly only?: string
  /** What the evidence of a run shows; default: what the reads that this oracle asks for show. */
  readonly facts?: (evidence: readonly Evidence[]) => Facts
}

const LIST_READ: ResearchRead = { capability: 'fs.list.v1', args: { path: '.' }, question: 'What is in the workspace?' }

/**
 * Plans by playbooks, without a model: the goal chooses one by its words, the workspace decides which of its steps apply, and a failed
 * step is replaced by its fallback. A goal that no playbook fits is refused.
 * @throws ControllerError UNPLANNABLE when there is no playbook called `only`
 */
export function playbookOracle({ playbooks, only, facts = factsFrom }: PlaybookOracleOptions): Oracle {
  const chosen = only === undefined ? null : findPlaybook(playbooks, only)
  return {
    name: 'playbook',
    trusted: true,
    clarify: async (request) => (chosen === null && request.assumption === null ? questionFor(candidatesFor(playbooks, request)) : null),
    questions: async (request) => readsOf(chosen === null ? candidatesFor(playbooks, request).map(({ playbook }) => playbook) : [chosen]),
    draft: async (request) => {
      const known = facts(request.evidence)
      const found = chosen === null ? choose(playbooks, request, known) : refuseUnmet(chosen, known)
      return 'kind' in found ? found : draftFrom(found, request, known)
    },
  }
}

function findPlaybook(playbooks: readonly Playbook[], id: string): Playbook {
  const found = playbooks.find((playbook) => playbook.id === id)
  if (found !== undefined) return found
  const near = nearest(
    id,
    playbooks.map((playbook) => playbook.id),
  )
  throw new ControllerError('UNPLANNABLE', `There is no playbook ${id}.`, {
    hint: near === null ? 'Look at the ids with `planner-exec playbooks`.' : `Did you mean ${near}? \`planner-exec playbooks\` lists all.`,
  })
}

/** The playbooks a goal may mean; an answer that names one decides, and so may an answer in other words. */
function candidatesFor(playbooks: readonly Playbook[], { goal, assumption }: Pick<OracleRequest, 'goal' | 'assumption'>): readonly Match[] {
  const candidates = candidatesOf(rankPlaybooks(goal, playbooks))
  if (assumption === null || candidates.length === 1) return candidates
  const answer = assumption.trim().toLowerCase()
  const pool = candidates.length > 0 ? candidates.map(({ playbook }) => playbook) : playbooks
  const named = pool.filter((playbook) => [playbook.id, playbook.title, choiceOf(playbook)].some((name) => name.toLowerCase() === answer))
  if (named.length === 1) return named.map((playbook) => ({ playbook, score: 1 }))
  const reworded = candidatesOf(rankPlaybooks(assumption, pool))
  return reworded.length > 0 ? reworded : candidates
}

function choiceOf({ title, id }: Playbook): string {
  return `${title} (${id})`
}

function questionFor(candidates: readonly Match[]): Awaited<ReturnType<Oracle['clarify']>> {
  if (candidates.length < 2) return null
  return {
    question: `The goal fits ${candidates.length} playbooks about equally well. Which one is meant?`,
    choices: candidates.map(({ playbook }) => choiceOf(playbook)),
  }
}

/** What must be known before a plan is made: first what decides whether it fits, then what its steps depend on, then what helps. */
function readsOf(playbooks: readonly Playbook[]): readonly ResearchRead[] {
  if (playbooks.length === 0) return []
  const needs = playbooks.flatMap(({ match }) => match.needs)
  const conditions = playbooks.flatMap(({ steps, fallbacks }) =>
    [...steps, ...Object.values(fallbacks)].flatMap(({ when }) => (when === undefined ? [] : needsOf(when))),
  )
  const reads = [
    ...[...needs, ...conditions].map(readFor),
    LIST_READ,
    readFor('package.json'),
    readFor('git'),
    ...playbooks.flatMap(({ research }) => research),
  ]
  return [...new Map(reads.map((read) => [sourceOf(read), read])).values()]
}

function choose(playbooks: readonly Playbook[], request: OracleRequest, facts: Facts): Playbook | Draft {
  const candidates = candidatesFor(playbooks, request)
  if (candidates.length === 0) return noneFits(playbooks, request.goal)
  const able = candidates.map(({ playbook }) => refuseUnmet(playbook, facts))
  const [first, ...others] = able.filter((found) => !('kind' in found))
  if (first === undefined) return able[0] ?? noneFits(playbooks, request.goal)
  if (others.length === 0) return first
  const ids = [first, ...others].flatMap((found) => ('id' in found ? [found.id] : []))
  return {
    kind: 'none',
    reason: `The goal fits several playbooks about equally well: ${ids.join(', ')}.`,
    hint: `Choose one with --playbook, such as --playbook ${ids[0]}, or reword the goal.`,
  }
}

function refuseUnmet(playbook: Playbook, facts: Facts): Playbook | Draft {
  const unmet = unmetNeed(playbook.match.needs, facts)
  if (unmet === null) return playbook
  return {
    kind: 'none',
    reason: `Playbook ${playbook.id} does not fit this workspace: ${unmet}.`,
    hint: 'Give another folder with --workspace, another playbook with --playbook ID, or a plan with --plan FILE.',
  }
}

function noneFits(playbooks: readonly Playbook[], goal: string): Draft {
  const [best] = rankPlaybooks(goal, playbooks)
  if (best === undefined) return { kind: 'none', reason: 'There are no playbooks to plan with.', hint: 'Give a plan with --plan FILE.' }
  const { id, title, match } = best.playbook
  const distance = best.score === 0 ? 'has no word in common with it' : `has too little in common with it`
  return {
    kind: 'none',
    reason: `No playbook fits the goal; the nearest, ${id} ("${title}"), ${distance}.`,
    hint: `Give a plan with --plan FILE, choose a playbook with --playbook (such as ${id}), or reword the goal, such as "${match.any[0]}".`,
  }
}
