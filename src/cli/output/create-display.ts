import type { RunEvent } from '../../model/events.ts'
import type { Context } from '../command.ts'
import type { Display } from './display.ts'
import { createLiveTree, type LiveTreeOptions } from './live-tree.ts'
import { plainLine } from './plain.ts'

/** NDJSON with `--json`, nothing when quiet, a live tree on a terminal, plain lines elsewhere. */
export async function createDisplay(context: Context, options: LiveTreeOptions): Promise<Display> {
  const { settings, io } = context
  if (settings.json) return lineDisplay((event) => context.record({ ...event }))
  if (settings.verbosity === 'quiet') return lineDisplay(() => {})
  const isLive = io.stdout.isTTY === true && io.env['TERM'] !== 'dumb' && settings.verbosity === 'normal'
  if (isLive) return createLiveTree(context, options)
  return lineDisplay((event) => {
    const line = plainLine(event, settings.verbosity)
    if (line !== null) context.print([line])
  })
}

function lineDisplay(show: (event: RunEvent) => void): Display {
  return { recall: () => {}, event: show, suspend: () => {}, resume: () => {}, close: () => {} }
}
