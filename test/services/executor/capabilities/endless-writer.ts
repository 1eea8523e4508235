import { fsWrite } from '../../../../src/services/executor/capabilities/fs.write.ts'
import { makeContext } from '../context.ts'

/** Writes two contents in turn until it is killed; prints a line for each write that is done. */
const workspace = process.argv[2] ?? ''
const contents = ['a', 'b'].map((letter) => letter.repeat(3_000_000))
for (let turn = 0; ; turn += 1) {
  const content = contents[turn % 2] ?? ''
  await fsWrite.run({ path: 'a.txt', content, createDirs: false }, makeContext(workspace))
  process.stdout.write('done\n')
}
