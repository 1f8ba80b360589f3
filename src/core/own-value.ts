/**
 * The value of a key that comes from a file or a host; undefined for one that is not there. `values[key]` alone finds
 * what every object inherits, too, e.g. for a host of the name `constructor`.
 */
export function ownValue<T>(values: Readonly<Record<string, T>>, key: string): T | undefined {
  return Object.hasOwn(values, key) ? values[key] : undefined
}
