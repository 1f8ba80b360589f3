interface PodGiven {
  readonly name?: string
  readonly node?: string
  readonly phase?: string
  readonly ready?: string
  readonly controller?: string
  readonly mirror?: string
  readonly deletion?: string
  readonly emptyDir?: string
  readonly labels?: Readonly<Record<string, string>>
}

/** A row of a pod in the namespace `shop`, as kubectl prints it. */
export function podRow(given: PodGiven): string {
  const { name = 'web-1', node = 'w1', phase = 'Running', ready = 'True', controller = 'ReplicaSet' } = given
  const { mirror = '', deletion = '', emptyDir = '', labels = { app: 'web' } } = given
  const labelText = JSON.stringify(labels)
  return [
    ...['Pod', 'shop', name, node, phase, ready, controller, mirror, deletion, emptyDir, labelText],
    ...['', '', '', '', ''],
  ].join('\t')
}

interface BudgetGiven {
  readonly namespace?: string
  readonly name?: string
  readonly allowed?: number
  readonly healthy?: number
  readonly needed?: number
  readonly policy?: string
  readonly selector?: object | undefined
}

/** A row of a PodDisruptionBudget, by default one for pods with the label app=web that allows none to go. */
export function budgetRow(given: BudgetGiven): string {
  const { namespace = 'shop', name = 'web', allowed = 0, healthy = 1, needed = 2, policy = '' } = given
  const selector = 'selector' in given ? given.selector : { matchLabels: { app: 'web' } }
  return [
    ...['PodDisruptionBudget', namespace, name, '', '', '', '', '', '', '', ''],
    ...[
      String(allowed),
      String(healthy),
      String(needed),
      policy,
      selector === undefined ? '' : JSON.stringify(selector),
    ],
  ].join('\t')
}
