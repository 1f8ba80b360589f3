import type { Step } from '../../src/core/index.ts'
import { type ClusterDocuments, otherRecord } from '../../src/resources/kubeadm/cluster-record.ts'
import { changeMarks } from '../../src/resources/kubeadm/configuration-state.ts'
import { clusterRecord } from '../../src/resources/kubeadm/host-record.ts'
import {
  controlPlaneComponents,
  formerManifests,
  madeManifests,
  manifestFolder,
} from '../../src/resources/kubeadm/static-pods.ts'
import { kubeletConfigCopy, kubeletConfigPath, kubeletRecordPath } from '../../src/resources/kubelet/files.ts'
import { type Manifests, manifestsOf, storedText, type World, type WorldNode } from './kubeadm-world.ts'

/** Where a step runs, and with which documents in /etc/evcctl/kubeadm.yaml. */
export interface Place {
  readonly world: World
  readonly node: WorldNode
  readonly documents: ClusterDocuments
}

/** A step, or a command in it, did not succeed. */
export class StepFails extends Error {}

/** One command of a script that changes something. Throws StepFails. */
type Action = (place: Place) => void

interface Command {
  readonly at: number
  readonly length: number
  readonly actions: readonly Action[]
}

const mark = changeMarks['control plane']
const text = (path: string) => path.replace(/[.$/]/g, '\\$&')

// In the order of the components, whichever was away.
function withManifest(manifests: Manifests, name: string, manifest: string): Manifests {
  const all: Manifests = { ...manifests, [name]: manifest }
  return Object.fromEntries(controlPlaneComponents.flatMap(one => (all[one] === undefined ? [] : [[one, all[one]]])))
}

const putBack: readonly Action[] = controlPlaneComponents.map(name => ({ node }) => {
  const former = node.former?.[name]
  if (former !== undefined) node.manifests = withManifest(node.manifests, name, former)
})

const takeAway: readonly Action[] = controlPlaneComponents.map(name => ({ node }) => {
  const { [name]: _gone, ...others } = node.manifests
  if (node.former?.[name] === undefined) node.manifests = others
})

const forget: Action = ({ node }) => void Object.assign(node, { isMarked: false, former: undefined })

/** A command as it is written → what it does, one at a time. */
const commands: readonly (readonly [RegExp, (...found: string[]) => readonly Action[]])[] = [
  [
    new RegExp(`^ *rm -f ${text(mark)}$`, 'gm'),
    () => [
      ({ node }) => {
        node.isMarked = false
      },
    ],
  ],
  [new RegExp(`^ *rm -rf ${text(formerManifests)}$`, 'gm'), () => [forget]],
  [
    /cp -p "\$manifests\/\$component\.yaml" "\$backup\/"/g,
    () => [
      ({ node }) => {
        node.former = node.manifests
      },
    ],
  ],
  [
    new RegExp(`^: >${text(mark)}$`, 'gm'),
    () => [
      ({ node }) => {
        node.isMarked = true
      },
    ],
  ],
  [new RegExp(`mv -fT "\\$next" ${text(manifestFolder)}/`, 'g'), () => putBack],
  [new RegExp(`rm -f ${text(manifestFolder)}/"\\$component\\.yaml"`, 'g'), () => takeAway],
  [/kubeadm init phase control-plane all/g, () => []],
  [
    /^takes_out \$changed$/gm,
    () =>
      controlPlaneComponents.map(name => ({ node, documents }) => {
        const { [name]: former, ...others } = node.manifests
        if (former !== manifestsOf(documents.cluster)[name]) node.manifests = others
      }),
  ],
  [
    /^puts_in \$changed$/gm,
    () =>
      controlPlaneComponents.map(name => ({ node, documents }) => {
        node.manifests = withManifest(node.manifests, name, manifestsOf(documents.cluster)[name]!)
      }),
  ],
  [
    new RegExp(`mv -fT ${text(madeManifests)}\\.new`, 'g'),
    () => [
      ({ node }) => {
        node.noted = node.manifests
      },
    ],
  ],
  [
    /apply --server-side .*--field-manager=\S+ -f - <<'EVCCTL_EOF'\n(.*)\nEVCCTL_EOF/g,
    (_all, object = '') => [
      ({ world }) => {
        world.kept = { ...world.kept, ...(JSON.parse(object) as { data: Record<string, string> }).data }
      },
    ],
  ],
  [
    /patch configmap evcctl --type=merge --patch '\{"data":\{"(\w+)":null\}\}'/g,
    (_all, field = '') => [
      ({ world }) => {
        if (world.kept === undefined) throw new StepFails('no ConfigMap evcctl')
        const { [field]: _gone, ...kept } = world.kept
        world.kept = kept
      },
    ],
  ],
  [
    new RegExp(`echo '${otherRecord}'`, 'g'),
    () => [
      ({ world, node }) => {
        const { begun, documents } = world.kept ?? {}
        if (begun !== undefined || (documents !== undefined && documents !== node.record?.trim()))
          throw new StepFails(otherRecord)
      },
    ],
  ],
  ...(['kubeadm', 'kubelet'] as const).map(
    part =>
      [
        new RegExp(`kubeadm init phase upload-config ${part} `, 'g'),
        (): readonly Action[] => {
          const key = part === 'kubeadm' ? 'cluster' : 'kubelet'
          return [
            ({ world, documents }) => {
              world.maps[key] = storedText(key, documents[key])
            },
          ]
        },
      ] as const,
  ),
  [
    /kubeadm init phase addon kube-proxy/g,
    () => [
      ({ world, documents }) => {
        const text = storedText('kubeProxy', documents.kubeProxy ?? {})
        world.maps.kubeProxy = text
        world.proxyRuns ??= text
      },
    ],
  ],
  [
    /rollout restart daemonset kube-proxy/g,
    () => [
      ({ world }) => {
        if (world.proxyRuns === undefined) throw new StepFails('no DaemonSet kube-proxy')
        world.proxyRuns = world.maps.kubeProxy
      },
    ],
  ],
  // It writes to a copy, which takes the place of the file.
  [/kubeadm upgrade node phase kubelet-config/g, () => []],
  [
    new RegExp(`mv -fT ${text(`${kubeletConfigPath}.evcctl`)} ${text(kubeletConfigPath)}`, 'g'),
    () => [
      ({ world, node }) => {
        node.kubelet = world.maps.kubelet!
      },
    ],
  ],
  [
    new RegExp(`mv -fT ${text(kubeletConfigCopy)}\\.next`, 'g'),
    () => [
      ({ node }) => {
        node.kubeletCopy = node.kubelet
      },
    ],
  ],
]

// What a script does only where there is a mark.
const onlyMarked = new RegExp(`if \\[ -e ${text(mark)} \\]; then\\n[\\s\\S]*?\\nfi\\n`, 'g')
// Where a script waits for components. If one does not come up, all get their former manifests back, and it fails.
const waits = /^for component in \$changed; do comes_up "\$component"; done$/m
// What functions do is done where they are called.
const functions = /^(?:takes_out|puts_in|put_back|comes_up)\(\) \{\n[\s\S]*?\n\}\n/gm

const understood = new Map<string, (isUp: boolean) => readonly Action[]>()

/** What a script does, in order. Throws where it has a command for the cluster that is none of the above. */
function actionsOf(whole: string): (isUp: boolean) => readonly Action[] {
  const known = understood.get(whole)
  if (known !== undefined) return known
  const script = whole.replaceAll(functions, '')
  const found: Command[] = commands.flatMap(([pattern, of]) =>
    [...script.matchAll(pattern)].map(match => ({ at: match.index, length: match[0].length, actions: of(...match) })),
  )
  const rest = found.reduce(
    (left, { at, length }) => left.slice(0, at) + ' '.repeat(length) + left.slice(at + length),
    script,
  )
  const missed = /kubeadm (?:init|upgrade) |apply --server-side|patch configmap|rollout restart/.exec(rest)
  if (missed !== null) throw new Error(`This is not understood: ${rest.slice(missed.index, missed.index + 200)}`)
  const within = (pattern: RegExp) =>
    [...script.matchAll(pattern)].map(match => [match.index, match.index + match[0].length])
  const marked = within(onlyMarked)
  const end = waits.exec(script)?.index
  const isIn = (ranges: readonly (readonly number[])[], at: number) =>
    ranges.some(([from, to]) => at >= from! && at < to!)
  const sorted = found.toSorted((one, other) => one.at - other.at)
  const result = (isUp: boolean): readonly Action[] => {
    let wasMarked = false
    const enter: Action = ({ node }) => {
      wasMarked = node.isMarked
    }
    const unless = (at: number, action: Action): Action =>
      isIn(marked, at) ? place => (wasMarked ? action(place) : undefined) : action
    const isDone = isUp || end === undefined
    return [
      enter,
      ...sorted
        .filter(({ at }) => isDone || at < end)
        .flatMap(({ at, actions }) => actions.map(action => unless(at, action))),
      ...(isDone ? [] : [...putBack, ...takeAway, forget, fails]),
    ]
  }
  understood.set(whole, result)
  return result
}

const fails: Action = () => {
  throw new StepFails('does not come up with its new arguments')
}

const files: Readonly<Record<string, 'record' | 'kubeletRecord'>> = {
  [clusterRecord({ cluster: {}, kubelet: {}, kubeProxy: undefined }).path]: 'record',
  [kubeletRecordPath]: 'kubeletRecord',
}

/** What a step does, one action at a time. `isUp`: whether static pods come up with what they are made with. */
export function actionsIn(step: Step, isUp: boolean): readonly Action[] {
  if ('run' in step) return actionsOf(step.run)(isUp)
  if ('until' in step) return [() => undefined]
  if (!('write' in step)) throw new Error('This step is not understood')
  const file = files[step.write]
  if (file === undefined) throw new Error(`${step.write} is not understood`)
  return [
    ({ node }) => {
      node[file] = String(step.content)
    },
  ]
}
