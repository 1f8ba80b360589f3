/** Where a runtime keeps the images of Kubernetes, and how archives are loaded into it. */
interface Store {
  /** Folder of the images, for messages. */
  readonly folder: string
  /** The archive formats that the runtime can load, for messages. */
  readonly formats: string
  /** Prints the reference of each image, a line each; nothing when the runtime does not answer. */
  readonly list: string
  /** Prints names and sizes of images in transfer: the output changes while something is pulled. */
  readonly pulling: string
  /** Loads the archive \`$part\` and writes the references of its images to `nextRecord`, as `list` prints them. */
  load(sha256: string): string
}

/** Folder with one file for each archive, named by its sha256, with the references of its images, a line each. */
export const imagesFolder = '/var/lib/evcctl/images'
/** The record of an archive until it is completely loaded. */
export const nextRecord = `${imagesFolder}/.next`

// A runtime that hangs does not answer: commands that only look are ended, and loading has the time-out of its step.
const soon = 'timeout 10'
const ctr = '/usr/local/bin/ctr --namespace k8s.io images'
const crictl = '/usr/local/bin/crictl --runtime-endpoint unix:///run/crio/crio.sock'
// docker.io without docker-cli, as Debian 13 has it, serves its API all the same.
const docker = 'curl -q -sS --unix-socket /run/docker.sock'

const dockerSave = 'a tar of docker save'

/** The image stores, by runtime. */
export const imageStores = {
  containerd: {
    folder: '/var/lib/containerd',
    formats: `${dockerSave} or an OCI layout`,
    list: `${soon} ${ctr} list -q 2>/dev/null || :\n`,
    pulling: `${soon} /usr/local/bin/ctr --namespace k8s.io content active 2>/dev/null | awk '{ print $1, $2 }'\n`,
    // The label marks the images of this archive, so that neither its format nor the completion of references has to be
    // known here. --local: the transfer service wants every platform of an index, and is slower.
    load: sha256 => `${ctr} import --local --label evcctl.dev/archive=${sha256} "$part"
${ctr} list -q 'labels."evcctl.dev/archive"==${sha256}' >${nextRecord}
`,
  },
  'cri-o': {
    folder: '/var/lib/containers/storage',
    formats: dockerSave,
    list: `${soon} ${crictl} images 2>/dev/null | sed -n '2,$s/^\\([^ ]*\\)  *\\([^ ]*\\) .*/\\1:\\2/p' || :\n`,
    // Folder in which containers/image keeps layers during a transfer.
    pulling: 'ls -Rs /var/tmp/container_images_* 2>/dev/null || :\n',
    // CRI-O itself only pulls. It shares its storage with skopeo, which has to be given the names of the images, and which
    // interprets short names as Docker does.
    load: () => `full() {
  case $1 in
    */*) case \${1%%/*} in *.*|*:*|localhost) echo "$1";; *) echo "docker.io/$1";; esac;;
    *) echo "docker.io/library/$1";;
  esac
}
{ tar -xOf "$part" manifest.json 2>/dev/null | tr -d '\\n'; echo; } | sed 's/"RepoTags"/\\n&/g' |
  sed -n 's/^"RepoTags":[[:space:]]*\\[\\([^]]*\\)\\].*/\\1/p' | tr ',' '\\n' |
  sed -n 's/^[[:space:]]*"\\([^"]*\\)"[[:space:]]*$/\\1/p' >${nextRecord}.tags
: >${nextRecord}
while IFS= read -r tag; do
  skopeo --policy /etc/crio/policy.json copy --quiet "docker-archive:$part:$tag" "containers-storage:$(full "$tag")"
  full "$tag" >>${nextRecord}
done <${nextRecord}.tags
rm -f ${nextRecord}.tags
`,
  },
  docker: {
    folder: '/var/lib/docker',
    formats: `${dockerSave} (layers that are compressed with zstd need Docker 23 or newer)`,
    list: `${docker} --max-time 10 http://docker/images/json 2>/dev/null | sed 's/"RepoTags":/\\n&/g' |
  sed -n 's/^"RepoTags":\\[\\([^]]*\\)\\].*/\\1/p' | tr -d '"' | tr ',' '\\n' | grep . || :\n`,
    pulling: 'ls -s /var/lib/docker/tmp 2>/dev/null || :\n',
    load: () => `${docker} -H 'Content-Type: application/x-tar' -X POST -T "$part" 'http://docker/images/load?quiet=1' >${nextRecord}.said
if grep -q '"error"' ${nextRecord}.said || ! grep -q 'Loaded image' ${nextRecord}.said; then
  sed -n 's/.*"error":"\\([^"]*\\).*/\\1/p' ${nextRecord}.said >&2
  echo 'no images in the archive' >&2
  exit 1
fi
sed -n 's/.*"stream":"Loaded image: \\([^"\\\\]*\\).*/\\1/p' ${nextRecord}.said >${nextRecord}
rm -f ${nextRecord}.said
`,
  },
} as const satisfies Record<string, Store>

export type ImageStore = keyof typeof imageStores
