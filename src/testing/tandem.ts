import type { AnyMachineSnapshot, AnyStateMachine, EventObject } from 'xstate'
import { createActorDriver } from './actor-driver.ts'
import { createNotes } from './chart-driver.ts'
import type { ChartDriver } from './chart-driver.ts'
import { createFoldDriver } from './fold-driver.ts'
import type { FoldDriverOptions } from './fold-driver.ts'

export interface Tandem extends ChartDriver {
  /** What the two did differently, in the order it was seen; empty when they agree. */
  differences(): readonly string[]
}

/** The engine's fold and a plain actor of one machine: whatever is done to one is done to the other, and they are compared after it. */
export function createTandem(machine: AnyStateMachine, { input, clocks = {} }: Pick<FoldDriverOptions, 'input' | 'clocks'> = {}): Tandem {
  const [folded, played] = [createNotes<string>(), createNotes<string>()]
  const fold = createFoldDriver(machine, { input, clocks, onProcessed: (...processed) => folded.add(line(...processed)) })
  const plain = createActorDriver(machine, { input, onProcessed: (...processed) => played.add(line(...processed)) })
  const facts = createNotes<EventObject>()
  const found: string[] = []

  function compare(what: string, inFold: unknown, inActor: unknown): void {
    const [one, other] = [JSON.stringify(inFold), JSON.stringify(inActor)]
    if (one !== other) found.push(`${what}: the fold has ${one}, the plain actor ${other}`)
  }

  function then(act: (driver: ChartDriver) => void): void {
    act(fold)
    act(plain)
    const told = fold.takeFacts()
    told.forEach(facts.add)
    compare('events processed', folded.take(), played.take())
    compare('events emitted', told, plain.takeFacts())
    compare('state', stateOf(fold), stateOf(plain))
    compare('services', servicesOf(fold), servicesOf(plain))
    compare('timers', timersOf(fold), timersOf(plain))
    compare('time', [fold.now(), fold.runNow(), fold.nextDue()], [plain.now(), plain.runNow(), plain.nextDue()])
  }
  then(() => {})

  return {
    ...fold,
    send: (path, event) => then((it) => it.send(path, event)),
    answer: (asked, output) => then((it) => it.answer(asked, output)),
    fail: (asked, error) => then((it) => it.fail(asked, error)),
    wait: (ms) => then((it) => it.wait(ms)),
    fire: (timer) => then((it) => it.fire(timer)),
    takeFacts: facts.take,
    differences: () => found,
  }
}

const stateOf = (driver: ChartDriver) =>
  driver.paths().map((path) => {
    const snapshot = driver.snapshot(path)
    return [path, snapshot?.status, snapshot?.value, snapshot?.context, snapshot?.output]
  })
const servicesOf = (driver: ChartDriver) =>
  driver
    .asked()
    .map((asked) => JSON.stringify([asked.path, asked.childId, asked.src, asked.input]))
    .toSorted()
const timersOf = (driver: ChartDriver) =>
  driver
    .timers()
    .map(({ owner, timerId }) => `${owner} ${timerId}`)
    .toSorted()

/** One processed event with what came of it. A field that is undefined is as good as absent: a journal does not keep it. */
export function line(path: string, event: EventObject, next: AnyMachineSnapshot): string {
  const fields = Object.entries(event).filter(([, value]) => value !== undefined)
  return JSON.stringify([path, fields.toSorted(([a], [b]) => a.localeCompare(b)), next.value, next.context, next.status])
}
