import { printableJson } from '../../input/terminal-text.ts'

/** One record of `--json`: the JSON of a value on one line, safe to be shown on a terminal, equal to the value when parsed. */
export function jsonLine(value: unknown): string {
  return `${printableJson(JSON.stringify(value) ?? 'null')}\n`
}
