// `npm start`: the command line, or its `run` with the defaults when nothing is said. In this very process, so signals and exit code are its own.
import { fileURLToPath } from 'node:url'

const main = new URL('../dist/cli/main.js', import.meta.url)
const [node = process.execPath, , ...args] = process.argv
process.argv = [node, fileURLToPath(main), ...(args.length === 0 ? ['run'] : args)]
await import(main.href)
