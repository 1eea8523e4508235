import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

const fromRoot = (path: string): string => fileURLToPath(new URL(path, import.meta.url))

export default defineConfig({
  resolve: {
    // Stately's machine extractor reads names out of XState 4; it gets its own copy, and the program itself only ever sees XState 5.
    alias: [
      { find: '@xstate/machine-extractor', replacement: fromRoot('node_modules/@xstate/machine-extractor/dist/xstate-machine-extractor.esm.js') },
      { find: /^xstate\/lib\//, replacement: 'xstate-v4/lib/' },
    ],
  },
  test: {
    include: ['test/**/*.test.ts'],
    // The end-to-end tests run what is built: a bare `npx vitest run` must not test a stale one.
    globalSetup: fromRoot('test/global-setup.mjs'),
    environment: 'node',
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 20_000,
    hookTimeout: 20_000,
    reporters: process.env['CI'] ? ['default', './test/tally.reporter.ts'] : ['default'],
    server: { deps: { inline: [/@xstate\/machine-extractor/] } },
  },
})
