import { extensionOf, languageOf } from '../languages.ts'
import { entropyOf, isInvented } from './invented.ts'
import type { Searched, Secret } from './secret.ts'

const NAME = /passw(?:or)?d|passphrase|secret|token|api[_-]?key|access[_-]?key|private[_-]?key|auth[_-]?key|encryption[_-]?key|credential/i
/** Names that speak of a secret and hold none; after the list in gitleaks' rule `generic-api-key`. */
const HARMLESS =
  /public|csrf|xsrf|[_-]?(?:id|ids|name|names|url|uri|path|file|type|kind|length|size|count|field|label|prefix|suffix|hash|header|endpoint|pattern|regex|format|version|expiry|expires(?:in|at)?|ttl|placeholder|message|error|title|hint|help|text|selector|symbol|class|alias|policy|param|provider|index|pos|position|start|end|key_?(?:name|id))$|tokenizer|tokenize|design[_-]?token|^secret[_-]?(?:name|ref)|arn$/i
const QUOTED =
  /([A-Za-z_][\w.-]{0,60})["']?\]?[ \t]{0,8}(?::[ \t]{0,4}string[ \t]{0,4})?(?:=>|:=|=(?![=>])|:(?!:))[ \t]{0,8}(["'`])([\w+/=.~!@#%^&*-]{12,150})\2(?![\w"'`+])/g
const UNQUOTED = /^[ \t]*(?:-[ \t]+|export[ \t]+|ENV[ \t]+)?([A-Za-z_][\w.-]{0,60})[ \t]{0,8}[=:][ \t]{0,8}([\w+/=.~!@%^&*-]{12,150})[ \t]*\r?$/gm
const HEX = /^[0-9a-f]+$/i
/** Bits a character. gitleaks asks 3.5 of `generic-api-key`, Yelp's detect-secrets 3.0 of texts in hexadecimal digits. */
const MIN_ENTROPY = 3.5
const MIN_HEX_ENTROPY = 3
const MIN_HEX_LENGTH = 24
const MIN_LENGTH = 16

/** Literals that look random and are given to a name that speaks of a secret: a guess, whatever is found. */
export function findAssigned({ path, text }: Searched): Secret[] {
  if (!NAME.test(text)) return []
  const quoted = [...text.matchAll(QUOTED)].map((match) => ({
    name: match[1] ?? '',
    value: match[3] ?? '',
    end: match.index + match[0].length - 1,
    start: match.index,
  }))
  const unquoted = takesBareValues(path)
    ? [...text.matchAll(UNQUOTED)].map((match) => ({
        name: match[1] ?? '',
        value: match[2] ?? '',
        end: match.index + match[0].trimEnd().length,
        start: match.index,
      }))
    : []
  return [...quoted, ...unquoted].flatMap(({ name, value, end }) => {
    if (!NAME.test(name) || HARMLESS.test(name) || !looksRandom(value)) return []
    return [
      {
        rule: 'secrets.assigned',
        name: 'Literal that looks like a secret',
        offset: end - value.length,
        value,
        shown: name.slice(0, 60),
        isPrefix: false,
        confidence: 'heuristic',
        weight: 'limited',
      } satisfies Secret,
    ]
  })
}

/** Configuration whose values stand without quotes. */
function takesBareValues(path: string): boolean {
  const { name } = languageOf(path)
  return (
    ['YAML', 'INI', 'TOML', 'Dockerfile'].includes(name) ||
    /(?:^|\/)\.env(?:\.|$)/.test(path) ||
    ['env', 'npmrc', 'netrc'].includes(extensionOf(path))
  )
}

function looksRandom(value: string): boolean {
  if (isInvented(value) || !/\d/.test(value) || !/[A-Za-z]/.test(value) || isWordy(value)) return false
  if (HEX.test(value)) return value.length >= MIN_HEX_LENGTH && entropyOf(value) >= MIN_HEX_ENTROPY
  return value.length >= MIN_LENGTH && entropyOf(value) >= MIN_ENTROPY
}

/** Words and numbers with signs between them: an identifier, a path, a version, a host, a date. */
function isWordy(value: string): boolean {
  const parts = value.split(/[^A-Za-z0-9]+|(?<=[a-z])(?=[A-Z])/).filter(Boolean)
  const plain = parts.filter((part) => /^(?:[A-Z]?[a-z]{2,}\d{0,3}|[A-Z]{2,}|\d{1,4})$/.test(part)).join('').length
  return plain >= 0.7 * parts.join('').length
}
