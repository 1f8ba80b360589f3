import type { DistributionFacts } from '../../facts/index.ts'
import { artifactsFolder } from '../artifacts/index.ts'
import { kubeletClientPath } from '../kubelet/index.ts'
import { rotationFiles } from './rotated-ca.ts'
import { nextKeyFunction } from './rotation-folder.ts'
import { formerManifests, formerMark, hasApiServer, manifestFolder } from './static-pods.ts'
import { kubeadmUnfinished } from './unfinished.ts'

const folder = '/etc/kubernetes/'

/** What a host is asked to find out whether kubeadm has made a node of it, or has begun to. */
export const kubeadmFacts: DistributionFacts = {
  maker: 'kubeadm',
  node: `for name in kubelet admin; do [ ! -e "/etc/kubernetes/$name.conf" ] || echo "$name.conf"; done
if [ -s /etc/kubernetes/admin.conf ] && ${hasApiServer} && ! { ${kubeadmUnfinished}; }; then
  echo control-plane
  if [ -s ${rotationFiles.formerCertificate} ]; then
    next=$(sha256sum <${rotationFiles.nextCertificate})
    echo "caRotation=\${next%% *}"
    [ ! -s ${rotationFiles.signing} ] || echo caFilesApart
    former=$(sed -n '/^-----BEGIN/,/^-----END/{/^-----/!p;}' ${rotationFiles.formerCertificate} | tr -d '[:space:]')
    case $(tr -d '[:space:]' </etc/kubernetes/pki/ca.crt) in *"$former"*) echo trustsFormerCa ;; esac
    ${nextKeyFunction.trimEnd().replaceAll('\n', '\n    ')}
    ! next_key >/dev/null || echo nextCaKey
  fi
  [ ! -s ${rotationFiles.cross} ] || echo crossCertificate
fi
[ ! -s ${manifestFolder}/kube-apiserver.yaml ] ||
  sed -n 's|^ *image: .*/kube-apiserver:v|apiServer=|p' ${manifestFolder}/kube-apiserver.yaml
[ ! -e ${formerMark} ] ||
  sed -n 's|^ *image: .*/kube-apiserver:v|formerApiServer=|p' ${formerManifests}/kube-apiserver.yaml 2>/dev/null || :
etcd=${manifestFolder}/etcd.yaml
[ ! -e ${formerMark} ] || etcd=${formerManifests}/etcd.yaml
[ ! -s "$etcd" ] || sed -n 's|^ *image: .*/etcd:|etcdTag=|p' "$etcd"
if placed=$(stat -c %Z ${manifestFolder}/etcd.yaml 2>/dev/null); then echo "etcdPlaced=$(( $(date +%s) - placed ))"; fi
[ ! -s ${artifactsFolder}/kubelet ] || { read -r version <${artifactsFolder}/kubelet; echo "kubelet=\${version#version=}"; }
`,
  unfinished: kubeadmUnfinished,
  folder,
  files: `${folder}*.conf ${folder}pki/*.crt ${folder}pki/*.key ${folder}pki/*.pub \\
  ${folder}pki/etcd/*.crt ${folder}pki/etcd/*.key ${folder}pki/ca-rotation*/* ${folder}manifests/*`,
  certificates: [
    ...[
      'pki/*.crt',
      'pki/etcd/*.crt',
      'admin.conf',
      'super-admin.conf',
      'controller-manager.conf',
      'scheduler.conf',
    ].map(name => `${folder}${name}`),
    rotationFiles.cross,
    kubeletClientPath,
  ],
}
