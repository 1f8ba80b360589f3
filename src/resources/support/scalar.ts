/**
 * Whether two scalars mean the same to Kubernetes: equal, or the same duration (`1m`, `1m0s`; Go's time.ParseDuration)
 * or the same quantity (`1Gi`, `1024Mi`, `0.5`, `500m`; k8s.io/apimachinery/pkg/api/resource).
 */
export function sameScalar(a: unknown, b: unknown): boolean {
  if (a === b) return true
  if (!isText(a) || !isText(b)) return false
  // Texts without a unit are compared as texts: a label 1.10 is not 1.1.
  if (typeof a === typeof b && !hasUnit(a) && !hasUnit(b)) return false
  return sameNumber(durationOf(String(a)), durationOf(String(b))) || sameNumber(quantityOf(a), quantityOf(b))
}

function isText(value: unknown): value is string | number {
  return typeof value === 'string' || typeof value === 'number'
}

function hasUnit(value: string | number): boolean {
  return /\d\D+$/.test(String(value))
}

function sameNumber(a: number | undefined, b: number | undefined): boolean {
  return a !== undefined && b !== undefined && Math.abs(a - b) <= Math.abs(a) * 1e-12
}

// Nanoseconds of each unit.
const durationUnits: Readonly<Record<string, number>> = {
  ns: 1,
  us: 1e3,
  µs: 1e3,
  ms: 1e6,
  s: 1e9,
  m: 60e9,
  h: 3600e9,
}

function durationOf(text: string): number | undefined {
  if (!/^-?(\d+(\.\d+)?(ns|us|µs|ms|s|m|h))+$/.test(text)) return text === '0' ? 0 : undefined
  const sign = text.startsWith('-') ? -1 : 1
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)/g)]
  return sign * parts.reduce((sum, [, count, unit]) => sum + Number(count) * durationUnits[unit!]!, 0)
}

const quantityUnits: Readonly<Record<string, number>> = {
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
  '': 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
}

function quantityOf(value: string | number): number | undefined {
  const match = /^([+-]?\d+(?:\.\d*)?)(n|u|m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei)?$/.exec(String(value))
  return match === null ? undefined : Number(match[1]) * quantityUnits[match[2] ?? '']!
}
