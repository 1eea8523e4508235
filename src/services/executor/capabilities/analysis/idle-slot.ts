/** The analyses of a run follow each other closely; what nobody asked for in that time nobody will. */
const IDLE_MS = 10_000
const ARMED_MS = 1_000

/** Holds one value for one key, until another is put there or nobody asked for it for a while. */
export class IdleSlot<Value> {
  #held: { readonly key: string; readonly value: Value } | null = null
  #idle: NodeJS.Timeout | undefined
  #armedAt = 0

  get(key: string): Value | undefined {
    if (this.#held?.key !== key) return undefined
    // Arming a timer takes longer than looking; a second more or less does not matter.
    if (performance.now() - this.#armedAt > ARMED_MS) this.#wait()
    return this.#held.value
  }

  set(key: string, value: Value): Value {
    this.#held = { key, value }
    this.#wait()
    return value
  }

  #wait(): void {
    clearTimeout(this.#idle)
    this.#armedAt = performance.now()
    this.#idle = setTimeout(() => (this.#held = null), IDLE_MS).unref()
  }
}
