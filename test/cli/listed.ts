/** A Node of the API, as far as status asks for it. */
export interface NodeGiven {
  readonly metadata: { readonly name: string; readonly labels?: Readonly<Record<string, string>> }
  readonly spec?: { readonly unschedulable?: boolean }
  readonly status?: {
    readonly conditions?: readonly ConditionGiven[]
    readonly addresses?: readonly { readonly type: string; readonly address: string }[]
    readonly nodeInfo?: Readonly<Record<string, string>>
  }
}

/** A Pod likewise. */
export interface PodGiven {
  readonly metadata: { readonly name: string; readonly deletionTimestamp?: string }
  readonly spec?: { readonly nodeName?: string; readonly hostNetwork?: boolean }
  readonly status?: {
    readonly phase?: string
    readonly podIP?: string
    readonly message?: string
    readonly conditions?: readonly ConditionGiven[]
    readonly containerStatuses?: readonly {
      readonly restartCount?: number
      readonly state?: { readonly waiting?: { readonly reason?: string } }
    }[]
  }
}

interface ConditionGiven {
  readonly type: string
  readonly status: string
  readonly message?: string | undefined
  readonly reason?: string
}

/** What kubectl prints of nodes by nodesTemplate. */
export function nodesListed(nodes: readonly NodeGiven[]): string {
  return printed(nodes, ({ metadata, spec, status }) => [
    line('name', metadata.name),
    ...Object.keys(metadata.labels ?? {})
      .filter(label => label.startsWith(rolePrefix))
      .sort()
      .map(label => line('role', label.slice(rolePrefix.length))),
    ...(spec?.unschedulable === true ? ['cordoned=yes'] : []),
    ...(status?.conditions ?? []).flatMap(({ type, status: is, message, reason }) => {
      if (type === 'Ready') return [is === 'True' ? 'ready=yes' : line('notReady', short(message))]
      return is === 'True' ? [line('pressed', type, short(message || reason))] : []
    }),
    ...(status?.addresses ?? []).flatMap(({ type, address }) =>
      type === 'InternalIP' ? [line('address', address)] : [],
    ),
    ...field('kubelet', status?.nodeInfo?.kubeletVersion),
    ...field('runtime', status?.nodeInfo?.containerRuntimeVersion),
    ...field('os', status?.nodeInfo?.osImage),
    ...field('architecture', status?.nodeInfo?.architecture),
  ])
}

/** What it prints of pods by podsTemplate. */
export function podsListed(pods: readonly PodGiven[]): string {
  return printed(pods, ({ metadata, spec, status }) => {
    const ready = status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True')
    if (metadata.deletionTimestamp !== undefined || status?.phase === 'Succeeded') return []
    if (ready !== true || status?.phase !== 'Running') return unwell({ metadata, spec, status })
    if ((status.podIP ?? '') === '' || spec?.hostNetwork === true) return []
    return [line('name', metadata.name), ...field('node', spec?.nodeName), ...field('address', status.podIP)]
  })
}

function unwell({ metadata, spec, status }: PodGiven): readonly string[] {
  return [
    line('name', metadata.name),
    ...field('node', spec?.nodeName),
    ...field('phase', status?.phase),
    ...field(
      'said',
      short(status?.message || status?.conditions?.find(one => one.status === 'False' && one.message)?.message),
    ),
    ...(status?.containerStatuses ?? []).map(({ restartCount = 0, state }) =>
      line('container', restartCount, state?.waiting?.reason ?? ''),
    ),
  ]
}

const rolePrefix = 'node-role.kubernetes.io/'

function printed<T>(items: readonly T[], linesOf: (item: T) => readonly string[]): string {
  return `kind=List\n${items.flatMap(linesOf).join('\n')}\n`
}

function field(key: string, value = ''): readonly string[] {
  return value === '' ? [] : [line(key, value)]
}

function short(text = ''): string {
  return [...text].slice(0, 1000).join('')
}

function line(key: string, ...words: readonly (string | number)[]): string {
  return `${key}=${words.map(word => queryWord(String(word))).join(' ')}`
}

function queryWord(text: string): string {
  return encodeURIComponent(text)
    .replaceAll('%20', '+')
    .replace(/[!'()*]/g, character => `%${character.charCodeAt(0).toString(16).toUpperCase()}`)
}
