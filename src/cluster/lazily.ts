/**
 * An object whose properties are computed when they are first read, each once. A computation that throws is repeated at the
 * next read.
 */
export function lazily<T extends object>(makers: { readonly [Key in keyof T]: () => T[Key] }): T {
  const made = {} as T
  for (const [key, make] of Object.entries(makers) as [string, () => unknown][]) {
    Object.defineProperty(made, key, {
      configurable: true,
      enumerable: true,
      get() {
        const value = make()
        Object.defineProperty(made, key, { value, enumerable: true })
        return value
      },
    })
  }
  return made
}
