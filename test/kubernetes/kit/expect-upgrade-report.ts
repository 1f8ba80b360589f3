import { expect } from 'vitest'
import type { PlanDocument } from '../../../src/report/plan-json.ts'
import { waitUntil } from './control-plane.ts'

/** A cluster with the PodDisruptionBudget `web`, which keeps one of its two pods. */
export interface ReportedCluster {
  kubectl(...args: string[]): Promise<string>
  planned(): Promise<PlanDocument>
}

/**
 * Expects that the plan of an upgrade has a report in which all is well, and that it names the pods that the budget holds when it
 * keeps both. The budget is then as before.
 */
export async function expectUpgradeReport(
  { kubectl, planned }: ReportedCluster,
  versions: { readonly from: string; readonly to: string },
): Promise<void> {
  const keep = async (pods: number) => {
    const patch = `{"spec":{"minAvailable":${pods}}}`
    await kubectl('patch', 'poddisruptionbudget', 'web', '--type=merge', '--patch', patch)
    const allowed = String(2 - pods)
    await waitUntil('the budget counts', async () => {
      return (await kubectl('get', 'pdb', 'web', '-o', 'jsonpath={.status.disruptionsAllowed}')) === allowed
    })
  }
  const { upgrade } = await planned()
  expect(upgrade).toMatchObject({ from: [versions.from], to: versions.to })
  expect(upgrade?.remarks.map(({ is, about }) => [about, is])).toEqual(
    ['nodes', 'APIs', 'etcd', 'drains', 'certificates'].map(about => [about, 'fine']),
  )
  await keep(2)
  const held = (await planned()).upgrade?.remarks.find(({ about }) => about === 'drains')
  expect(held).toMatchObject({
    is: 'warning',
    text: expect.stringMatching(/^w\d: PodDisruptionBudget default\/web: 0 allowed, keeps default\/web-/),
  })
  await keep(1)
}
