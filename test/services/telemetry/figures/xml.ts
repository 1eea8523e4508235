/**
 * What is wrong with a text as XML, or null: tags that do not pair, attributes twice or unquoted, a bare `<` or `&`, characters XML cannot
 * have, more than one root. It knows the part of XML that our pictures are written in, and takes anything else for wrong.
 */
export function xmlProblem(text: string): string | null {
  const illegal = /[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/u.exec(text)
  if (illegal) return `a character that XML cannot have at ${illegal.index}`
  const open: string[] = []
  let roots = 0
  const rest = text.replace(
    /<(\/?)([A-Za-z][\w-]*)((?:\s+[A-Za-z][\w:-]*="[^"<]*")*)\s*(\/?)>|([^<]+)/g,
    (_, end, name, attributes, empty, chars) => {
      if (chars !== undefined) {
        if (open.length === 0 && chars.trim() !== '') return '!text outside'
        return entitiesAreKnown(chars) ? '' : '!entity'
      }
      const names = [...String(attributes).matchAll(/\s([\w:-]+)=/g)].map((match) => match[1])
      if (new Set(names).size !== names.length) return '!attribute twice'
      if (!entitiesAreKnown(attributes)) return '!entity in attribute'
      if (end === '/') return open.pop() === name ? '' : `!</${name}>`
      if (open.length === 0) roots += 1
      if (empty !== '/') open.push(name)
      return ''
    },
  )
  if (rest !== '') return `not understood: ${rest.slice(0, 80)}`
  if (open.length > 0) return `not closed: ${open.join(', ')}`
  return roots === 1 ? null : `${roots} roots`
}

function entitiesAreKnown(text: string): boolean {
  return !/&(?!(?:amp|lt|gt|quot|#39);)/.test(text)
}
