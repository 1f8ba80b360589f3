import { type Path, valueAt } from '../finding.ts'
import type { Check } from './check.ts'

const path: Path = ['spec', 'kubernetes', 'kubeletConfiguration']

/**
 * Checks policies with which the kubelet starts on no host unless resources are reserved for the system.
 * https://kubernetes.io/docs/tasks/administer-cluster/cpu-management-policies/ ("the static policy … requires … a CPU
 * reservation greater than zero") and .../memory-manager/ ("Reserved memory flag").
 */
export const checkKubeletPolicies: Check = (draft, report) => {
  const { kubeletConfiguration: kubelet } = draft.sections.kubernetes
  if (!draft.sound('spec.kubernetes.kubeletConfiguration')) return
  const at = (...keys: string[]) => valueAt(kubelet, keys)
  const shares = [at('systemReserved', 'cpu'), at('kubeReserved', 'cpu')]
  const hasNoCPU = !at('reservedSystemCPUs') && shares.every(share => !share || /^0+(\.0*)?m?$/.test(String(share)))
  if (at('cpuManagerPolicy') === 'static' && hasNoCPU) {
    report({
      path: [...path, 'cpuManagerPolicy'],
      problem: 'The kubelet does not start with cpuManagerPolicy static and no CPU reserved for the system.',
      expected: 'reservedSystemCPUs, or cpu in systemReserved or kubeReserved, beside it',
      next: 'For example reservedSystemCPUs: "0"',
    })
  }
  const reserved = at('reservedMemory')
  if (at('memoryManagerPolicy') === 'Static' && (!Array.isArray(reserved) || reserved.length === 0)) {
    report({
      path: [...path, 'memoryManagerPolicy'],
      problem: 'The kubelet does not start with memoryManagerPolicy Static and no reservedMemory.',
      expected: 'reservedMemory with as much as systemReserved, kubeReserved and evictionHard take together',
      next: 'For example reservedMemory: [{ numaNode: 0, limits: { memory: 612Mi } }] with systemReserved: { memory: 512Mi }',
    })
  }
}
