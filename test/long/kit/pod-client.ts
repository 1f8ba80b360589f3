import { X509Certificate } from 'node:crypto'
import type { LocalHosts } from '../../../src/local/hosts.ts'

/** What a client has seen. */
export interface PodAsked {
  readonly requests: number
  /** What curl said of each request that was not answered. */
  readonly failed: readonly string[]
}

const folder = '/run/evcctl-test-pod'

// The files of a ServiceAccount as a pod of this node has them. The token is read each time, since it is renewed; the CA once, as
// most clients do.
const begin = `rm -rf ${folder}; mkdir -p ${folder}; cd ${folder}
account=$(ls -d /var/lib/kubelet/pods/*/volumes/kubernetes.io~projected/kube-api-access-* | head -n 1)
cp -L "$account/ca.crt" ca.crt
echo "$account" >account
kubectl --kubeconfig=/etc/kubernetes/kubelet.conf get --raw /version >/dev/null`

const loop = `cd ${folder}
read -r account <account
while [ ! -e stop ]; do
  if curl -q --silent --show-error --fail --max-time 10 --cacert ca.crt --header "Authorization: Bearer $(cat "$account/token")" \\
    https://10.96.0.1/version >/dev/null 2>said; then echo answered; else tr '\\n' ' ' <said; echo; fi >>requests
  sleep 0.2
done`

/**
 * Asks the API as a pod of a worker does, by its Service and with its ServiceAccount, each time over a connection of its own, and with the CA
 * that the pod was given when this began.
 */
export async function startPodClient(hosts: LocalHosts, worker: string) {
  const { exitCode, stderr } = await hosts.exec(worker, begin)
  if (exitCode !== 0) throw new Error(`No pod of ${worker} has a ServiceAccount: ${stderr}`)
  const running = hosts.exec(worker, loop)
  const asked = async (): Promise<PodAsked> => {
    const { stdout } = await hosts.exec(worker, `cat ${folder}/requests`)
    const requests = stdout.trim().split('\n')
    return { requests: requests.length, failed: requests.filter(line => line !== 'answered') }
  }
  return {
    /** What it has seen so far. */
    asked,
    async stop(): Promise<PodAsked> {
      await hosts.exec(worker, `touch ${folder}/stop`)
      await running
      return asked()
    },
  }
}

/** The fingerprints of the CAs in `ca.crt` of each of these nodes, in their order. */
export async function authoritiesOn(
  hosts: LocalHosts,
  nodes: readonly string[],
): Promise<readonly (readonly string[])[]> {
  const texts = await Promise.all(nodes.map(name => hosts.exec(name, 'cat /etc/kubernetes/pki/ca.crt')))
  return texts.map(({ stdout }) =>
    (stdout.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? []).map(
      pem => new X509Certificate(pem).fingerprint256,
    ),
  )
}
