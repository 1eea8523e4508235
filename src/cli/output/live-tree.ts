import type { RunEvent } from '../../model/events.ts'
import type { RunView } from '../../controller.types.ts'
import type { Context } from '../command.ts'
import { answersTo, waitsOf } from '../waits.ts'
import type { Display } from './display.ts'
import { EMPTY_TREE, grow } from './tree-model.ts'
import { drawTree } from './tree.ts'

const REDRAW_MS = 100
const TICK_MS = 1_000
/** Events after which limits or questions may be others. */
const CHANGES_VIEW: ReadonlySet<RunEvent['type']> = new Set([
  'run.started',
  'run.adopted',
  'run.amended',
  'action.waiting',
  'action.settled',
  'action.judged',
  'plan.awaitsSignOff',
  'goal.needsAnswer',
  'run.needsPerson',
  'plan.accepted',
])

export interface LiveTreeOptions {
  /** The run as its journal has it now. */
  view(): RunView
}

/** A tree that is redrawn in place, at most ten times a second, and once a second for the clock. */
export async function createLiveTree(context: Context, options: LiveTreeOptions): Promise<Display> {
  const { createLogUpdate } = await import('log-update')
  const { stdout } = context.io
  // The cursor stays: a process that is killed could not bring it back.
  const screen = createLogUpdate(stdout, { showCursor: true })
  let tree = EMPTY_TREE
  let view: RunView | null = null
  let viewedAt = Date.now()
  let isStale = true
  let isSuspended = false
  let pending: NodeJS.Timeout | null = null

  const draw = () => {
    pending = null
    if (isSuspended) return
    if (isStale) {
      view = options.view()
      viewedAt = Date.now()
      isStale = false
    }
    if (view === null) return
    const isHeld = view.summary.finished || view.state.includes('paused')
    const frame = {
      columns: stdout.columns ?? 80,
      rows: stdout.rows ?? 24,
      limits: { steps: view.limits.steps[1], ms: view.limits.ms[1] },
      usedMs: view.limits.ms[0] + (isHeld ? 0 : Date.now() - viewedAt),
      answers: waitsOf(view).flatMap((wait) => answersTo(wait, tree.runId, context.invocation)),
    }
    screen(drawTree(tree, frame, context.palette).join('\n'))
  }
  const redraw = () => {
    pending ??= setTimeout(draw, REDRAW_MS)
  }
  const take = (event: RunEvent) => {
    tree = grow(tree, event)
    if (CHANGES_VIEW.has(event.type)) isStale = true
  }
  const ticking = setInterval(redraw, TICK_MS)

  return {
    recall: take,
    event: (event) => {
      take(event)
      redraw()
    },
    suspend: () => {
      isSuspended = true
      screen.clear()
    },
    resume: () => {
      isSuspended = false
      redraw()
    },
    close: () => {
      clearInterval(ticking)
      if (pending !== null) clearTimeout(pending)
      isSuspended = false
      draw()
      screen.done()
    },
  }
}
