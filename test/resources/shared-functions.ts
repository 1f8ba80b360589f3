import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { gateFunction } from '../../src/resources/kubeadm/api-gate.ts'
import { beforeFunctions } from '../../src/resources/kubeadm/before.ts'
import { memberToGo } from '../../src/resources/kubeadm/marks.ts'
import { processFunction } from '../../src/resources/kubeadm/own-process.ts'
import { takeOutFunction } from '../../src/resources/kubeadm/swap-manifests.ts'
import { watchedFunction } from '../../src/resources/kubeadm/watch.ts'
import { kubeletFailureScript } from '../../src/resources/kubelet/evidence.ts'
import { cgroupFunction } from '../../src/shell/cgroup.ts'

/** Shell functions that the scripts around kubeadm have in common, by the name of their golden. */
const shared: Readonly<Record<string, string>> = {
  'kubelet-failure.sh': kubeletFailureScript,
  'kubeadm-watch.sh': watchedFunction,
  'kubeadm-before.sh': `${beforeFunctions}${memberToGo}`,
}

/** Shell functions that scripts may have several times, by the name of their golden; each may contain those after it. */
const repeated: Readonly<Record<string, string>> = {
  'api-gate.sh': gateFunction,
  'own-process.sh': processFunction,
  'in-cgroup.sh': cgroupFunction,
  'takes-out.sh': takeOutFunction,
}

/** A script without the functions that have goldens of their own, which are compared. */
export async function withoutRepeated(script: string): Promise<string> {
  const all = Object.entries(repeated)
  for (const [at, [name, functions]] of all.entries())
    await expect(withoutFunctions(functions, all.slice(at + 1))).toMatchFileSnapshot(`../goldens/resources/${name}`)
  return withoutFunctions(script)
}

/** A script with the names of goldens in place of the functions that they show, which may be indented. */
export function withoutFunctions(script: string, functions = Object.entries(repeated)): string {
  return functions.reduce((rest, [name, text]) => {
    const heading = `# functions of ${name}\n`
    const indented = text.replaceAll(/^(?=.)/gm, '  ')
    return rest.replaceAll(text, () => heading).replaceAll(indented, () => `  ${heading}`)
  }, script)
}

/**
 * Compares a script around kubeadm with its golden, and the functions in it with goldens of their own: each is there once.
 * `alike`: the golden of another script with nearly the same lines, which are left out.
 */
export async function expectGolden(script: string, golden: string, alike?: string): Promise<void> {
  let rest = script
  for (const [name, functions] of Object.entries(shared)) {
    expect(rest.split(functions)).toHaveLength(2)
    rest = rest.replace(functions, () => `# functions of ${name}\n`)
    await expect(functions).toMatchFileSnapshot(`../goldens/resources/${name}`)
  }
  const shown = alike === undefined ? rest : besides(rest, alike)
  await expect(shown).toMatchFileSnapshot(`../goldens/resources/${golden}`)
}

function besides(script: string, golden: string): string {
  const known = new Set(readFileSync(join(import.meta.dirname, '../goldens/resources', golden), 'utf8').split('\n'))
  const lines = script.trimEnd().split('\n')
  const shown = lines.flatMap((line, at) => {
    if (!known.has(line)) return [line]
    return at === 0 || !known.has(lines[at - 1] ?? '') ? ['…'] : []
  })
  // The count shows a line that is missing.
  return `# Of ${lines.length} lines those that ${golden} does not have:\n${shown.join('\n')}\n`
}
