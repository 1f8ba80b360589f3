import { expect, test } from 'vitest'
import { explainKubeadm } from '../../src/resources/kubeadm/failure.ts'
import { etcdStays } from '../../src/resources/kubeadm/newer-etcd.ts'
import { kubeletMark } from '../../src/resources/kubelet/evidence.ts'

const explain = (stderr: string, exitCode = 1, run = 'kubeadm init --config a') =>
  explainKubeadm({ step: 0, exitCode, stdout: '', stderr }, { run })

test.each<[string, string, object]>([
  [
    'a preflight check',
    'error execution phase preflight: [preflight] Some fatal errors occurred:\n\t[ERROR NumCPU]: the number of available CPUs 1 is less than the required 2\n\t[ERROR Mem]: the system RAM (900 MB) is less than the minimum 1700 MB\n[preflight] If you know what you are doing\n',
    {
      problem: 'kubeadm init refuses this host.',
      actual:
        'NumCPU: the number of available CPUs 1 is less than the required 2\nMem: the system RAM (900 MB) is less than the minimum 1700 MB',
      next: expect.stringContaining('spec.kubernetes.ignorePreflightErrors: [NumCPU, Mem]'),
    },
  ],
  [
    'a port that is taken',
    '\t[ERROR Port-6443]: Port 6443 is in use\n',
    { next: "See what uses it on the host: ss -ltnp 'sport = :6443'" },
  ],
  [
    'an image that cannot be pulled',
    '\t[ERROR ImagePull]: failed to pull image registry.k8s.io/pause:3.10.2: dial tcp: lookup registry.k8s.io: no such host\n',
    { next: expect.stringContaining('spec.images.archives') },
  ],
  [
    'a kubelet that does not come up, with what it said',
    `error execution phase kubelet-start: the HTTP call equal to 'curl' returned error: the kubelet is not healthy after 4m0s\n${kubeletMark}E1121 "command failed" err="unknown flag: --bogus"\n`,
    {
      problem: 'The kubelet does not become healthy during kubeadm init.',
      actual: expect.stringContaining('unknown flag: --bogus'),
    },
  ],
  [
    'an API server that does not come up, with what it said',
    `error execution phase wait-control-plane: failed while waiting for the control plane to start: [kube-apiserver check failed]\n${kubeletMark}kube-apiserver:\nError: unknown flag: --bogus\n`,
    { problem: 'The control plane does not start.', actual: expect.stringContaining('Error: unknown flag: --bogus') },
  ],
  [
    'a name that another machine has',
    'error execution phase kubelet-start: a Node with name "w1" and status "Ready" already exists in the cluster. You must delete\n',
    { problem: 'Another machine with this node name is in the cluster already, and it is Ready.' },
  ],
  ['anything else', 'error: something new\n', { problem: 'kubeadm init failed.', actual: 'error: something new' }],
])('%s is explained', (_what, stderr, details) => {
  expect(explain(stderr)).toMatchObject(details)
})

test('what the static pods have after a change that failed is told as it is', () => {
  const said = 'kube-apiserver does not come up with its new arguments; the old ones were put back\n'
  expect(explain(said)?.problem).toMatch(/it runs with its former settings again\.$/)
  expect(explain(`${said}${etcdStays}\n`)?.problem).toMatch(/have their former settings again, etcd its new version\.$/)
})

test('a time-out is called one', () => {
  expect(explain('[wait-control-plane] Waiting\n', 124)?.problem).toBe('kubeadm init took too long and was ended.')
})

test('what fails is called by its name', () => {
  const pull = 'for image in $(kubeadm config images list --config a); do kubeadm config images pull --config a; done'
  expect(explain('dial tcp: no such host\n', 1, pull)?.problem).toBe('kubeadm config images failed.')
  expect(explain('', 124, 'kubeadm init phase upload-config kubelet --config a')?.problem).toContain('init phase')
})
