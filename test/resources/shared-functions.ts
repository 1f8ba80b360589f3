import { expect } from 'vitest'
import { beforeFunctions } from '../../src/resources/kubeadm/before.ts'
import { memberToGo } from '../../src/resources/kubeadm/marks.ts'
import { watchedFunction } from '../../src/resources/kubeadm/watch.ts'
import { kubeletFailureScript } from '../../src/resources/kubelet/evidence.ts'

/** Shell functions that the scripts around kubeadm have in common, by the name of their golden. */
const shared: Readonly<Record<string, string>> = {
  'kubelet-failure.sh': kubeletFailureScript,
  'kubeadm-watch.sh': watchedFunction,
  'kubeadm-before.sh': `${beforeFunctions}${memberToGo}`,
}

/** Compares a script around kubeadm with its golden, and the functions in it with goldens of their own: each is there once. */
export async function expectGolden(script: string, golden: string): Promise<void> {
  let rest = script
  for (const [name, functions] of Object.entries(shared)) {
    expect(rest.split(functions)).toHaveLength(2)
    rest = rest.replace(functions, () => `# functions of ${name}\n`)
    await expect(functions).toMatchFileSnapshot(`../goldens/resources/${name}`)
  }
  await expect(rest).toMatchFileSnapshot(`../goldens/resources/${golden}`)
}
