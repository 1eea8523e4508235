import { printable } from '../../input/terminal-text.ts'

// The codes that `palette` gives text; nothing else may pass.
const OURS = /(\u001b\[(?:1|2|22|3[1-6]|39)m)/

/** Lines as they may reach a terminal. Their makers have escaped them already; what one forgot is escaped here, but for our own styles. */
export function shown(text: string, isStyled: boolean): string {
  if (!isStyled) return printable(text)
  return text
    .split(OURS)
    .map((part, index) => (index % 2 === 1 ? part : printable(part)))
    .join('')
}
