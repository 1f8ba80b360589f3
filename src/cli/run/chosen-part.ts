import { controlPlanePart } from '../../../playbooks/control-plane-part.ts'
import type { HostSpec } from '../../config/index.ts'
import { type TaskId, titleOf, UserError } from '../../core/index.ts'
import { firstOf } from '../../core/shown.ts'
import { type Evaluation, judgeWith } from '../../engine/index.ts'
import { count } from '../../report/index.ts'
import { applyCommand } from './apply-command.ts'
import type { ClusterRun } from './cluster-run.ts'

/**
 * The part of an evaluation that `--only` chooses. Of the control plane alone, a note says what is left. Workers come when the
 * control plane is as the file says, because no kubelet may be newer than an API server: then all that is left is theirs. Throws
 * UserError if it is not.
 */
export function chosenPart(
  { spec, only, run }: Pick<ClusterRun, 'spec' | 'only' | 'run'>,
  all: Evaluation,
): Evaluation {
  if (only === undefined) return all
  const hosts: readonly HostSpec[] = [...spec.hosts, ...spec.leaving]
  const silent = { ...run, emit: () => {} }
  const part = judgeWith(controlPlanePart(all.graph, hosts), all, only === 'workers' ? silent : run)
  if (part === undefined) throw new RangeError('A part of the graph has a task that the whole has not')
  if (only === 'control-plane') {
    const text = leftOver(all, part, spec.file)
    if (text !== undefined) run.emit({ type: 'note', text })
    return part
  }
  const open = [...changing(part), ...part.errors.keys()]
  if (open.length > 0) throw notDone(part, open, spec.file)
  return all
}

function changing({ plan }: Evaluation): readonly TaskId[] {
  return [...plan.verdicts].flatMap(([id, { is }]) => (is === 'in desired state' ? [] : [id]))
}

function leftOver(all: Evaluation, part: Evaluation, file: string): string | undefined {
  const left = changing(all).filter(id => !part.graph.tasks.has(id))
  if (left.length === 0) return undefined
  const hosts = new Set(left.map(id => all.graph.tasks.get(id)!.host))
  const next = applyCommand({ file, only: 'workers' })
  return `Left for later: ${count(left.length, 'change')} on ${firstOf([...hosts], 5).join(', ')}. Then: ${next}`
}

function notDone({ graph }: Evaluation, open: readonly TaskId[], file: string): UserError {
  const names = open.map(id => {
    const task = graph.tasks.get(id)!
    return `${task.host} ${titleOf(task)}`
  })
  return new UserError({
    where: '--only workers',
    problem:
      'The control plane is not as the file says, and workers follow it: no kubelet may be newer than an API server.',
    expected: 'nothing to change on the control plane',
    actual: firstOf(names, 5).join(', '),
    next: applyCommand({ file, only: 'control-plane' }),
  })
}
