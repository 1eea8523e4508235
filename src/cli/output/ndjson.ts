// What a terminal could obey although JSON allows it raw: C1 controls, DEL, format characters, line and paragraph separators.
const RAW = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu

/** One record of `--json`: the JSON of a value on one line, safe to be shown on a terminal, equal to the value when parsed. */
export function jsonLine(value: unknown): string {
  return `${(JSON.stringify(value) ?? 'null').replace(RAW, escaped)}\n`
}

function escaped(char: string): string {
  return Array.from({ length: char.length }, (_, index) => `\\u${char.charCodeAt(index).toString(16).padStart(4, '0')}`).join('')
}
