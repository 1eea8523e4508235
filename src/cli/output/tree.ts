import { formatClock, formatDuration } from '../duration.ts'
import { flat, paint, padded, widthOf, type Line, type Span } from './columns.ts'
import type { Palette, Style } from './palette.ts'
import { isSettled, type StepMark, type StepRow, type TreeModel } from './tree-model.ts'

/** What the tree is drawn with, besides what happened. */
export interface TreeFrame {
  readonly columns: number
  readonly rows: number
  readonly limits: { readonly steps: number; readonly ms: number }
  /** Run time used so far. */
  readonly usedMs: number
  /** How to answer what waits, in words that can be typed. */
  readonly answers: readonly string[]
}

const MARKS: Readonly<Record<StepMark, Span>> = {
  pending: ['·', 'dim'],
  guarding: ['?', 'cyan'],
  running: ['▶', 'blue'],
  retrying: ['↻', 'yellow'],
  waiting: ['⏸', 'yellow'],
  succeeded: ['✔', 'green'],
  failed: ['✖', 'red'],
  denied: ['⊘', 'red'],
  skipped: ['↷', 'dim'],
  cancelled: ['✖', 'dim'],
}
const NOTE_STYLE: Readonly<Partial<Record<StepMark, Style>>> = { failed: 'red', denied: 'red', waiting: 'yellow', retrying: 'yellow' }
// Goal, run, state, progress, question, and a line each for what is left out above and below.
const FURNITURE = 7

/** The tree as terminal lines, none wider than `columns`, not more than `rows` of them. */
export function drawTree(tree: TreeModel, frame: TreeFrame, palette: Palette): string[] {
  const waits = frame.answers.slice(0, Math.max(0, Math.min(6, frame.rows - FURNITURE - 2)))
  const room = Math.max(1, frame.rows - FURNITURE - waits.length)
  const lines: Line[] = [
    [[flat(tree.goal), 'bold']],
    [[`  run ${flat(tree.runId)}`, 'dim']],
    [['  '], [statePath(tree.state), 'cyan'], [tree.description === '' ? '' : ` ${flat(tree.description)}`, 'dim']],
    ...stepLines(tree.steps, room),
    progressLine(tree, frame),
    ...(tree.needsPerson === null ? [] : [[['  waits: ', 'yellow'], [flat(tree.needsPerson)]] satisfies Line]),
    ...waits.map((answer): Line => [['    '], [flat(answer), 'yellow']]),
  ]
  // The last column stays free: some terminals wrap when it is written.
  return lines.slice(0, Math.max(1, frame.rows - 1)).map((line) => paint(line, Math.max(1, frame.columns - 1), palette))
}

/** `open.active.executing.watching` → `executing › watching`. */
function statePath(state: string): string {
  return flat(
    state
      .replace(/^open\.(active\.)?/, '')
      .split('.')
      .join(' › '),
  )
}

function stepLines(steps: readonly StepRow[], room: number): Line[] {
  const { above, shown, below } = chooseSteps(steps, room)
  const idWidth = Math.max(0, ...shown.map((step) => widthOf(flat(step.id))))
  return [
    ...(above > 0 ? [[[`  … ${above} above`, 'dim']] satisfies Line] : []),
    ...shown.map((step) => stepLine(step, idWidth)),
    ...(below > 0 ? [[[`  … ${below} below`, 'dim']] satisfies Line] : []),
  ]
}

function stepLine(step: StepRow, idWidth: number): Line {
  const [sign, style] = MARKS[step.mark]
  const attempt = step.attempt > 1 ? ` attempt ${step.attempt}` : ''
  const time = step.wallMs === null ? '' : ` ${formatDuration(step.wallMs)}`
  const note = step.note === '' ? '' : ` ${flat(step.note)}`
  return [
    ['  '],
    [sign, style ?? 'dim'],
    [` ${padded(flat(step.id), idWidth)} `, 'dim'],
    [flat(step.title)],
    [note, NOTE_STYLE[step.mark] ?? 'dim'],
    [`${attempt}${time} ${flat(step.capability)}`, 'dim'],
  ]
}

/** The stretch of the plan around what is going on, when the whole of it does not fit. */
export function chooseSteps(
  steps: readonly StepRow[],
  room: number,
): { readonly above: number; readonly shown: readonly StepRow[]; readonly below: number } {
  if (steps.length <= room) return { above: 0, shown: steps, below: 0 }
  const firstOpen = steps.findIndex((step) => !isSettled(step))
  const focus = firstOpen === -1 ? steps.length : firstOpen
  const start = Math.max(0, Math.min(focus - Math.floor(room / 3), steps.length - room))
  return { above: start, shown: steps.slice(start, start + room), below: steps.length - room - start }
}

function progressLine(tree: TreeModel, frame: TreeFrame): Line {
  const done = tree.steps.filter(isSettled).length
  const total = tree.steps.length
  const waiting = tree.steps.filter((step) => step.mark === 'waiting').length
  const left = Math.max(0, frame.limits.ms - frame.usedMs)
  const criteria = tree.criteria === null ? '' : ` · criteria ${tree.criteria.met}/${tree.criteria.total}`
  return [
    ['  '],
    [bar(total === 0 ? 0 : done / total, 16), 'green'],
    [` ${done}/${total}`],
    [` · ${tree.dispatched.size} of ${frame.limits.steps} steps · ${formatClock(frame.usedMs)}, ${formatClock(left)} left${criteria}`, 'dim'],
    [waiting === 0 ? '' : ` · ${waiting} waiting`, 'yellow'],
  ]
}

function bar(share: number, width: number): string {
  const full = Math.round(Math.min(1, Math.max(0, share)) * width)
  return '█'.repeat(full) + '░'.repeat(width - full)
}
