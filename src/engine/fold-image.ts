import type { FoldImage } from './fold.ts'

/** An image as JSON. Its long arrays are bodies of their own: most, such as a plan's steps, stay the same from image to image. */
export interface PackedImage {
  readonly image: unknown
  /** Where each long array belongs, and the body that holds it. */
  readonly shared: readonly { readonly at: readonly (string | number)[]; readonly ref: string }[]
}

/** Packs the images of one run. */
export interface ImagePacker {
  /** Null when the image holds something that JSON would not give back. */
  pack(image: FoldImage): PackedImage | null
}

/** Arrays of more elements are put down once for all images that hold them. */
const SHARED_ABOVE = 32

/** `put` stores a body and returns its reference. */
export function createImagePacker(put: (body: unknown) => string): ImagePacker {
  // Contexts are never changed in place, so the same array is the same body.
  const known = new WeakMap<readonly unknown[], string>()

  function refOf(array: readonly unknown[]): string {
    const ref = known.get(array) ?? put(plain(array, [], () => null))
    known.set(array, ref)
    return ref
  }

  return {
    pack(image) {
      const shared: { at: readonly (string | number)[]; ref: string }[] = []
      try {
        const packed = plain(image, [], (array, at) => {
          if (array.length <= SHARED_ABOVE) return null
          const ref = refOf(array)
          shared.push({ at, ref })
          return ref
        })
        return { image: packed, shared }
      } catch (error) {
        if (error instanceof NotPlain) return null
        throw error
      }
    },
  }
}

/** The image that was packed. `get` gives a body, or null when it is gone. Null when a body is. */
export function unpackImage({ image, shared }: PackedImage, get: (ref: string) => unknown): FoldImage | null {
  const whole: unknown = structuredClone(image)
  for (const { at, ref } of shared) {
    const body = get(ref)
    const place = at.slice(0, -1).reduce(memberOf, whole)
    const key = at.at(-1)
    if (!Array.isArray(body) || !isRecord(place) || key === undefined) return null
    place[key] = body
  }
  return isImage(whole) ? whole : null
}

const isRecord = (value: unknown): value is Record<string | number, unknown> => typeof value === 'object' && value !== null
const memberOf = (outer: unknown, key: string | number): unknown => (isRecord(outer) && Object.hasOwn(outer, key) ? outer[key] : undefined)

const isImage = (value: unknown): value is FoldImage => isRecord(value) && isRecord(value['root']) && Array.isArray(value['actors'])

class NotPlain extends Error {}

/** A copy of what JSON gives back as it is; arrays that `share` takes are left out. @throws NotPlain */
function plain(
  value: unknown,
  at: readonly (string | number)[],
  share: (array: readonly unknown[], at: readonly (string | number)[]) => string | null,
): unknown {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return value
  if (typeof value === 'number') {
    if (Number.isFinite(value) && !Object.is(value, -0)) return value
    throw new NotPlain()
  }
  if (Array.isArray(value)) return share(value, at) === null ? value.map((part, index) => plain(part, [...at, index], share)) : null
  if (typeof value !== 'object') throw new NotPlain()
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== null) throw new NotPlain()
  const parts = Object.entries(value).filter(([, part]) => part !== undefined)
  return Object.fromEntries(parts.map(([key, part]) => [key, plain(part, [...at, key], share)]))
}
