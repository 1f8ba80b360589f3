import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import type { TestCluster } from './cluster.ts'

/** An etcd of one member that somebody else made by hand: no file of evcctl is on its host. */
export interface ExistingEtcd {
  readonly endpoint: string
  /** Starts it, or starts it again, with this server certificate. */
  start(certificate: 'server' | 'expired'): Promise<void>
  /** What etcdctl says on its host. Rejects when it fails. */
  ctl(command: string): Promise<string>
}

/** Files of a client in the cluster's folder, for spec.etcd.certificates: relative to cluster.yaml. */
export function clientFiles(kind: 'client' | 'expired' | 'other') {
  const ca = kind === 'other' ? 'other-ca' : 'ca'
  return { ca: `${ca}.crt`, cert: `${kind}-client.crt`, key: `${kind}-client.key` }
}

/** Makes a CA, certificates good, expired and of another CA, and puts etcd of the mirror on the host. */
export async function prepareExistingEtcd(cluster: TestCluster, host: string): Promise<ExistingEtcd> {
  const { address } = cluster.hosts.host(host)
  writeFileSync(join(cluster.folder, 'extensions'), `subjectAltName=IP:${address},IP:127.0.0.1\n`)
  execFileSync('sh', ['-ec', certificates], { cwd: cluster.folder, stdio: 'ignore' })
  const sh = async (command: string): Promise<string> => {
    const { exitCode, stdout, stderr } = await cluster.hosts.exec(host, command)
    if (exitCode !== 0) throw new Error(`${host}: ${command}: ${stderr}`)
    return stdout.trim()
  }
  const read = (name: string) => readFileSync(join(cluster.folder, name)).toString('base64')
  for (const name of ['ca.crt', 'server.crt', 'server.key', 'expired.crt', 'expired.key']) {
    await sh(`mkdir -p /opt/etcd && echo ${read(name)} | base64 -d >/opt/etcd/${name}`)
  }
  const archive = execFileSync('find', [cluster.mirror.folder, '-name', 'etcd-v3.6.*-linux-amd64.tar.gz'])
    .toString()
    .trim()
    .split('\n')[0]!
  await sh(
    `curl -sSf ${cluster.mirrorUrl}/${relative(cluster.mirror.folder, archive)} | tar -C /opt/etcd -xz --strip-components 1`,
  )
  const endpoint = `https://${address}:2379`
  return {
    endpoint,
    async start(certificate) {
      await sh(`systemctl stop by-hand 2>/dev/null; systemctl reset-failed by-hand 2>/dev/null
systemd-run --quiet --unit by-hand /opt/etcd/etcd --name by-hand --data-dir /opt/etcd/data \\
  --listen-client-urls ${endpoint},https://127.0.0.1:2379 --advertise-client-urls ${endpoint} --listen-peer-urls http://127.0.0.1:2380 \\
  --client-cert-auth --trusted-ca-file /opt/etcd/ca.crt --cert-file /opt/etcd/${certificate}.crt --key-file /opt/etcd/${certificate}.key
until curl -sk --max-time 2 ${endpoint}/health || [ $? = 56 ] || [ $? = 35 ]; do sleep 0.2; done; true`)
    },
    ctl: command =>
      sh(
        `/opt/etcd/etcdctl --endpoints https://127.0.0.1:2379 --cacert /opt/etcd/ca.crt --cert /opt/etcd/server.crt --key /opt/etcd/server.key ${command}`,
      ),
  }
}

// A negative number of days gives a certificate that has expired already.
const certificates = `new='-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes'
for ca in ca other-ca; do openssl req -x509 $new -keyout $ca.key -out $ca.crt -subj /CN=$ca -days 10; done
sign() {
  openssl req $new -keyout "$1.key" -out "$1.csr" -subj "/CN=$1"
  openssl x509 -req -in "$1.csr" -CA "$2.crt" -CAkey "$2.key" -set_serial "$4" -days "$3" -extfile extensions -out "$1.crt"
}
sign server ca 5 2
sign expired ca -1 3
sign client-client ca 5 4
sign expired-client ca -1 5
sign other-client other-ca 5 6`
