import { linesOf } from './text-files.ts'

/** An npm script that a text tells its readers to run. */
export interface ScriptCommand {
  /** From 1. */
  readonly line: number
  readonly text: string
  /** As it is written: `npm run build`. */
  readonly command: string
  readonly script: string
}

const MAX_LINE = 2_000
const SHELL_FENCE = /^(?:|sh|bash|shell|zsh|console|terminal|shell-session|shellsession|text|txt)$/i
const COMMAND = /(?:^|[\s;&|(])(npm (?:run(?:-script)? +([A-Za-z0-9][\w:.@/-]*)|(test|start|stop|restart)))(?=$|[\s;&|)])/
// From here on the commands are meant for another folder, or for a project that the reader is about to make.
const ELSEWHERE = /\bcd\s|\bgit clone\b|\bpushd\b|\bnpm (?:init|create)\b|\bnpx\s+(?:-\S+\s+)*create-|\byarn create\b|\bpnpm create\b/
const OTHER_PACKAGE = /\s(?:-w|--workspaces?|--prefix|-C|--if-present)\b/

/** The `npm run X`, `npm test` and `npm start` of code fences and code spans of a Markdown text; prose and other packages' commands are left out. */
export function scriptCommands(markdown: string): ScriptCommand[] {
  const found: ScriptCommand[] = []
  let fence: { readonly mark: string; readonly isShell: boolean } | null = null
  // Until the next heading: what follows is for where the reader went.
  let isElsewhere = false
  for (const [index, text] of linesOf(markdown).entries()) {
    if (text.length > MAX_LINE) continue
    const opening: RegExpExecArray | null = /^\s{0,3}(?:[-*+]\s+|\d+[.)]\s+|>\s*)*\s*(`{3,}|~{3,})\s*([^\s`]*)[^`]*$/.exec(text)
    const mark = opening?.[1]
    if (fence !== null) {
      if (mark !== undefined && mark[0] === fence.mark[0] && mark.length >= fence.mark.length && opening?.[2] === '') fence = null
      else if (fence.isShell) {
        isElsewhere ||= ELSEWHERE.test(text)
        if (!isElsewhere) found.push(...inShell(text, index + 1))
      }
      continue
    }
    if (mark !== undefined) fence = { mark, isShell: SHELL_FENCE.test(opening?.[2] ?? '') }
    else if (/^\s{0,3}#{1,6}\s/.test(text)) isElsewhere = false
    else if (!isElsewhere && !/^(?: {4}|\t)/.test(text)) found.push(...inSpans(text, index + 1))
  }
  return found
}

function inShell(text: string, line: number): ScriptCommand[] {
  const command = text.replace(/^\s*(?:[$>%]\s+)?/, '').replace(/\s#\s.*$/, '')
  return command.startsWith('#') || !/^(?:npm|sudo|[A-Z_]+=\S*|.*(?:&&|;))\s/.test(`${command} `) ? [] : toCommand(command, text, line)
}

function inSpans(text: string, line: number): ScriptCommand[] {
  return [...text.matchAll(/(`+)(?!`)(.*?[^`])\1(?!`)/g)].flatMap((span) => {
    const inside = (span[2] ?? '').trim().replace(/^\$\s+/, '')
    return inside.startsWith('npm ') && !ELSEWHERE.test(inside) ? toCommand(inside, text, line) : []
  })
}

function toCommand(command: string, text: string, line: number): ScriptCommand[] {
  const match = COMMAND.exec(command)
  const script = match?.[2] ?? match?.[3]
  if (match?.[1] === undefined || script === undefined || OTHER_PACKAGE.test(command)) return []
  return [{ line, text, command: match[1], script }]
}
