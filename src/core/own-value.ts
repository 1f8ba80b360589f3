/**
 * Returns the value of a key that comes from a file or a host, or undefined. `values[key]` alone would also find what every
 * object inherits, e.g. for a host named `constructor`.
 */
export function ownValue<T>(values: Readonly<Record<string, T>>, key: string): T | undefined {
  return Object.hasOwn(values, key) ? values[key] : undefined
}
