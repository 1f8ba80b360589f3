import { ownValue } from '../../core/own-value.ts'

/** Labels of an object. */
export type Labels = Readonly<Record<string, unknown>>

/**
 * Whether a label selector (metav1.LabelSelector, as parsed JSON) matches these labels. An empty selector matches everything
 * and a missing one nothing, as for PodDisruptionBudgets of policy/v1. An operator that evcctl does not know matches: what may
 * block is named rather than left out.
 */
export function selects(selector: unknown, labels: Labels): boolean {
  if (!isMapping(selector)) return false
  const { matchLabels, matchExpressions } = selector
  const equal = Object.entries(isMapping(matchLabels) ? matchLabels : {})
  if (!equal.every(([key, value]) => ownValue(labels, key) === value)) return false
  return (Array.isArray(matchExpressions) ? matchExpressions : []).every(one => holds(one, labels))
}

function holds(expression: unknown, labels: Labels): boolean {
  if (!isMapping(expression)) return true
  const value = ownValue(labels, String(expression.key))
  const values: readonly unknown[] = Array.isArray(expression.values) ? expression.values : []
  switch (expression.operator) {
    case 'In':
      return value !== undefined && values.includes(value)
    case 'NotIn':
      return value === undefined || !values.includes(value)
    case 'Exists':
      return value !== undefined
    case 'DoesNotExist':
      return value === undefined
    default:
      return true
  }
}

/** Whether a parsed value is a mapping. */
export function isMapping(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
