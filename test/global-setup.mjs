import { ensureBuilt } from '../scripts/build.mjs'

/** Builds dist/ when the sources have changed since. */
export const setup = ensureBuilt
