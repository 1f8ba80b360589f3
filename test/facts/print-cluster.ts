import type { EndpointFacts, HostFacts, RemainsFacts } from '../../src/facts/index.ts'

const given = (lines: Readonly<Record<string, boolean>>): string =>
  Object.keys(lines)
    .filter(line => lines[line])
    .join('\n')

/** Like the script, it prints no control plane without admin.conf, nor after an interrupted run of kubeadm. */
export function printKubernetes(kubernetes: HostFacts['kubernetes'], remains?: RemainsFacts): string {
  const {
    kubeletConf,
    adminConf,
    controlPlane,
    apiServer,
    formerApiServer,
    etcdTag,
    etcdPlacedMs,
    kubelet,
    caRotation,
    crossCertificate,
  } = kubernetes
  return given({
    'kubelet.conf': kubeletConf,
    'admin.conf': adminConf,
    'control-plane': controlPlane && adminConf && remains?.begun !== true,
    [`apiServer=${apiServer}`]: apiServer !== undefined,
    [`formerApiServer=${formerApiServer}`]: formerApiServer !== undefined,
    [`etcdTag=${etcdTag}`]: etcdTag !== undefined,
    [`etcdPlaced=${(etcdPlacedMs ?? 0) / 1000}`]: etcdPlacedMs !== undefined,
    [`kubelet=${kubelet}`]: kubelet !== undefined,
    [`caRotation=${caRotation?.next}`]: caRotation !== undefined,
    caFilesApart: caRotation?.apart === true,
    trustsFormerCa: caRotation?.trustsFormer === true,
    crossCertificate: crossCertificate === true,
    nextCaKey: caRotation?.hasKey === true,
  })
}

export function printEtcd({ data, own, ca, client, unmounted = [] }: HostFacts['etcd']): string {
  const is = { creating: data === 'creating', formed: data === 'formed', own, ca, client }
  return [given(is), ...unmounted.map(place => `unmounted ${place}`)].join('\n')
}

export function printRemains(remains: RemainsFacts): string {
  const named = (kind: string, names: readonly string[]) => names.map(name => `${kind} ${name}`)
  const base64 = (text: string) => Buffer.from(text).toString('base64')
  return [
    ...(remains.begun ? ['begun kubeadm'] : []),
    ...named('cni', remains.cniFiles),
    ...named('kubernetes', remains.kubernetesFiles),
    ...remains.kubeletSettings.map(({ path, settings }) => `kubelet ${path} ${settings.join(' ')}`),
    ...remains.containerdFiles.map(({ path, content }) => `containerd ${path} ${base64(content)}`),
    ...named('cri-o', remains.criOFiles),
    ...named('distribution', remains.distributions),
    ...named('package', remains.packages),
    ...named('etcd', remains.etcdFiles),
    ...named('interface', remains.interfaces),
  ].join('\n')
}

const codes = { accepted: '0', refused: '1', failed: '1', 'timed out': '124' } as const

/** Without bash, nothing is known of the connection. Only an accepted connection is asked for a certificate. */
export function printEndpoint(found: EndpointFacts): string {
  const { addresses, connection, said, asked, certificate = '', clusterCa } = found
  const base64 = (text: string) => Buffer.from(text).toString('base64')
  return [
    ...addresses.map(address => `address=${address}`),
    ...(connection === 'not tried' ? [] : [`code=${codes[connection]}`, `said=${said}`]),
    ...(asked && connection === 'accepted' ? [`certificate=${base64(certificate)}`] : []),
    ...(clusterCa === undefined ? [] : [`ca=${base64(clusterCa)}`]),
  ].join('\n')
}
