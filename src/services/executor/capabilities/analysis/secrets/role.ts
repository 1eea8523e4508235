import { isFixture, isTest } from '../file-kind.ts'
import { COMMENT, maskOf, STRING } from '../mask.ts'
import type { TextFile } from '../text-files.ts'
import type { Sighting } from './find-secrets.ts'

/** Where a secret stands: in what runs, in what tests it, or in what explains it. */
export type Role = 'source' | 'test' | 'docs'

const DOCS_PATH =
  /(?:^|\/)(?:docs?|examples?|samples?|demos?|playground|stories|templates?|tutorials?|website)\/|[._-](?:example|sample|template|tmpl|dist|stories)(?:\.\w+)?$|(?:^|\/)(?:readme|changelog|changes|news|history|pkg-info)(?:\.\w+)?$/i
/** What begins a comment line in languages that are not looked into. */
const COMMENT_LINE = /^\s*(?:#|\/\/|\*|--|;|%|<!--|rem\b)/i

/** The role of each sighting in a file. */
export function rolesOf({ path, text, language }: TextFile): (sighting: Sighting) => Role {
  if (isTest(path) || isFixture(path)) return () => 'test'
  if (language.kind === 'prose' || DOCS_PATH.test(path)) return () => 'docs'
  if (language.syntax === null) return ({ offset }) => (COMMENT_LINE.test(text.slice(text.lastIndexOf('\n', offset) + 1, offset)) ? 'docs' : 'source')
  const mask = maskOf(text, language.syntax)
  return ({ offset, rule }) => {
    if (mask[offset] === COMMENT) return 'docs'
    // The sign of the assignment stands in a text as well: a documentation string, or a sample.
    return language.kind === 'code' && rule === 'secrets.assigned' && mask[offset - 2] === STRING ? 'docs' : 'source'
  }
}
