import { beginningOf } from './cut.ts'

/**
 * All bounds on what a host may send and on how long it may take. Sizes are in bytes, times in ms. Tests inject smaller ones.
 * A host in good order reaches none of them; each has an error of its own.
 *
 * Memory: during an exchange, evcctl keeps the output of its probes. Each probe may print as much as it asks for (by default
 * 256 KiB, and on stderr never more), and all together `answersBytes`. On each stream, evcctl also holds the one probe that it
 * is reading. At most `--parallel` (50) exchanges run at a time. So hostile hosts, however many there are, occupy at most 50
 * times `answersBytes`, and some 200 MiB (50 times `factsBytes`) while facts are read.
 */
export interface Limits {
  /** One marker line: a few words and numbers, with which the script on the host separates the outputs of its parts. */
  readonly markerBytes: number
  /** The most that any probe may print on a stream, whatever it asks for; most probes ask for less in `Probe.maxBytes`. */
  readonly probeBytes: number
  /** The facts of one host, which are kept and parsed as a whole. One route takes 128 bytes. */
  readonly factsBytes: number
  /** The output of all probes of an exchange together. */
  readonly answersBytes: number
  /** Everything that a host sends in one exchange, with the output of steps, of which only the end is kept. */
  readonly exchangeBytes: number
  /** Output on a stream before a script or command begins: a lecture of sudo, a banner, the output of a .bashrc. */
  readonly preludeBytes: number
  /** How long a probe may run unless it asks for more time. The host then ends it, and only its task fails. */
  readonly probeMs: number
  /** How long reading the facts of a host may take; `FactModule.timeoutMs` adds to it. */
  readonly factsMs: number
  /**
   * How much longer than the host itself evcctl waits for the end of a probe or step. It covers the network, a busy host, and
   * the time that the host needs to end what ran into its time-out.
   */
  readonly marginMs: number
  /**
   * evcctl checks an idle connection this often, and gives it up when nothing has arrived for three times as long. Three
   * times this value is less than `rootMs` and `marginMs` together. So evcctl notices a dead connection in time and opens
   * another one for work that has not begun, instead of giving up the host as silent.
   */
  readonly keepaliveMs: number
  /** Opening a channel and becoming root, for which the host may ask a directory server. */
  readonly rootMs: number
  /** sudo after it has the password: PAM waits some seconds after a wrong one, and may ask a directory server. */
  readonly sudoMs: number
  /**
   * How long hosts that are read wait for a host from which nothing arrives; they wait longer if what runs there may take
   * longer. The time counts once half of the hosts are done. It also bounds the hosts that keep the run lock, once enough
   * others do: all of them together for connecting, and then each for its answer.
   */
  readonly patienceMs: number
  /** How long hosts that are read wait for a slow host that still sends something, after the last of the others is done. */
  readonly patienceTotalMs: number
  /** The time before the first step, in which the host ends what an earlier run left: up to 7 s a process group. */
  readonly beginMs: number
  /** Writing one file. */
  readonly writeMs: number
  /** How long the transfer of a pushed file may stand still. */
  readonly pushStallMs: number
  /** A pushed file, in addition to its transfer at the slowest accepted rate; also its check on the host. */
  readonly pushMs: number
  /** The slowest rate at which a pushed file may be transferred, bytes a second. */
  readonly pushBytesPerSecond: number
}

/** The bounds in use, unless a test sets others. */
export const limits: Limits = {
  markerBytes: 256,
  probeBytes: 16 * 1024 * 1024,
  factsBytes: 4 * 1024 * 1024,
  answersBytes: 32 * 1024 * 1024,
  exchangeBytes: 256 * 1024 * 1024,
  preludeBytes: 256 * 1024,
  probeMs: 8_000,
  factsMs: 8_000,
  marginMs: 30_000,
  keepaliveMs: 12_000,
  rootMs: 8_000,
  sudoMs: 15_000,
  patienceMs: 10_000,
  patienceTotalMs: 30_000,
  beginMs: 60_000,
  writeMs: 30_000,
  pushStallMs: 60_000,
  pushMs: 120_000,
  pushBytesPerSecond: 16 * 1024,
}

/**
 * For a probe that asks one server, e.g. the API server or a container runtime, ms. curl and kubectl give up on their own
 * after 12 s, with a reason.
 */
export const askingProbeMs = 15_000

/** For a probe that asks several servers one after the other, or may have to hash large files, ms. */
export const longProbeMs = 30_000

/**
 * The most that a probe may print on a stream unless it names another bound, bytes. Configuration files and the output of a few
 * commands take some KiB. evcctl parses the output of a host in one go and hears no other host meanwhile, so the bound is low.
 */
export const usualProbeBytes = 256 * 1024

/** For a probe that reads many subjects at once, or firewall rules, of which other programs may have made many; bytes. */
export const surveyBytes = 4 * 1024 * 1024

/** For a probe that lists objects of the API, bytes: a node takes some 6 KiB. */
export const listBytes = 16 * 1024 * 1024

/**
 * The most that `evcctl status` reads of a list of the API, because each line takes many times its length in memory. A list with
 * more counts as damaged. Kubernetes itself is made for at most 5,000 nodes.
 */
export const mostListed = {
  nodes: 10_000,
  /** Those of kube-system that have a problem or an address of their own. */
  pods: 50_000,
  /** Lines of one object. A pod has one for each of its containers. */
  linesEach: 256,
  lines: 400_000,
  /** One line, characters: a message has at most 1000, each of which takes up to 12. */
  lineLength: 16 * 1024,
} as const

/**
 * The longest texts of a host that are parsed as YAML or JSON, characters. A parser of YAML takes some 3 s a MiB, in which no
 * other host is heard, and a probe may print far more than that: one text can be a small part of a long list. A longer text
 * counts as damaged.
 */
export const parsedLength = {
  /** One document of kubeadm, the kubelet or kube-proxy, or a manifest: they have some KiB. */
  document: 64 * 1024,
  /** What evcctl itself recorded as JSON: at most three such documents, with what JSON adds to them. */
  record: 256 * 1024,
  /** An administrator kubeconfig. kubeadm writes less than 6 KiB; a bundle of authorities may be larger. */
  kubeconfig: 256 * 1024,
} as const

/**
 * The most certificates that are read of one file of a host. A file of CAs has one, two while one replaces the other, and maybe those
 * above them. All are compared with each other, and no other host is heard meanwhile.
 */
export const mostAuthorities = 6

/**
 * For `evcctl status`, times in ms. With up to 64 hosts, it answers within 10 s whatever they do. A host that takes longer is
 * shown as one that does not answer, which does no harm.
 */
export const statusLimits = {
  /** Connecting to one host and logging in. */
  connectMs: 4_000,
  /** Waiting for the answer of a host that is connected. */
  answerMs: 3_500,
  /** How long a server on the host, e.g. its kubelet, may take to answer the host itself. */
  serverMs: 2_000,
  /** How long an API server may take for one list, e.g. of all nodes. */
  listMs: 4_000,
  /** Time that each host of the cluster file adds to `listMs`: kubectl reads whole objects, some 15 MB a second. */
  listMsPerHost: 2,
  /** The longest time for one list, however many hosts there are; askingProbeMs is longer. */
  longestListMs: 12_000,
  /** How long evcctl waits for the connection to a control plane node before it also asks the next one for the lists. */
  nextMs: 700,
  /** How long evcctl waits for the answer of a connected control plane node before it also asks the next one. */
  nextAnswerMs: 2_500,
  /** How many handshakes run at a time: so many that machines which are off do not delay the others. */
  handshakes: 64,
  /** The whole status, for each group of `handshakes` hosts. */
  totalMs: 8_000,
} as const

/** For a snapshot of etcd: its database has a quota of 2 GiB, and at most 8 GiB are recommended. */
export const snapshotLimits = {
  /** Taking one on a host, ms; longer than the script itself waits for another one, for etcd and for a copy. */
  takeMs: 5_700_000,
  /** The largest archive that is copied to this machine, bytes. */
  bytes: 16 * 1024 * 1024 * 1024,
} as const

/** For the rollout of a DaemonSet on all nodes. */
export const rolloutLimits = {
  /** How long the rollout makes no progress before nodes and pods are looked at one by one, s. */
  stillSeconds: 10,
  /** How long the rollout may make no progress, s. In this time one node has to pull its image and start its pod. */
  patienceSeconds: 300,
  /** A node that stops reporting within this time after its new pod was created may have failed because of that pod, s. */
  suspectSeconds: 300,
  /** The whole rollout, s, however good its progress is. */
  totalSeconds: 2 * 60 * 60,
} as const

/** For Helm. */
export const helmLimits = {
  /** How long a run of Helm that evcctl starts may take, ms. */
  runMs: 300_000,
  /**
   * How long after its beginning an operation of somebody else's Helm that has neither ended nor failed counts as abandoned,
   * s. Helm's own default time-out is 5 minutes.
   */
  abandonedSeconds: 600,
} as const

/** How much is kept of the end of a failed step's output, bytes a stream; also of each line that is shown while a step runs. */
export const tailBytes = 8 * 1024

/** How much of the output of a host or server one error message quotes at most, characters. */
export const quotedLength = 4_000

/** `text` as an error message quotes it: its beginning, and its length if the rest is left out. */
export function quoted(text: string): string {
  return text.length <= quotedLength ? text : `${beginningOf(text, quotedLength)} … (${text.length} characters)`
}

/** The largest file that a host downloads for evcctl, bytes. The largest known one, Cilium's images, has some 0.5 GB. */
export const downloadBytes = 8 * 1024 * 1024 * 1024

/** How much this machine takes of a release site or mirror, bytes. The largest known kubeadm has some 75 MB. */
export const releaseBytes = {
  /** A checksum file. */
  checksums: 1024 * 1024,
  /** A download without a published checksum: a chart, a manifest, cri-dockerd. */
  download: 64 * 1024 * 1024,
  kubeadm: 256 * 1024 * 1024,
} as const

/** A size as messages show it: `8 MiB`. */
export function sizeText(bytes: number): string {
  if (bytes < 1024) return `${bytes} bytes`
  return bytes < 1024 * 1024 ? `${bytes / 1024} KiB` : `${bytes / 1024 / 1024} MiB`
}

/** How much evcctl reads at most of a file of this machine, bytes. */
export const localFileBytes = {
  clusterFile: 8 * 1024 * 1024,
  /** Checksums and certificates that a cluster file names. */
  named: 8 * 1024 * 1024,
  /** A password or passphrase. */
  secret: 64 * 1024,
  /** A key or a certificate of OpenSSH. */
  key: 1024 * 1024,
  sshConfig: 4 * 1024 * 1024,
  /** Files of known hosts, and of revoked keys. */
  knownHosts: 64 * 1024 * 1024,
  kubeconfig: 16 * 1024 * 1024,
  /** A plan of 1,000 hosts takes some 15 MiB. */
  savedPlan: 128 * 1024 * 1024,
  /** evcctl's own run.json of a run. */
  journal: 1024 * 1024,
  /** evcctl's own record of the hosts of a cluster, which it makes from journals. */
  hostRecord: 32 * 1024 * 1024,
} as const

/**
 * For reading the journals of earlier runs, to find lost hosts. `bytes` is the most that is read of one journal; after so many
 * bytes in all, no further journal is begun. `partBytes` are read at a time.
 */
export const journalReading = { bytes: 128 * 1024 * 1024, partBytes: 1024 * 1024 } as const

/** How long evcctl waits for a pipe that holds a secret or the cluster file; see PipePatience. */
export const pipePatience = { emptyMs: 2_000, totalMs: 120_000 } as const
