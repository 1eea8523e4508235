import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import * as z from 'zod'
import { answerDraft } from '../../src/cli/requests.ts'
import { parseRequest, parseStored } from '../../src/host/requests.ts'
import { parseYaml } from '../../src/input/yaml.ts'
import { PlannerExecParams } from '../../src/model/goal.ts'
import { Policy } from '../../src/model/policy.ts'
import { toWireParams } from '../../src/model/run-params.ts'
import { defineCapability } from '../../src/services/executor/define-capability.ts'
import { createLocalExecutor } from '../../src/services/executor/local.executor.ts'
import { loadPolicy } from '../../src/services/guard/policy-file.ts'
import { createPolicyGuard } from '../../src/services/guard/policy.guard.ts'
import { snapshotArgs } from '../../src/services/guard/snapshot.ts'
import { unpackBody } from '../../src/services/journal/blob-body.ts'
import { loadPlanFile } from '../../src/services/oracle/plan-file.oracle.ts'
import { parsePlan } from '../../src/services/oracle/plan-validator.ts'
import { loadPlaybookFile } from '../../src/services/oracle/playbook-file.ts'
import { makeContext } from '../services/executor/context.ts'
import { admit } from '../services/executor/fixtures.ts'

const DEEP = 200_000
const deep = (open: string, inner: string, close: string) => `${open.repeat(DEEP)}${inner}${close.repeat(DEEP)}`

/** Texts that JSON can carry and nobody should have to, each an object. */
const HOSTILE: Readonly<Record<string, string>> = {
  'lists 200 000 deep': `{"a":${deep('[', '', ']')}}`,
  'objects 200 000 deep': deep('{"a":', '1', '}'),
  'lists 2 000 deep': `{"a":${'['.repeat(2_000)}${']'.repeat(2_000)}}`,
  'a number beyond all': '{"a":1e999}',
  'half a character': '{"a":"\\ud800"}',
  'a prototype': '{"__proto__":{"polluted":1}}',
  'a prototype deeper in': '{"a":{"b":[{"__proto__":{"polluted":1}}]}}',
}
const PLAIN = '{"a":1,"constructor":{"prototype":{"polluted":1}},"toString":1,"hasOwnProperty":2}'

const folder = realpathSync(mkdtempSync(join(tmpdir(), 'hostile-json-')))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const planWith = (args: unknown) => ({ version: 1, steps: [{ id: 's', title: 't', capability: 'fs.read.v1', args }] })

/** Each door, given a value: it gives back what came through, or throws. */
const DOORS: Readonly<Record<string, (value: Record<string, unknown>) => unknown>> = {
  'the context of parameters': (context) => PlannerExecParams.parse(toWireParams({ goal: 'g', context: context as never })),
  'arguments that a person edits': (args) => parseRequest({ type: 'action.edit', actionId: 's', args }),
  'an answer': (output) => parseRequest({ type: 'action.respond', actionId: 's', output }),
  'a stored request': (output) => parseStored({ type: 'action.override', actionId: 's', output }),
  'an amendment': (output) => parseRequest({ type: 'run.modify', amendment: { overrides: { s: output } } }),
  'an edited plan': (args) => parseRequest({ type: 'plan.edit', plan: planWith(args) }),
  'a plan': (args) => parsePlan(planWith(args)),
  "the guard's copy of arguments": (args) => {
    const copy = snapshotArgs(args)
    if (!copy.ok) throw new Error(copy.reason)
    return copy.args
  },
  'an answer that is typed': (args) => {
    const drafted = answerDraft({ type: 'action.edit', actionId: 's', digest: 'd', args: args as never })
    if ('problem' in drafted) throw new Error(drafted.problem)
    return drafted.request
  },
}

const isPolluted = () => 'polluted' in {} || Object.keys(Object.prototype).length > 0

/** Whether any object in a value has another prototype than its own kind has, or a key that would give it one. */
function isForged(value: unknown): boolean {
  const open: unknown[] = [value]
  for (let part = open.pop(); part !== undefined; part = open.pop()) {
    if (typeof part !== 'object' || part === null) continue
    if (!Array.isArray(part) && ![Object.prototype, null].includes(Object.getPrototypeOf(part))) return true
    if (Object.hasOwn(part, '__proto__')) return true
    open.push(...Object.values(part).filter((inner) => typeof inner === 'object'))
  }
  return false
}

describe.each(Object.entries(DOORS))('%s', (_, door) => {
  it.each(['lists 200 000 deep', 'objects 200 000 deep', 'a number beyond all'])('refuses %s', (name) => {
    const value: Record<string, unknown> = JSON.parse(HOSTILE[name] ?? '')

    expect(() => door(value)).toThrow()
    expect(isPolluted()).toBe(false)
  })

  it.each(['a prototype', 'a prototype deeper in'])('refuses %s, or leaves it out', (name) => {
    const value: Record<string, unknown> = JSON.parse(HOSTILE[name] ?? '')
    let through: unknown = null
    try {
      through = door(value)
    } catch {
      // Refused.
    }

    expect(isForged(through)).toBe(false)
    expect(isPolluted()).toBe(false)
  })

  it('takes names that only look dangerous as names', () => {
    const through = JSON.stringify(door(JSON.parse(PLAIN)))

    expect(through).toContain('"constructor":{"prototype":{"polluted":1}}')
    expect(isPolluted()).toBe(false)
  })
})

describe('files that people give', () => {
  const READERS: Readonly<Record<string, (path: string) => Promise<unknown>>> = { plan: loadPlanFile, playbook: loadPlaybookFile, policy: loadPolicy }
  const TEXTS: Readonly<Record<string, string>> = {
    'lists 200 000 deep': deep('[', '', ']'),
    'objects 200 000 deep': deep('{"a":', '1', '}'),
    'block lists 100 000 deep': '- '.repeat(100_000),
    'block keys 100 000 deep': '? '.repeat(100_000),
    'tagged lists, deep': '- !!seq '.repeat(20_000),
    'anchored lists, deep': '- &a '.repeat(20_000),
    'a prototype': 'version: 1\n__proto__: { polluted: 1 }\n',
    'a quoted prototype': '{"version":1,"__proto__":{"polluted":1}}',
    'a key twice': 'version: 1\nversion: 1\n',
    'a billion laughs': `a: &a [x,x,x,x,x,x,x,x,x]\n${[...'bcdefghi'].map((name, at) => `${name}: &${name} [${Array.from({ length: 9 }, () => `*${'abcdefgh'.charAt(at)}`).join(',')}]`).join('\n')}`,
    'an alias of itself': 'a: &a [*a]\n',
    'a merge': 'version: 1\n<<: { steps: [] }\n',
    'a tag that makes things': 'version: !!js/function "() => 1"\n',
    'a number beyond all': 'version: 1e999\n',
    'no number': 'version: .nan\n',
    'two documents': 'version: 1\n---\nversion: 1\n',
    'half a character': '{"version":1,"title":"\\ud800","steps":[]}',
    'UTF-16': '\ufffe\u0000v\u0000e',
    NUL: 'version: 1\0\n',
    nothing: '',
    '200 000 open quotes': '"'.repeat(200_000),
    '100 000 closed brackets': '}'.repeat(100_000),
  }

  it.each(Object.keys(READERS).flatMap((reader) => Object.keys(TEXTS).map((name) => [reader, name] as const)))(
    'a %s with %s is refused with a reason',
    async (reader, name) => {
      const path = join(folder, 'given.yaml')
      writeFileSync(path, TEXTS[name] ?? '')

      const refusal = await READERS[reader]?.(path).then(
        () => null,
        (error: unknown) => error,
      )

      expect(refusal).toMatchObject({
        code: expect.stringMatching(/^(PLAN|PLAYBOOK|POLICY)_(INVALID|UNREADABLE)$/),
        message: expect.stringContaining(path),
      })
      expect(isPolluted()).toBe(false)
    },
  )

  it.each([
    ['a byte order mark', '\ufeffversion: 1\n', { version: 1 }],
    ['names that only look dangerous', 'constructor: { prototype: { x: 1 } }\n', { constructor: { prototype: { x: 1 } } }],
  ])('are read with %s', async (_, text, value) => {
    const parsed = await parseYaml(text)

    expect(parsed.ok && JSON.parse(JSON.stringify(parsed.value))).toEqual(value)
  })
})

describe("a capability's output", () => {
  const tool = (output: unknown) =>
    defineCapability({
      name: 'evil.tool.v1',
      title: 't',
      description: 'd',
      args: z.strictObject({}),
      output: z.unknown(),
      effect: 'read',
      risk: 'low',
      needs: [],
      timeoutMs: 1_000,
      targets: () => [],
      run: async () => output,
    })
  const cyclic: Record<string, unknown> = {}
  cyclic['a'] = cyclic

  it.each<[string, unknown]>([
    ...Object.entries(HOSTILE)
      .filter(([name]) => !/prototype|half/.test(name))
      .map(([name, text]): [string, unknown] => [name, JSON.parse(text)]),
    ['itself', cyclic],
    ['no number', { a: Number.NaN }],
    ['a big integer', { a: 1n }],
    ['a function', { a: () => 1 }],
    ['an error', new Error('x')],
    ['a date', { a: new Date() }],
    ['a map', { a: new Map() }],
    ['an object of another kind', Object.create({ inherited: 1 })],
    ['text alone', 'x'],
    ['a list', []],
  ])('with %s is refused as invalid', async (_, output) => {
    const executor = await createLocalExecutor({ capabilities: [tool(output)], workspace: folder, stateDir: join(folder, '.planner-exec') })

    await expect(executor.execute(admit('evil.tool.v1', {}), makeContext(folder))).rejects.toMatchObject({ code: 'OUTPUT_INVALID' })
  })
})

describe('arguments before the guard', () => {
  const args = z.looseObject({ path: z.string().optional() })
  const capability = defineCapability({
    name: 'evil.args.v1',
    title: 't',
    description: 'd',
    args,
    output: z.unknown(),
    effect: 'read',
    risk: 'low',
    needs: [],
    timeoutMs: 1_000,
    targets: () => [],
    run: async () => ({}),
  })

  it.each([...Object.entries(HOSTILE), ['a string of 100 MB', ''] as const, ['ten million entries', ''] as const])(
    'with %s are denied with a reason',
    async (name, text) => {
      const executor = await createLocalExecutor({ capabilities: [capability], workspace: folder, stateDir: join(folder, '.planner-exec') })
      const guard = createPolicyGuard({
        policy: Policy.parse({ version: 1, defaults: { '*': 'allow' } }),
        name: 'all',
        catalog: executor.catalog,
        workspace: folder,
        stateDir: join(folder, '.planner-exec'),
      })
      const value = name.startsWith('a string')
        ? { a: 'x'.repeat(100_000_000) }
        : name.startsWith('ten')
          ? { a: Array.from({ length: 10_000_000 }, () => 0) }
          : JSON.parse(text)

      const verdict = await guard.judge(
        { runId: 'run-1', stepId: 's', capability: 'evil.args.v1', args: value },
        { runId: 'run-1', allowedCapabilities: [] },
      )

      expect(verdict).toMatchObject({
        decision: 'deny',
        ruleId: expect.stringMatching(/^builtin:args-/),
        reason: expect.stringMatching(/^the arguments/),
      })
    },
  )
})

describe('a stored body', () => {
  it('that grows without end is not read', async () => {
    const { gzipSync } = await import('node:zlib')

    expect(unpackBody(gzipSync(Buffer.alloc(200 * 2 ** 20)))).toBeNull()
  })

  it.each([
    ['cut off', [0x1f, 0x8b, 8]],
    ['no gzip at all', [0x1f, 0x8b, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]],
  ])('that is %s is not read', (_, bytes) => {
    expect(unpackBody(Uint8Array.from(bytes))).toBeNull()
  })
})
