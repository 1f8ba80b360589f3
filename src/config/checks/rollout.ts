import type { Check } from './check.ts'

/** Checks that each group of spec.rollout.groups has a worker: one without is a label that is misspelt, or a group too late. */
export const checkRollout: Check = (draft, report) => {
  if (!draft.sound('spec.rollout.groups') || !draft.sound('spec.hosts')) return
  const workers = draft.hosts
    .map(({ host }) => host)
    .filter(({ roles = [] }) => !roles.includes('control-plane') && roles.includes('worker'))
  const taken = new Set<object>()
  for (const [index, { labels }] of draft.sections.rollout.groups.entries()) {
    const wanted = Object.entries(labels)
    const found = workers.filter(worker => wanted.every(([key, value]) => worker.labels?.[key] === value))
    const left = found.filter(worker => !taken.has(worker))
    for (const worker of left) taken.add(worker)
    if (left.length > 0) continue
    const words = wanted.map(([key, value]) => `${key}=${value}`).join(', ')
    report({
      path: ['spec', 'rollout', 'groups', index, 'labels'],
      problem:
        found.length === 0
          ? `No worker has the labels ${words}.`
          : `All workers with the labels ${words} are in a group before this one.`,
      expected: 'a group of at least one worker',
      next:
        found.length === 0
          ? 'Give these labels to hosts, or remove the group.'
          : 'Put the group of fewer workers first.',
    })
  }
}
